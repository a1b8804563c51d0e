import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { followed, sourceConfig, type Followed } from './support/followed.ts'
import { useFollower } from './support/follower.ts'
import { numberedLine, numbers } from './support/log-writer.ts'

/** A followed file as a source: its lines become events. */

const { append, log } = useFollower()

describe('as a source', () => {
  const running: Followed[] = []
  afterEach(async () => {
    await Promise.all(running.splice(0).map(({ live }) => live.stop()))
  })
  const follow = (): Followed => {
    const source = followed(sourceConfig({ kind: 'file', path: log }, { parser: 'clf' }))
    running.push(source)
    return source
  }

  it('gives events soon after they were written', async () => {
    append('')
    const source = follow()
    await eventually(() => expect(source.runs).toBe(1))
    for (let number = 0; number < 3; number++) {
      append(`${numberedLine(number)}\nnot a request\n`)
      await eventually(() => expect(numbers(source.events)).toHaveLength(number + 1))
    }
    expect(source.live.stats).toMatchObject({ lines: 6, events: 3 })
    expect([...source.live.stats.reasons]).toEqual([['not-this-dialect', 3]])
  })

  it('is suspended, and tried again, while there is no file but a folder', async () => {
    mkdirSync(log)
    const source = follow()
    await eventually(() => expect(source.suspensions.length).toBeGreaterThan(1))
    expect(source.suspensions[0]).toEqual({ why: expect.stringContaining('is a directory') as string, retryMs: 250 })
    rmSync(log, { recursive: true })
    await eventually(() => expect(source.runs).toBe(1))
    append(`${numberedLine(1)}\n`)
    await eventually(() => expect(numbers(source.events)).toEqual([1]))
  })

  it('goes on where it was when the path was something else for a while', async () => {
    append('')
    const source = follow()
    await eventually(() => expect(source.runs).toBe(1))
    append(`${numberedLine(1)}\n`)
    renameSync(log, `${log}.1`)
    mkdirSync(log)
    await eventually(() => expect(source.suspensions.length).toBeGreaterThan(0))
    append(`${numberedLine(2)}\n`, `${log}.1`)
    rmSync(log, { recursive: true })
    append(`${numberedLine(3)}\n`)
    await eventually(() => expect(numbers(source.events)).toEqual([1, 2, 3]))
    expect(source.backlog).toEqual([])
  })
})
