import { expect, it } from 'vitest'
import type { Command, Ran } from '../src/firewalls/run.ts'
import { Hooks } from '../src/daemon/hooks.ts'
import type { LogEvent } from '../src/log/event.ts'
import { eventually } from './support/eventually.ts'

const event = (name: string, facts: LogEvent['facts'] = {}): LogEvent => ({ level: 'warn', event: name, text: 'what happened', facts })
const ENDED: Ran = { code: 0, stdout: '', stderr: '', timedOut: false }

/** Hooks whose command is run by a model that ends when told to. */
function model(command: readonly string[] | null = ['/bin/tell', '-x']) {
  const [commands, told]: [Command[], LogEvent[]] = [[], []]
  const ends: ((ran: Ran) => void)[] = []
  const run = (one: Command): Promise<Ran> => {
    commands.push(one)
    return new Promise((resolve) => ends.push(resolve))
  }
  return { hooks: new Hooks({ run, told: (one) => told.push(one), command: () => command ?? undefined }), commands, told, end: (ran = ENDED) => ends.shift()?.(ran) }
}

it('are told what was parsed, and nothing that a stranger wrote', () => {
  const { hooks, commands } = model()
  hooks.offer(event('failure', { rule: 'ssh', address: '192.0.2.1', step: 2, steps: 3, expected: '7000/tcp', got: 'GET /$(reboot)', at: '2026-01-01T00:00:00Z' }))
  expect(commands).toEqual([expect.objectContaining({
    program: '/bin/tell', args: ['-x'], timeLimitMs: 10_000, onTimeLimit: 'group',
    env: { KNOCKTAIL_EVENT: 'failure', KNOCKTAIL_LEVEL: 'warn', KNOCKTAIL_RULE: 'ssh', KNOCKTAIL_IP: '192.0.2.1', KNOCKTAIL_STEP: '2', KNOCKTAIL_STEPS: '3', KNOCKTAIL_AT: '2026-01-01T00:00:00Z' },
  })])
})

it('are told whom a rule does not listen to any more, so that whoever wants to can ban him', () => {
  const { hooks, commands } = model()
  hooks.offer(event('lockout', { rule: 'ssh', address: '2001:db8::7', network: '2001:db8::/64', until: '2026-01-01T00:10:00Z', at: '2026-01-01T00:00:00Z' }))
  expect(commands[0]?.env).toMatchObject({ KNOCKTAIL_EVENT: 'lockout', KNOCKTAIL_IP: '2001:db8::7', KNOCKTAIL_NETWORK: '2001:db8::/64', KNOCKTAIL_UNTIL: '2026-01-01T00:10:00Z' })
})

it('are told of what an admin wants to know, and only if there are any', () => {
  const none = model(null)
  const some = model()
  for (const name of ['counters', 'hook-failed', 'hook-dropped', 'extend']) some.hooks.offer(event(name))
  none.hooks.offer(event('open'))
  expect([some.commands, none.commands]).toEqual([[], []])
})

it('run one at a time, in order; of a flood 64 wait, and the rest is counted', async () => {
  const { hooks, commands, told, end } = model()
  for (let index = 0; index < 100; index++) hooks.offer(event('scan', { rule: `r${index}` }))
  expect(commands).toHaveLength(1)
  expect(told.map(({ event: name }) => name)).toEqual(['hook-dropped'])
  for (let index = 1; index <= 65; index++) {
    end()
    await eventually(() => expect(commands.length).toBe(Math.min(index + 1, 65)))
  }
  expect(commands.map(({ env }) => env!['KNOCKTAIL_RULE'])).toEqual(Array.from({ length: 65 }, (_, index) => `r${index}`))
  await eventually(() => expect(told.map(({ facts }) => facts['dropped'])).toEqual([undefined, 35]))
})

it('that fail or hang are told of', async () => {
  const { hooks, told, end } = model()
  for (const ran of [{ ...ENDED, code: 3 }, { ...ENDED, code: undefined, timedOut: true }]) {
    hooks.offer(event('open'))
    end(ran)
    await eventually(() => expect(told).toHaveLength(ran.timedOut ? 2 : 1))
  }
  expect(told.map(({ text }) => text)).toEqual(['on_event, for open: /bin/tell ended with exit code 3', 'on_event, for open: /bin/tell did not end in time'])
})
