import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { followed, sourceConfig } from '../support/followed.ts'
import { LogWriter, numbers } from '../support/log-writer.ts'
import { ended, useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

const SECONDS = 5
const RATE = 2400

interface Mode {
  readonly name: string
  readonly options: string
  /** Whether the tool itself loses what is written while it copies. */
  readonly isCopy: boolean
}

const MODES: readonly Mode[] = [
  { name: 'create, numbered', options: 'create', isCopy: false },
  { name: 'create, by date', options: 'create\n dateext\n dateformat -%Y%m%d-%s', isCopy: false },
  { name: 'create, compressed', options: 'create\n compress\n delaycompress', isCopy: false },
  { name: 'create, kept extension', options: 'create\n extension .log', isCopy: false },
  { name: 'copytruncate', options: 'copytruncate', isCopy: true },
  { name: 'copytruncate, by date', options: 'copytruncate\n dateext\n dateformat -%Y%m%d-%s', isCopy: true },
]

systemTest(['logrotate'])('the real logrotate, every second', () => {
  const folder = useFolder()

  it.concurrent.each(MODES)('$name: nothing is lost, nothing is read twice', async ({ name, options, isCopy }) => {
    const work = join(folder.path, name.replaceAll(/\W/g, '-'))
    mkdirSync(work)
    const [log, conf] = [join(work, 'access.log'), join(work, 'rotate.conf')] as const
    writeFileSync(conf, `${log} {\n rotate 3\n ${options}\n}\n`, { mode: 0o644 })
    const writer = new LogWriter(log)
    const source = followed(sourceConfig({ kind: 'file', path: log }, { parser: 'clf' }))
    try {
      await eventually(() => expect(source.runs).toBe(1))
      for (let second = 0; second < SECONDS; second++) {
        writer.start(RATE)
        await sleep(1000)
        // Without the pause logrotate itself loses what is written between its copy and its truncation.
        if (isCopy) writer.pause()
        expect(await ended(spawn('logrotate', ['-f', '-s', join(work, 'state'), conf]))).toMatchObject({ code: 0, stderr: '' })
        // The writer hears of it a while later.
        if (!isCopy) setTimeout(() => writer.reopen(), 300)
        writer.pause()
      }
      await sleep(300)
      writer.reopen()
      writer.write(1)
      await eventually(() => expect(source.live.stats.lines).toBeGreaterThanOrEqual(writer.written))
      expect(source.live.stats.lines).toBe(writer.written)
      expect(writer.written).toBeGreaterThan(2000 * SECONDS)
      expect(numbers(source.events)).toEqual(Array.from({ length: writer.written }, (_, number) => number))
      expect(readdirSync(work).length).toBeGreaterThan(4)
      expect([...source.notes, ...source.suspensions, ...source.backlog]).toEqual([])
    } finally {
      writer.end()
      await source.live.stop()
    }
  }, 60_000)
})
