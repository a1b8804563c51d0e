import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { ended, jsonLines, run, start, useFolder } from './support/run.ts'

const folder = useFolder()

const config = (log: string): string => `[knocktail]
firewall = null
[source web]
follow = file:${log}
parser = clf
[door]
sequence = GET /one-5b1c, GET /two-90ea, GET /three-77d2
ports = 22/tcp
`

const stamp = (time = new Date()): string => time.toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, '$1/$2/$3:$4 +0000')
const request = (path: string, time?: Date): string => `192.0.2.7 - - [${stamp(time)}] "GET ${path} HTTP/1.1" 404 0 "-" "-"\n`

describe('knocktail check', () => {
  it('ends with 1 where the machine lacks something, and says with what to mend it', async () => {
    const log = join(folder.path, 'none.log')
    const path = folder.write('none.conf', config(log))
    const { code, stdout } = await run(['check', '-c', path])
    expect([code, stdout]).toEqual([1, expect.stringContaining(`error: source web: there is no file ${log}: it is followed as soon as it is there: touch ${log}\n`)])
    expect(jsonLines((await run(['check', '-c', path, '--json'])).stdout)).toContainEqual({
      severity: 'error', about: 'source web', message: `there is no file ${log}: it is followed as soon as it is there`, mend: `touch ${log}`,
    })
  })

  it('leaves the machine out, if it is told to', async () => {
    const path = folder.write('only.conf', config(join(folder.path, 'only.log')))
    const { code, stdout } = await run(['check', '-c', path, '--config-only'])
    expect([code, stdout]).toEqual([0, expect.stringContaining('no errors')])
    expect(stdout).not.toMatch(/^(?:error|right|note)/m)
  })

  it('ends with 0 where there are only warnings', async () => {
    const { code, stdout } = await run(['check', '-c', folder.write('odd.conf', config(folder.write('odd.log', 'what is this\n')))])
    expect([code, stdout]).toEqual([0, expect.stringContaining('warning: source web: none of its last 1 lines is understood')])
  })
})

describe('knocktail check --live', () => {
  const watch = (name: string, ...args: readonly string[]) => {
    const log = folder.write(`${name}.log`, request('/one-5b1c'))
    const child = start(['check', '-c', folder.write(`${name}.conf`, config(log)), '--live', ...args])
    let seen = ''
    child.stderr!.on('data', (chunk: Buffer) => (seen += chunk.toString()))
    return { end: ended(child), write: (text: string) => appendFileSync(log, text), until: (text: string) => eventually(() => expect(seen).toContain(text)) }
  }

  it('shows each stage of a knock, and what the daemon would do', async () => {
    const { end, write, until } = watch('knock')
    await until('source web is being followed')
    write(`${request('/one-5b1c')}${request('/else')}${request('/two-90ea')}nonsense\n${request('/three-77d2')}`)
    const { code, stdout, stderr } = await end
    expect([code, stdout.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').replace(/\d{4}-\S+ \S+Z|\+\S+ s/, 'TIME'))]).toEqual([0, [
      expect.stringMatching(/^192\.0\.2\.7 TIME GET \/one-5b1c step 1 of 3 of door: 1 taken, step 2 is next$/),
      expect.stringMatching(/^192\.0\.2\.7 TIME GET \/else no step of any rule/),
      expect.stringMatching(/^192\.0\.2\.7 TIME GET \/two-90ea step 2 of 3 of door: 2 taken, step 3 is next$/),
      expect.stringMatching(/^192\.0\.2\.7 TIME GET \/three-77d2 step 3 of 3 of door$/),
      '192.0.2.7 TIME => door: knocked rightly; nothing is opened, since only observed',
      ' the daemon would do it: open 22/tcp for 30s by null',
      '',
    ]])
    expect(stderr).toContain('source web: a line without an event: not a line of this format')
  })

  it('ends with 1 when nothing was knocked in time, and tells of lines that are too old', async () => {
    const { end, write, until } = watch('late', '--for', '3s')
    await until('source web is being followed')
    write(['/one-5b1c', '/two-90ea', '/three-77d2'].map((path) => request(path, new Date(Date.now() - 3_600_000))).join(''))
    const { code, stderr, stdout } = await end
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/a line of 192\.0\.2\.7 is 360\d s old, and does not count: its clock or zone is wrong/)
    expect(stderr).toContain('nothing was knocked rightly within 3s')
  })

  it('refuses a time that is none', async () => {
    expect(await watch('never', '--for', 'ever').end).toMatchObject({ code: 2, stderr: expect.stringContaining('--for "ever"') })
  })
})
