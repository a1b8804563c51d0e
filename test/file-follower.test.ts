import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { useFollower } from './support/follower.ts'

/** How a file is followed, rotated and not. */

const { append, lines, log, notes, pass, position, start } = useFollower()

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
    pass(9)
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
    expect(position().read).toHaveLength(2)
    pass(11)
    expect(await lines()).toEqual([])
    expect(position().read).toHaveLength(1)
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
