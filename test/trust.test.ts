import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { forgeableBy, requireTrusted } from '../src/trust.ts'
import { hiddenClients } from '../src/web-clients.ts'
import { otherWriters } from '../src/writers.ts'
import { config } from './support/config.ts'
import { webLine } from './support/log-lines.ts'
import { run, useFolder } from './support/run.ts'

const folder = useFolder()
let count = 0
const isRoot = process.getuid?.() === 0

const text = (follow: string, parser: string, more = ''): string => `[knocktail]
firewall = null
${more}
[source s]
follow = ${follow}
parser = ${parser}
prefix = "k: "
[web]
sequence = GET /one, GET /two
ports = 22/tcp
`
const why = (follow: string, parser: string): string => forgeableBy(config(text(follow, parser)).sources[0]!).join('\n')

function log(content: string, mode = 0o640): string {
  const path = folder.write(`log-${++count}`, content)
  chmodSync(path, mode)
  return path
}

describe('a source can be forged', () => {
  it.each(['error.log', 'error_log', 'site-error.log.1'])('by clients: a web server\'s %s', (name) => {
    expect(why(`file:/nowhere/${name}`, 'clf')).toContain(`any client can have whole lines printed: follow = file:/nowhere/${name.replace('error', 'access')}`)
  })

  it('by local users: a syslog file, whoever wrote the lines that matter', () => {
    expect(why('file:/nowhere/access.log', 'clf')).toBe('')
    expect(why('file:/nowhere/kern.log', 'kernel')).toContain('it is a syslog file')
    expect(why('file:/nowhere/kern.log', 'ipfw')).toContain('it is a syslog file')
    const line = webLine(0, '/a')
    expect(why(`file:${log(`${line}\n`)}`, 'clf')).toBe('')
    expect(why(`file:${log(`${line}\nNov 20 23:42:50 web nginx: ${line}\n`)}`, 'clf')).toContain("look like clf's into it (logger -t): let the program log to a file of its own")
  })

  it('by local users: what is no kernel record in the journal', () => {
    expect(why('journald', 'clf')).toContain('in the name of nginx (logger -t)')
    expect(why('journald', 'kernel')).not.toContain('logger')
  })

  it('by whoever may write to the file, or put another in its place', () => {
    const file = log('', 0o646)
    expect(why(`file:${file}`, 'clf')).toBe(`others may write to ${file}: chmod o-w ${file}`)
  })
})

describe.runIf(isRoot)('who may write', () => {
  const PERSON = 54_321

  it.each<[what: string, mode: number, gid: number, found: string]>([
    ['nobody else', 0o640, 0, ''],
    ['the group of a daemon', 0o660, 4, ''],
    ['a group of people', 0o660, PERSON, `group ${PERSON} may write to FILE: chmod g-w FILE`],
    ['all', 0o666, 0, 'others may write to FILE: chmod o-w FILE'],
    ['all, the sticky bit of a file means nothing', 0o1666, 0, 'others may write to FILE: chmod o-w FILE'],
  ])('%s', (_what, mode, gid, found) => {
    const file = log('')
    chownSync(file, 0, gid)
    chmodSync(file, mode)
    expect(otherWriters(file).join()).toBe(found.replaceAll('FILE', file))
  })

  it('a person whose file it is', () => {
    const file = log('')
    chownSync(file, PERSON, 0)
    expect(otherWriters(file)).toEqual([`user ${PERSON} may write to ${file}, which is his: have it written by a program with a user of its own`])
  })

  it('whoever may replace it from a folder above, unless that is sticky', () => {
    const above = join(folder.path, 'above')
    mkdirSync(join(above, 'sub'), { recursive: true })
    const file = join(above, 'sub', 'access.log')
    writeFileSync(file, '', { mode: 0o640 })
    chmodSync(above, 0o777)
    expect(otherWriters(file)).toEqual([`others may replace what is in ${above}: chmod o-w ${above}`])
    chmodSync(above, 0o1777)
    expect(otherWriters(file)).toEqual([])
    chmodSync(above, 0o755)
  })
})

it('require_trusted refuses it, and says why', () => {
  const file = log('', 0o646)
  expect(() => requireTrusted(config(text(`file:${file}`, 'clf', 'require_trusted = yes')))).toThrow(`source s is refused, since require_trusted = yes: others may write to ${file}`)
  expect(() => requireTrusted(config(text(`file:${file}`, 'clf')))).not.toThrow()
  expect(() => requireTrusted(config(text(`file:${log('')}`, 'clf', 'require_trusted = yes')))).not.toThrow()
})

describe('a web log whose clients are not those who ask', () => {
  const found = (lines: readonly string[], proxies = ''): string | undefined => {
    const read = config(text(`file:${log(`${lines.join('\n')}\n`)}`, 'clf', proxies))
    return hiddenClients(read.sources[0]!, read.proxies)
  }
  const from = (...sources: readonly string[]): string[] => Array.from({ length: 6 }, (_, index) => webLine(index * 1000, '/', { src: sources[index % sources.length]! }))

  it.each([['127.0.0.1'], ['::1'], ['172.17.0.1', '172.18.0.3']])('all are from %s', (...sources) => {
    expect(found(from(...sources))).toContain(`its last 6 requests come from ${sources.join(', ')}, where a proxy or Docker stands before the web server, and one knock would be everybody's: proxies = ${sources.join(', ')}, and let`)
  })

  it('all are from configured proxies, and the log says no more', () => {
    expect(found(from('127.0.0.1'), 'proxies = 127.0.0.1')).toContain('so nobody can knock there: let the web server log X-Forwarded-For')
    expect(found(from('127.0.0.1').map((line) => `${line} "198.51.100.7"`), 'proxies = 127.0.0.1')).toBeUndefined()
  })

  it('nothing is said of others, or of few', () => {
    expect(found(from('127.0.0.1', '198.51.100.7'))).toBeUndefined()
    expect(found(from('127.0.0.1').slice(0, 4))).toBeUndefined()
  })
})

describe('knocktail check', () => {
  it('warns of each with what mends it, and ends with 0', async () => {
    const file = log(Array.from({ length: 9 }, (_, index) => `${webLine(index, '/', { src: '127.0.0.1' })}\n`).join(''), 0o646)
    const { code, stdout } = await run(['check', '-c', folder.write('warned.conf', text(`file:${file}`, 'clf'))])
    expect(stdout).toContain(`warning: source s: can be forged: others may write to ${file}: chmod o-w ${file}`)
    expect(stdout).toContain('warning: source s: its last 9 requests come from 127.0.0.1')
    expect(code).toBe(0)
  })

  it('ends with 1 where run would refuse to begin: its sources, or the owners and modes of what it obeys', async () => {
    const plugIn = folder.write('mine.mjs', 'export default {}')
    const path = folder.write('refused.conf', text(`file:${log('', 0o646)}`, plugIn, 'require_trusted = yes'))
    chmodSync(path, 0o666)
    chmodSync(plugIn, 0o666)
    const { code, stdout } = await run(['check', '-c', path])
    expect(stdout).toContain(`error: run refuses this: others may write to ${path}, and so change what Knocktail does: chmod go-w ${path}`)
    expect(stdout).toContain(`error: run refuses this: others may write to ${plugIn}, and so`)
    expect(stdout).toContain('error: run refuses this: source s is refused, since require_trusted = yes: others may write to')
    expect(code).toBe(1)
  })
})
