import { chmodSync, chownSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync, appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import { unusedEntries } from '../src/config/one-time.ts'
import { findProgram, runCommand } from '../src/firewalls/run.ts'
import { replaceText } from '../src/firewalls/whole-file.ts'
import { crossOut } from '../src/one-time/cross-out.ts'
import { OneTimeLists } from '../src/one-time/lists.ts'
import { eventually } from './support/eventually.ts'
import { endHelpersAfterEach, helperArgv, startProcess } from './support/helper-process.ts'
import { useFolder } from './support/run.ts'

const folder = useFolder()
const tools = { run: runCommand, find: findProgram }
const at = (name: string): string => join(folder.path, 'lists', name)
const list = at('list')

endHelpersAfterEach()
beforeEach(() => {
  rmSync(join(folder.path, 'lists'), { recursive: true, force: true })
  mkdirSync(join(folder.path, 'lists'))
})

/** A knockd.conf, unless something is put before it. */
const configText = (path = list, head = ''): string => `${head}[d]\none_time_sequences = ${path}\nstart_command = /bin/true\nreorder = 0\n`

async function listsOf(text: string, path = list, head = ''): Promise<OneTimeLists> {
  writeFileSync(list, text, 'latin1')
  const lists = new OneTimeLists(tools, () => {})
  lists.load(await loadConfig(folder.write('knocktail.conf', configText(path, head))))
  return lists
}

/** The ids of the unused ones, by line. */
const ids = (text: string, path = list): Map<number, string> => new Map(unusedEntries(text, path, 'knockd').map(({ line, id }) => [line, id]))

describe('an entry is crossed out', () => {
  it.each([
    ['with those before it', ' 1,2\n3,4\n5,6\n7,8\n', 3, '# 1,2\n#3,4\n#5,6\n7,8\n'],
    ['without the line that cannot be read, and with no byte over it', '# hdr\n99999,1\n6001,6002\n7,8\n', 3, '# hdr\n99999,1\n#6001,6002\n7,8\n'],
    ['when it is the last one', '#1,2\n3,4\n', 2, '#1,2\n#3,4\n'],
    ['when its line has no end', '1,2\n3,4', 2, '#1,2\n#3,4'],
    ['in lines of Windows', '1,2\r\n\r\n3,4\r\n5,6', 3, '#1,2\r\n\r\n#3,4\r\n5,6'],
    ['with its like further on, and that of those before it', '1,2\n3,4\n 1, 2:tcp\n5,6\n03,4\n', 2, '#1,2\n#3,4\n# 1, 2:tcp\n5,6\n#03,4\n'],
    ['in a file with any bytes', '\u00ef\u00bb\u00bf1,2\n\u00ff\u0000\u00e9 3,4\n5,6\u00c2\u00a0\n7,8', 3, '#\u00ef\u00bb\u00bf1,2\n\u00ff\u0000\u00e9 3,4\n#5,6\u00c2\u00a0\n7,8'],
  ])('%s', async (_, before, line, after) => {
    const lists = await listsOf(before)
    const id = ids(Buffer.from(before, 'latin1').toString()).get(line)!
    expect(await lists.spend(id)).toEqual({ kind: 'done' })
    expect(readFileSync(list, 'latin1')).toBe(after)
    expect(await lists.spend(id)).toEqual({ kind: 'foreign' })
    expect(readFileSync(list, 'latin1')).toBe(after)
    expect(readdirSync(at('.'))).toEqual(['list'])
  })

  it('and whatever the list holds: it and those before it are gone, all else stays byte for byte', () => {
    const line = fc.oneof(fc.constantFrom('1,2', ' 1,2', '3,4:udp', '5,6\r', '# 7,8', '#9,10', '', '99999,1', 'GET /a', '\ufeff7,8'), fc.string({ unit: 'binary', maxLength: 6 }))
    fc.assert(fc.property(fc.array(line, { maxLength: 12 }), fc.nat(), (all, pick) => {
      const bytes = Buffer.from(all.join('\n')).toString('latin1')
      const unused = unusedEntries(Buffer.from(bytes, 'latin1').toString(), list, 'knockd')
      const chosen = unused[pick % Math.max(1, unused.length)]
      if (!chosen) return
      const after = crossOut(bytes, chosen.id, unused)!
      const left = unusedEntries(Buffer.from(after, 'latin1').toString(), list, 'knockd')
      const used = unused.slice(0, unused.findIndex((entry) => entry.id === chosen.id) + 1).map((entry) => entry.id)
      expect(left).toEqual(unused.filter((entry) => !used.includes(entry.id)))
      const [before, now] = [bytes.split('\n'), after.split('\n')]
      expect(now.map((text, index) => (text === before[index] ? text : text.slice(1)))).toEqual(before)
      expect(now.filter((text, index) => text !== before[index]).every((text) => text.startsWith('#'))).toBe(true)
    }))
  })
})

describe('the file', () => {
  it('keeps its mode, its owner, and the link to it', async () => {
    const [owner, mode] = process.getuid!() === 0 ? [1, 0o640] : [process.getuid!(), 0o600]
    symlinkSync('list', at('link'))
    const lists = await listsOf('1,2\n3,4\n', at('link'))
    chmodSync(list, mode)
    if (process.getuid!() === 0) chownSync(list, 0, owner)
    expect(await lists.spend(ids('1,2\n', at('link')).get(1)!)).toEqual({ kind: 'done' })
    expect(readFileSync(list, 'utf8')).toBe('#1,2\n3,4\n')
    const found = statSync(list)
    expect(found.mode & 0o7777).toBe(mode)
    if (process.getuid!() === 0) expect([found.uid, found.gid]).toEqual([0, owner])
    expect(readFileSync(at('link'), 'utf8')).toBe('#1,2\n3,4\n')
    expect(readdirSync(at('.')).toSorted()).toEqual(['link', 'list'])
  })

  it('keeps what was appended to it, replaced or cut meanwhile', async () => {
    writeFileSync(list, '1,2\n3,4\n5,6\n')
    const id = ids('1,2\n3,4\n').get(2)!
    const meanwhile = [() => appendFileSync(list, '7,8\n'), () => writeFileSync(list, '9,8\n3,4\n5,6\n7,8\n'), () => truncateSync(list, 12)]
    const problem = await replaceText(list, (text) => {
      const edited = crossOut(text, id, unusedEntries(text, list, 'knockd'))
      meanwhile.shift()?.()
      return edited
    }, { tools, backup: false })
    expect(problem).toBeUndefined()
    expect(readFileSync(list, 'utf8')).toBe('#9,8\n#3,4\n5,6\n')
  })

  it('that nobody may be trusted with, or that is gone, is not touched', async () => {
    const lists = await listsOf('1,2\n3,4\n')
    const id = ids('1,2\n').get(1)!
    chmodSync(list, 0o666)
    expect(await lists.spend(id)).toEqual({ kind: 'failed', why: expect.stringContaining('others may write to') })
    expect(readFileSync(list, 'utf8')).toBe('1,2\n3,4\n')
    rmSync(list)
    expect(await lists.spend(id)).toEqual({ kind: 'failed', why: expect.stringContaining('no such file') })
    expect(readdirSync(at('.'))).toEqual([])
  })

  it('is found among several, read as its configuration is, one after the other', async () => {
    const others = [at('one'), at('two')]
    writeFileSync(others[0]!, '7,8\n')
    writeFileSync(others[1]!, '1,2\n3,4\n5,6\n')
    const lists = new OneTimeLists(tools, () => {})
    const rule = (path: string, name: string): string => configText(path).replace('[d]', `[${name}]`)
    lists.load(await loadConfig(folder.write('knocktail.conf', `[knocktail]\nfirewall = command\n${rule(others[0]!, 'a')}${rule(others[1]!, 'b')}`)))
    const all = [...ids('1,2\n3,4\n5,6\n', others[1]).values()]
    expect(await Promise.all([all[0]!, all[1]!, all[0]!, all[2]!].map((id) => lists.spend(id)))).toEqual(['done', 'done', 'foreign', 'done'].map((kind) => ({ kind })))
    expect(others.map((path) => readFileSync(path, 'utf8'))).toEqual(['7,8\n', '#1,2\n#3,4\n#5,6\n'])
  })
})

describe('the helper', () => {
  const COUNT = 60
  const text = Array.from({ length: COUNT }, (_, index) => `${index % 3 === 0 ? ' ' : ''}${1000 + index},${3000 - index}${index % 5 === 0 ? '\r' : ''}\n`).join('')
  const entries = [...ids(text).values()]
  const marked = (count: number): string => text.split('\n').map((line, index) => (index < count ? `#${line}` : line)).join('\n')

  it('crosses out what its own configuration names, and knows nothing else', async () => {
    writeFileSync(list, text)
    const helper = await startProcess(helperArgv(folder.write('helper.conf', configText()), join(folder.path, 'state')))
    expect(await helper.ask(`spend ${entries[2]}`)).toEqual(['done'])
    expect(readFileSync(list, 'utf8')).toBe(marked(3))
    expect(await helper.ask(`spend ${entries[1]}`)).toEqual(['foreign'])
    expect(await helper.ask(`spend ${'0'.repeat(32)}`)).toEqual(['foreign'])
    expect(await helper.ask(`spend ${list}`)).toEqual(['failed "it is no request"'])
    expect(readFileSync(list, 'utf8')).toBe(marked(3))
  })

  it.skipIf(process.getuid!() !== 0)('as an ordinary user crosses out what is his, and nothing whose owner he could not keep', async () => {
    const [user, state] = [65_534, join(folder.path, 'state-user')]
    mkdirSync(state)
    writeFileSync(list, text)
    for (const path of [state, at('.'), list]) chownSync(path, user, user)
    const argv = helperArgv(folder.write('helper.conf', configText()), state)
    const helper = await startProcess(['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', ...argv])
    expect(await helper.ask(`spend ${entries[0]}`)).toEqual(['done'])
    expect([readFileSync(list, 'utf8'), statSync(list).uid]).toEqual([marked(1), user])
    chownSync(list, 0, 0)
    expect(await helper.ask(`spend ${entries[1]}`)).toEqual([expect.stringMatching(/^failed ".*operation not permitted/)])
    expect([readFileSync(list, 'utf8'), statSync(list).uid]).toEqual([marked(1), 0])
    expect(readdirSync(at('.'))).toEqual(['list'])
    expect(helper.lines[0]).toBe('- ready 1')
    chownSync(at('.'), 0, 0)
    expect(await helper.ask('reload')).toEqual(['done'])
    expect(helper.lines).toContainEqual(expect.stringMatching(/^- note "used sequences cannot be crossed out in \S+, since its folder cannot be written to \(permission denied\)/))
  })

  it('killed at any moment leaves the list as it was or as it should be, never half, and the next one goes on', async () => {
    writeFileSync(list, text)
    const config = folder.write('helper.conf', configText())
    const seen = new Set<number>()
    for (let next = 0, round = 0; next < COUNT; round++) {
      const helper = await startProcess(helperArgv(config, join(folder.path, `state-k${round % 2}`)))
      helper.write(entries.slice(next, next + 12).map((id, index) => `${index + 1} spend ${id}\n`).join(''))
      const answered = (): string[] => helper.lines.filter((line) => / (?:done|failed|foreign)/.test(line))
      const atAnswer = Math.floor(Math.random() * 8)
      await eventually(() => expect(answered().length).toBeGreaterThanOrEqual(Math.min(atAnswer, COUNT - next)))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 12))
      const done = answered().length
      helper.child.kill('SIGKILL')
      await helper.ended
      const found = readFileSync(list, 'utf8')
      const count = found.split('\n').filter((line) => line.startsWith('#')).length
      expect(found).toBe(marked(count))
      expect(count).toBeGreaterThanOrEqual(next + done)
      expect(helper.lines.filter((line) => / (?:failed|foreign)/.test(line))).toEqual([])
      seen.add(count)
      next = count
    }
    expect(seen.size).toBeGreaterThan(4)
    expect(readFileSync(list, 'utf8')).toBe(marked(COUNT))
    // Killed while a dead one's lock was taken away, which is too short to be met in these rounds.
    symlinkSync('1', at('list.knocktail-lock-stale'))
    expect(await replaceText(list, () => text, { tools, backup: false })).toBeUndefined()
    expect(readdirSync(at('.'))).toEqual(['list'])
  }, 120_000)
})
