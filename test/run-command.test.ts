import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findProgram, runCommand, type Command, type Ran } from '../src/firewalls/run.ts'
import { eventually } from './support/eventually.ts'
import { useFolder } from './support/run.ts'

const folder = useFolder()
let count = 0
const freshPath = (): string => join(folder.path, `file${++count}`)

const sh = (script: string, more: Partial<Command> = {}): Promise<Ran> =>
  runCommand({ program: '/bin/sh', args: ['-c', script], timeLimitMs: 10_000, onTimeLimit: 'group', ...more })

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('a program is run', () => {
  it('with its output, input and exit code', async () => {
    expect(await sh('read word; echo "got $word"; echo bad >&2; exit 3', { input: 'it\n' }))
      .toEqual({ code: 3, stdout: 'got it\n', stderr: 'bad\n', timedOut: false })
  })

  it('with arguments as they are', async () => {
    const args = ['%s|', '$(id)', '; echo x', 'a b', '']
    expect((await runCommand({ program: '/usr/bin/printf', args, timeLimitMs: 5000, onTimeLimit: 'group' })).stdout).toBe('$(id)|; echo x|a b||')
  })

  it('with nothing of our environment', async () => {
    process.env['KNOCKTAIL_SECRET'] = 'x'
    const { stdout } = await runCommand({ program: '/usr/bin/env', args: [], env: { OWN: '1' }, timeLimitMs: 5000, onTimeLimit: 'group' })
    expect(stdout.split('\n').filter(Boolean).toSorted()).toEqual([
      'HOME=/', 'LC_ALL=C', 'OWN=1', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin',
    ])
  })

  it('and may be none', async () => {
    const ran = await runCommand({ program: '/nonexistent', args: [], timeLimitMs: 5000, onTimeLimit: 'group' })
    expect(ran).toEqual({ code: undefined, stdout: '', stderr: expect.stringMatching(/could not be started: no such file/), timedOut: false })
    expect((await runCommand({ program: '/bin/echo', args: ['a\0b'], timeLimitMs: 5000, onTimeLimit: 'group' })).code).toBeUndefined()
  })

  it('and may end by a signal, without reading its input', async () => {
    expect(await sh('kill -9 $$', { input: 'x'.repeat(1_000_000) })).toEqual({ code: undefined, stdout: '', stderr: '', timedOut: false })
  })
})

describe('what it says is cut', () => {
  it('at a mebibyte, and at 16 KiB', async () => {
    const ran = await sh('head -c 3000000 /dev/zero | tr "\\0" x; head -c 100000 /dev/zero | tr "\\0" y >&2; exit 5')
    expect([ran.code, ran.stdout.length, ran.stderr.length]).toEqual([5, 1024 * 1024, 16 * 1024])
  })

  it('where the caller says', async () => {
    expect((await sh('echo 123456789', { stdoutBytes: 4 })).stdout).toBe('1234')
  })
})

describe('a time limit', () => {
  it('kills the program and what it has started', async () => {
    const file = freshPath()
    const ran = await sh(`sleep 60 & echo $! > ${file}; wait`, { timeLimitMs: 300 })
    expect([ran.code, ran.timedOut]).toEqual([undefined, true])
    await eventually(() => expect(isAlive(Number(readFileSync(file, 'utf8')))).toBe(false))
  })

  it('kills what takes no notice of SIGTERM', async () => {
    expect((await sh('trap "" TERM; while :; do sleep 1; done', { timeLimitMs: 300 })).timedOut).toBe(true)
  })

  it('only asks a program to end that must not be cut off, and waits for it', async () => {
    const file = freshPath()
    const script = `trap "ended=1" TERM; until [ "$ended" ]; do sleep 0.05; done; sleep 0.3; echo whole > ${file}; exit 7`
    const ran = await sh(script, { timeLimitMs: 200, onTimeLimit: 'term' })
    expect([ran.code, ran.timedOut, readFileSync(file, 'utf8')]).toEqual([7, true, 'whole\n'])
  })

  it('asks nobody but the program', async () => {
    const file = freshPath()
    const ran = await sh(`sh -c 'sleep 0.6; echo whole > ${file}' & trap "wait; exit 0" TERM; wait`, { timeLimitMs: 200, onTimeLimit: 'term' })
    expect([ran.timedOut, existsSync(file)]).toEqual([true, true])
  })
})

describe('what it leaves running', () => {
  it('is not waited for, and goes on', async () => {
    const file = freshPath()
    const begun = performance.now()
    const ran = await sh(`sh -c 'sleep 1; echo late > ${file}' & echo soon`, { timeLimitMs: 20_000 })
    expect([ran.stdout, ran.code, ran.timedOut]).toEqual(['soon\n', 0, false])
    expect(performance.now() - begun).toBeLessThan(900)
    await eventually(() => expect(readFileSync(file, 'utf8')).toBe('late\n'))
  })
})

describe('findProgram', () => {
  it('finds programs in the fixed folders, and no others', () => {
    expect(findProgram('sh')).toMatch(/^\/(?:usr\/)?bin\/sh$/)
    expect([findProgram('knocktail-nonexistent'), findProgram('.')]).toEqual([undefined, undefined])
  })
})
