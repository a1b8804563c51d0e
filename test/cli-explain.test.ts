import { describe, expect, it } from 'vitest'
import { kernelLog, knocks } from './support/log-lines.ts'
import { run, useFolder } from './support/run.ts'

const folder = useFolder()
const SAMPLES = ['samples/replay/kern.log', 'samples/replay/access.log']

const explain = async (address: string, ...args: string[]): Promise<{ lines: string[]; stderr: string; code: number | null }> => {
  const { stdout, stderr, code } = await run(['explain', address, '-c', 'samples/replay/knocktail.conf', ...args])
  return { lines: stdout.split('\n').slice(0, -1), stderr, code }
}

describe('explain', () => {
  it('tells each knock, its step, what was next, why the attempt ended and what opened', async () => {
    const { lines, code } = await explain('198.51.100.23', SAMPLES[0]!)
    expect(code).toBe(0)
    expect(lines.map((line) => line.replace(/^.{24}  /, ''))).toEqual([
      '31877/tcp     step 1 of 3 of ssh: 1 taken, step 2 is next',
      '52044/tcp     step 3 of 3 of ssh: 2 taken, step 2 is next',
      '7412/udp      step 2 of 3 of ssh: 1 taken, step 1 is next',
      '=> ssh: failed at step 2 of 3, 7412/udp: it came too late to be a swapped one',
      '31877/tcp     step 1 of 3 of ssh: 1 taken, step 2 is next',
      '7412/udp      step 2 of 3 of ssh: 2 taken, step 3 is next',
      '52044/tcp     step 3 of 3 of ssh',
      '=> ssh: opened 22/tcp for 30s',
      '=> ssh: closed',
    ])
    expect(lines[0]).toMatch(/^2026-07-04 12:00:15\.200Z /)
    expect(lines[1]).toMatch(/^ +\+1\.200 s /)
  })

  it('tells copies, other ports and what is beyond a limit, by whom it was logged', async () => {
    const { lines } = await explain('203.0.113.20', ...SAMPLES)
    expect(lines.filter((line) => line.includes('a packet that was read before'))).toHaveLength(2)
    expect(lines.every((line) => line.includes('=>') || line.endsWith('(samples/replay/kern.log)'))).toBe(true)
    const config = folder.write('limits.conf', '[knocktail]\nfirewall = null\n[ssh]\nsequence = 7000, 8000, 9000\ninterface = wg0\nports = 22/tcp\n')
    const log = folder.write('limits.log', kernelLog(knocks([7000, 22])))
    const { stdout } = await run(['explain', '192.0.2.2', '-c', config, '--parser', 'kernel', log])
    expect(stdout).toContain('step 1 of 3 of ssh, but no knock: it did not come by one of the interfaces')
    expect(stdout).toContain('no step of any rule: one of the other ports')
  })

  it('says when more addresses knocked than may be remembered, and goes by what replay decides', async () => {
    const config = folder.write('few.conf', '[knocktail]\nfirewall = null\nmax_attempts = 16\n[ssh]\nsequence = 7000, 8000, 9000\nreorder = 0\nports = 22/tcp\n')
    const others = Array.from({ length: 16 }, (_, index) => ({ at: 1000 + index, port: 7000, src: `10.0.0.${index}` }))
    const log = folder.write('few.log', kernelLog([...knocks([7000]), ...others, ...knocks([8000, 9000], 400, { at: 2000 })]))
    const { stdout } = await run(['explain', '192.0.2.2', '-c', config, '--parser', 'kernel', log])
    expect(stdout.split('\n').map((line) => line.slice(26)).slice(0, -1)).toEqual([
      '7000/tcp      step 1 of 3 of ssh: 1 taken, step 2 is next',
      '=> forgotten: more have knocked than max_attempts = 16 allows to be remembered',
      '8000/tcp      step 2 of 3 of ssh',
      '9000/tcp      step 3 of 3 of ssh',
    ])
    const { stderr } = await run(['replay', '-c', config, '--parser', 'kernel', log])
    expect(stderr).toContain('ssh: 17 attempts, 0 opened, 2 forgotten: more had knocked than max_attempts allows to be remembered')
  })

  it('prints one object a line for programs', async () => {
    const { lines } = await explain('198.51.100.23', SAMPLES[0]!, '--json')
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(records[0]).toEqual({
      event: 'seen', time: '2026-07-04T12:00:15.200000Z', source: SAMPLES[0], what: '31877/tcp', as: 'knock',
      steps: [{ rule: 'ssh', step: 1, steps: 3, attempt: { taken: 1, next: 2 } }],
    })
    expect(records.map(({ event }) => event)).toContain('failure')
  })

  it('says so where there is nothing to tell', async () => {
    const { lines, stderr, code } = await explain('192.0.2.99', ...SAMPLES)
    expect([lines, code]).toEqual([[], 1])
    expect(stderr).toContain('no event of these logs is from 192.0.2.99')
    expect(await explain('nowhere', ...SAMPLES)).toMatchObject({ code: 2, stderr: expect.stringContaining('"nowhere" is no address') as string })
  })

  it('goes by the history without a log', async () => {
    const record = (address: string, text: string): string => JSON.stringify({ v: 1, time: '2026-07-04T12:00:00.000000Z', event: 'open', address, text })
    folder.write('history.jsonl', `${record('192.0.2.2', 'ssh: 192.0.2.2 opened 22/tcp for 30s')}\n${record('192.0.2.3', 'other')}\n`)
    const { lines, code } = await explain('192.0.2.2', '--state-dir', folder.path)
    expect([lines, code]).toEqual([['2026-07-04 12:00:00.000Z  ssh: 192.0.2.2 opened 22/tcp for 30s'], 0])
    expect((await explain('192.0.2.4', '--state-dir', folder.path)).code).toBe(1)
  })
})
