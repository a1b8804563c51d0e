import { expect, it } from 'vitest'
import { kernelLog, knocks, type LoggedPacket } from './support/log-lines.ts'
import { jsonLines, run, useFolder } from './support/run.ts'

/** Guessers, scanners and floods as replay tells of them. */

const GUESSER = '203.0.113.9'
const STEPS = [31877, 7412, 52044]

const folder = useFolder()
const CONFIG = folder.write('knocktail.conf', `[knocktail]
firewall = null
[ssh]
sequence = ${STEPS.join(', ')}
reorder = 0
ports = 22/tcp
open_for = 30s
max_failures = 3
trap_ports = 23
max_grants = 2
max_opens = 4
[once]
one_time_sequences = ${folder.write('list', '50001, 50002, 50003\n50011, 50012, 50013\n')}
ports = 22/tcp
open_for = 10s
cool_down = 1m
`)

/** What happens to `src` from second `at` on. */
const from = (at: number, src: string, ports: readonly number[]): LoggedPacket[] => knocks(ports, 100, { src, at: at * 1000 })
const guess = [STEPS[0]!, STEPS[2]!]

const LOG = folder.write('kern.log', kernelLog([
  ...from(0, GUESSER, [...guess, ...guess, ...guess, ...STEPS]),
  ...from(2, '2001:db8:7:1::5', [23, ...STEPS]),
  ...from(3, '198.51.100.3', Array.from({ length: 101 }, (_, index) => 100 + index)),
  ...from(14, '192.0.2.1', STEPS), ...from(15, '192.0.2.2', STEPS), ...from(16, '192.0.2.3', STEPS), ...from(17, '192.0.2.4', STEPS), ...from(18, '192.0.2.5', STEPS),
  ...from(19, GUESSER, [50001, 50002, 50003]), ...from(20, GUESSER, [50011, 50012, 50013]),
  ...from(601, GUESSER, STEPS),
]))

it('tells for programs who is not listened to, by which rule, and until when', async () => {
  const { stdout, code } = await run(['replay', '-c', CONFIG, '--parser', 'kernel', '--json', LOG])
  expect(code).toBe(0)
  const told = jsonLines(stdout).filter(({ event }) => event !== 'failure')
  const at = (seconds: string): string => `2026-07-04T12:${seconds}000Z`
  expect(told.filter(({ event }) => !['open', 'close'].includes(String(event)))).toEqual([
    { event: 'lockout', rule: 'ssh', address: GUESSER, time: at('00:00.500'), network: GUESSER, until: at('10:00.500') },
    { event: 'trapped', rule: 'ssh', address: '2001:db8:7:1::5', time: at('00:02.000'), port: '23/tcp', until: at('01:02.000') },
    { event: 'scanner', address: '198.51.100.3', time: at('00:12.900'), ports: 100, until: at('01:12.900') },
    { event: 'capped', rule: 'ssh', address: '192.0.2.5', time: at('00:18.200'), cap: 'max_opens', limit: 4 },
    { event: 'cooled', rule: 'once', address: GUESSER, time: at('00:20.200'), until: at('01:19.200') },
  ])
  expect(told.filter(({ event }) => ['open', 'close'].includes(String(event))).map(({ event, rule, address, roomFor }) => [event, rule, address, roomFor].filter(Boolean).join(' '))).toEqual([
    'open ssh 192.0.2.1', 'open ssh 192.0.2.2', 'close ssh 192.0.2.1 192.0.2.3', 'open ssh 192.0.2.3', 'close ssh 192.0.2.2 192.0.2.4', 'open ssh 192.0.2.4',
    `open once ${GUESSER}`, `close once ${GUESSER}`, 'close ssh 192.0.2.3', 'close ssh 192.0.2.4', `open ssh ${GUESSER}`, `close ssh ${GUESSER}`,
  ])
})

it('tells it for people, and counts it', async () => {
  const { stdout, stderr } = await run(['replay', '-c', CONFIG, '--parser', 'kernel', LOG])
  for (const line of [
    /ssh +203\.0\.113\.9 +failed too often: deaf to 203\.0\.113\.9 for 10m$/m,
    /ssh +2001:db8:7:1::5 +touched the trap 23\/tcp: deaf to it for 1m$/m,
    /^\S+ \S+ +198\.51\.100\.3 +touched 100 ports within a minute, which is a scan: rules without secrets are deaf to it for 1m$/m,
    /ssh +192\.0\.2\.1 +closed to make room for 192\.0\.2\.3$/m,
    /ssh +192\.0\.2\.5 +knocked rightly, but no door is opened for it: max_opens is 4$/m,
    /once +203\.0\.113\.9 +knocked rightly again, which counts for nothing for another 59s$/m,
  ]) expect(stdout).toMatch(line)
  expect(stderr).toMatch(/^ssh: \d+ attempts, 5 opened, .*1 lock-out, 1 refused by a cap$/m)
})

it('says in check what each rule bears', async () => {
  const { stdout } = await run(['check', '-c', CONFIG])
  expect(stdout).toMatch(/^ {4}scanners {3}whoever touches 100 ports within a minute$/m)
  expect(stdout).toMatch(/^ {4}deaf {7}to who fails 3 times within 10m \(an IPv6 \/48: 30\), for 10m\n {4}traps {6}23\/tcp\n {4}caps {7}4 opens a minute; 2 grants at a time$/m)
  expect(stdout).toMatch(/^ {4}deaf {7}to nobody: it proves a secret\n {4}caps {7}1200 opens a minute; 1000 grants at a time\n {4}cools {6}1m after a match$/m)
})
