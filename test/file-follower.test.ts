import { spawnSync } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SECOND, type Micros } from '../parsers/time.ts'
import { FileFollower } from '../src/sources/file-follower.ts'
import { readFilePosition } from '../src/sources/file-place.ts'
import type { Chunk } from '../src/sources/generation.ts'
import { eventually } from './support/eventually.ts'
import { followed, sourceConfig, type Followed } from './support/followed.ts'
import { numberedLine, numbers } from './support/log-writer.ts'
import { useFolder } from './support/run.ts'

const folder = useFolder()
let log = ''
let count = 0
let seconds = 1000
let chunks: Chunk[] = []
let notes: string[] = []
let follower: FileFollower

beforeEach(() => {
  const own = join(folder.path, String(++count))
  mkdirSync(own)
  log = join(own, 'access.log')
})
afterEach(() => follower?.close())

async function start(position?: unknown): Promise<string | undefined> {
  chunks = []
  notes = []
  follower = new FileFollower(log, {
    now: () => (seconds * SECOND) as Micros, isStopped: () => false, note: (text) => notes.push(text),
    lines: async (chunk) => void chunks.push(chunk),
  })
  return follower.start(position === undefined ? undefined : readFilePosition(JSON.parse(JSON.stringify(position))))
}

async function lines(): Promise<string[]> {
  await follower.look()
  return chunks.splice(0).flatMap((chunk) => chunk.lines)
}

/** Lines with how they were handed on. */
function marked(): string[] {
  return chunks.splice(0).flatMap(({ lines: some, backlog, counted }) => some.map((line) => `${line}${backlog ? ' backlog' : ''}${counted ? '' : ' again'}`))
}

const append = (text: string, path = log): void => appendFileSync(path, text)

describe('at the start', () => {
  it('what is there is history, but for a line that is not finished', async () => {
    append('one\ntwo\nthr')
    await start()
    expect(await lines()).toEqual([])
    append('ee\nfour\n')
    expect(await lines()).toEqual(['three', 'four'])
  })

  it('a file that comes later is read from its start', async () => {
    await start()
    expect(notes).toEqual([expect.stringContaining('does not exist yet')])
    expect(await lines()).toEqual([])
    append('one\n')
    expect(await lines()).toEqual(['one'])
  })

  it('so is one whose folder comes later', async () => {
    rmSync(join(log, '..'), { recursive: true })
    await start()
    expect(await lines()).toEqual([])
    mkdirSync(join(log, '..'))
    append('one\n')
    expect(await lines()).toEqual(['one'])
  })

  it.each([
    ['a folder', () => mkdirSync(log), 'is a directory'],
    ['a fifo', () => void spawnSync('mkfifo', [log]), 'is no regular file'],
    ['a device', () => symlinkSync('/dev/null', log), 'is no regular file'],
  ])('%s is refused', async (_what, make, why) => {
    make()
    expect(await start()).toContain(why)
  })
})

