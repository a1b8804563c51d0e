import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LogModel, type Action } from './support/log-model.ts'

const length = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 60 }) }, { weight: 1, arbitrary: fc.integer({ min: 900, max: 8000 }) })
const calm: fc.Arbitrary<Action>[] = [
  fc.record({ do: fc.constant('write' as const), lines: fc.integer({ min: 1, max: 6 }), length }),
  fc.record({ do: fc.constant('begin a line' as const), length }),
  fc.record({ do: fc.constant('linger' as const), lines: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('rename' as const), create: fc.boolean(), style: fc.constantFrom('number' as const, 'date' as const) }),
  fc.constant({ do: 'copytruncate' }), fc.constant({ do: 'create' }), fc.constant({ do: 'delete' }),
]
const look: fc.Arbitrary<Action> = fc.constantFrom({ do: 'look' } as const, { do: 'look' } as const, { do: 'pause', seconds: 3 } as const, { do: 'pause', seconds: 12 } as const)
const restart: fc.Arbitrary<Action> = fc.record({ do: fc.constant('restart' as const), meanwhile: fc.array(fc.oneof(...calm), { maxLength: 5 }) })
const actions = fc.array(fc.oneof(
  ...calm.map((arbitrary) => ({ weight: 2, arbitrary })), { weight: 8, arbitrary: look }, { weight: 1, arbitrary: restart },
  { weight: 4, arbitrary: calm[0]! },
), { maxLength: 30 })

/** `isThere`: the log, when the follower comes. */
async function play(list: readonly Action[], isThere: boolean): Promise<void> {
  const model = new LogModel()
  try {
    if (isThere) await model.create()
    await model.start()
    for (const action of list) await model.act(action)
    await model.look()
    await model.look()
    expectAll(model)
  } finally {
    model.end()
  }
}

function expectAll(model: LogModel): void {
  for (const { id, lines, rest, isDeleted } of model.expected()) {
    const written = rest === '' ? lines : lines.slice(0, -1)
    const read = model.read.filter((line) => line.split(' ')[1]?.startsWith(`${id}.`))
    if (isDeleted) expect(written).toEqual(expect.arrayContaining(read))
    else expect(read).toEqual(written)
  }
  const all = new Set(model.expected().flatMap(({ lines }) => lines))
  expect(new Set(model.read).size).toBe(model.read.length)
  expect(model.read.filter((line) => !all.has(line))).toEqual([])
  // Of a line torn by copytruncate before a restart only the end is read again.
  const ends = [...all].map((line) => line.slice(-12))
  expect(model.again.filter((line) => !all.has(line) && !ends.some((end) => end.endsWith(line.slice(-12))))).toEqual([])
}

describe('a log that is followed', () => {
  it('is handed on line by line, each once, in the order of its writer, whatever is done to it', async () => {
    await fc.assert(fc.asyncProperty(actions, fc.boolean(), play), { numRuns: Number(process.env['RUNS'] ?? 1000) })
  }, 1_200_000)
})
