import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { machineClocks, readBootId } from '../src/clocks.ts'
import type { SourceConfig } from '../src/config/config.ts'
import { Following } from '../src/daemon/following.ts'
import { Positions } from '../src/daemon/positions.ts'
import type { LogEvent } from '../src/log/event.ts'
import { eventually } from './support/eventually.ts'
import { sourceConfig } from './support/followed.ts'
import { numberedLine, numbers } from './support/log-writer.ts'
import { useFolder } from './support/run.ts'

/** Where sources are gone on with, at whatever moment the process before us or a source ended. */

describe('the sources that are followed', () => {
  const folder = useFolder()
  const started: Following[] = []
  const read: Parameters<typeof numbers>[0][number][] = []
  const pathOf = (name: string): string => join(folder.path, `${name}.log`)
  const source = (name: string, more: Partial<SourceConfig> = {}): SourceConfig => sourceConfig({ kind: 'file', path: pathOf(name) }, { name, parser: 'clf', ...more })
  const write = (name: string, number: number): void => appendFileSync(pathOf(name), `${numberedLine(number)}\n`)

  beforeEach(() => {
    read.length = 0
    rmSync(join(folder.path, 'positions.json'), { force: true })
    for (const name of ['one', 'two']) writeFileSync(pathOf(name), '')
  })
  afterEach(async () => {
    for (const following of started.splice(0)) await following.stop()
  })

  function begin(told: (event: LogEvent) => void = () => {}): Following {
    const clocks = machineClocks()
    const following = new Following({
      clocks, bootId: readBootId(clocks), rights: new Map(), positions: new Positions(folder.path), proxies: () => [], knockCount: () => 0, allEnded: () => {},
      log: { write: told, reopen: () => {}, end: () => {} },
      read: ({ events }) => void read.push(...events),
    })
    started.push(following)
    return following
  }

  it('all keep their places, also while not all of them are read', async () => {
    const before = begin()
    await before.follow([source('one'), source('two')])
    await before.begun()
    await before.stop()
    const kept = (): string[] => Object.keys(JSON.parse(readFileSync(join(folder.path, 'positions.json'), 'utf8')) as object)
    const places = kept()
    expect(places).toHaveLength(2)
    const after = begin()
    await after.follow([source('one'), source('two', { parser: join(folder.path, 'gone-for-now.js') })])
    await after.begun()
    await eventually(() => expect(after.states).toEqual(['running']))
    expect(kept()).toEqual(places)
  })

  it('go on where they were when a reload changes something about them', async () => {
    const following = begin()
    await following.follow([source('one')])
    await following.begun()
    write('one', 1)
    await eventually(() => expect(numbers(read)).toEqual([1]))
    const changed = following.follow([source('one', { quietAfter: machineClocks().boot() })])
    write('one', 2)
    await changed
    await eventually(() => expect(numbers(read)).toContain(2))
  })
})
