import { copyFileSync, renameSync, truncateSync, unlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { useFollower } from './support/follower.ts'

/** Where a file is followed on from, by the next process. */

const { append, close, lines, log, look, marked, notes, pass, position, start } = useFollower()

describe('after a restart', () => {
  /** Follows, leaves, lets that happen, and follows again. */
  async function restart(meanwhile: () => void): Promise<string[]> {
    const left = position()
    close()
    meanwhile()
    await start(left)
    return marked()
  }

  it('what was written meanwhile is backlog; what was read lately is read again, and counts no more', async () => {
    append('history\n')
    await start()
    append('one\n')
    await lines()
    expect(await restart(() => append('two\nthr'))).toEqual(['one backlog again', 'two backlog'])
    append('ee\n')
    await look()
    expect(marked()).toEqual(['three'])
  })

  it('only the lines of the last minutes are read again', async () => {
    append('')
    await start()
    for (const [text, pause] of [['one', 100], ['two', 100], ['three', 0]] as const) {
      append(`${text}\n`)
      await lines()
      for (let passed = 0; passed < pause; passed += 5) {
        await lines()
        pass(5)
      }
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