describe('rotation', () => {
  it('is followed by the descriptor, and a writer that stays behind is heard', async () => {
    append('')
    await start()
    append('one\n')
    renameSync(log, `${log}.1`)
    append('two\n', `${log}.1`)
    append('three\n')
    expect(await lines()).toEqual(['one', 'two', 'three'])
    seconds += 9
    append('four\n', `${log}.1`)
    append('five\n')
    expect(await lines()).toEqual(['four', 'five'])
  })

  it('ends for the old file when nothing came for a while', async () => {
    append('')
    await start()
    renameSync(log, `${log}.1`)
    append('one\n')
    expect(await lines()).toEqual(['one'])
    expect(follower.position().read).toHaveLength(2)
    seconds += 11
    expect(await lines()).toEqual([])
    expect(follower.position().read).toHaveLength(1)
  })

  it('of many generations between two looks is read from the oldest on', async () => {
    append('')
    await start()
    for (const text of ['one', 'two', 'three', 'four']) {
      append(`${text}\n`)
      for (const number of [3, 2, 1, 0]) spawnSync('mv', [number === 0 ? log : `${log}.${number}`, `${log}.${number + 1}`])
    }
    append('five\n')
    expect(await lines()).toEqual(['one', 'two', 'three', 'four', 'five'])
  })

  it('by copy: what was not read yet is in the copy', async () => {
    append('zero\n')
    await start()
    append('one\ntwo\nthr')
    copyFileSync(log, `${log}.1`)
    truncateSync(log)
    append('ee\nfour\n')
    expect(await lines()).toEqual(['one', 'two', 'three', 'four'])
    expect(notes).toEqual([])
  })

  it('by copy, with a copy that is made and not yet truncated', async () => {
    append('zero\n')
    await start()
    append('one\n')
    copyFileSync(log, `${log}.1`)
    expect(await lines()).toEqual(['one'])
    append('two\n')
    expect(await lines()).toEqual(['two'])
    truncateSync(log)
    append('three\n')
    expect(await lines()).toEqual(['three'])
  })

  it('without a copy is told', async () => {
    append('zero\n')
    await start()
    truncateSync(log)
    append('one\n')
    expect(await lines()).toEqual(['one'])
    expect(notes).toEqual([expect.stringContaining('no copy')])
  })

  it('by a link that leads elsewhere', async () => {
    append('one\n', `${log}-20261120`)
    symlinkSync(`${log}-20261120`, log)
    await start()
    append('two\n')
    append('three\n', `${log}-20261121`)
    unlinkSync(log)
    symlinkSync(`${log}-20261121`, log)
    expect(await lines()).toEqual(['two', 'three'])
    append('four\n', `${log}-20261120`)
    append('five\n')
    unlinkSync(log)
    symlinkSync(`${log}-20261120`, log)
    append('six\n')
    expect(await lines()).toEqual(['four', 'six', 'five'])
  })

  it('that deletes the file loses nothing of it', async () => {
    append('')
    await start()
    append('one\n')
    unlinkSync(log)
    expect(await lines()).toEqual(['one'])
    append('two\n')
    expect(await lines()).toEqual(['two'])
  })

  it('reads no other log that is named alike, and no file of before', async () => {
    append('history\n', `${log}.1`)
    append('')
    await start()
    append('other\n', `${log}.json`)
    append('other\n', `${log}_errors`)
    append('other\n', join(log, '..', 'access-errors.log'))
    renameSync(log, `${log}.2`)
    append('one\n')
    expect(await lines()).toEqual(['one'])
  })

  it('tells of a generation that was compressed before it was read, but not of one that was', async () => {
    append('')
    await start()
    append('one\n')
    expect(await lines()).toEqual(['one'])
    renameSync(log, `${log}.1`)
    append('two\n')
    writeFileSync(`${log}.2.gz`, gzipSync('unread\n'))
    utimesSync(`${log}.2.gz`, 1, 1)
    expect(await lines()).toEqual(['two'])
    spawnSync('gzip', [`${log}.1`])
    renameSync(log, `${log}.1`)
    append('three\n')
    expect(await lines()).toEqual(['three'])
    expect(notes).toEqual([expect.stringMatching(/access\.log\.2\.gz was compressed before/)])
  })
})

describe('after a restart', () => {
  /** Follows, leaves, lets that happen, and follows again. */
  async function restart(meanwhile: () => void): Promise<string[]> {
    const position = follower.position()
    follower.close()
    meanwhile()
    await start(position)
    return marked()
  }

  it('what was written meanwhile is backlog; what was read lately is read again, and counts no more', async () => {
    append('history\n')
    await start()
    append('one\n')
    await lines()
    expect(await restart(() => append('two\nthr'))).toEqual(['one backlog again', 'two backlog'])
    append('ee\n')
    await follower.look()
    expect(marked()).toEqual(['three'])
  })

  it('only the lines of the last minutes are read again', async () => {
    append('')
    await start()
    for (const [text, pause] of [['one', 100], ['two', 100], ['three', 0]] as const) {
      append(`${text}\n`)
      await lines()
      for (const end = seconds + pause; seconds < end; seconds += 5) await lines()
    }
    expect(await restart(() => {})).toEqual(['two backlog again', 'three backlog again'])
  })

  it('generations that came meanwhile are read in their order', async () => {
    append('')
    await start()
    append('one\n')
    await lines()
    expect(await restart(() => {
      append('two\n')
      renameSync(log, `${log}.2`)
      append('three\n')
      renameSync(log, `${log}.1`)
      append('four\n')
    })).toEqual(['one backlog again', 'two backlog', 'three backlog', 'four backlog'])
  })

  it('a copy that was made meanwhile is read from where it was left', async () => {
    append('zero\n')
    await start()
    append('one\n')
    await lines()
    expect(await restart(() => {
      append('two\n')
      copyFileSync(log, `${log}.1`)
      truncateSync(log)
      append('three\n')
    })).toEqual(['one backlog again', 'two backlog', 'three backlog'])
  })

  it('a line torn by copytruncate is still put together', async () => {
    append('zero\n')
    await start()
    append('on')
    copyFileSync(log, `${log}.1`)
    truncateSync(log)
    expect(await lines()).toEqual([])
    expect(await restart(() => append('e\ntwo\n'))).toContain('one backlog')
  })

  it('a file that is nowhere any more is told, and the one that is there is read from its start', async () => {
    append('')
    await start()
    append('one\n')
    await lines()
    expect(await restart(() => {
      unlinkSync(log)
      append('other\n', `${log}.new`)
      renameSync(`${log}.new`, log)
    })).toEqual(['other backlog'])
    expect(notes).toEqual([expect.stringContaining('may be missing')])
  })
})

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
