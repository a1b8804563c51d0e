import { expect, it } from 'vitest'
import { describeConfig } from '../src/check.ts'
import { config, problems } from './support/config.ts'

const lines = (text: string, readFile?: (path: string) => string): string[] => describeConfig(config(text, readFile))

it('shows a configuration as it was understood', () => {
  const text = `[knocktail]
firewall = nftables
never_open = 203.0.113.0/24
[source kernel]
follow = kmsg
prefix = "knock: "
[source pf]
follow = command:tcpdump -n -l -e -tt -i pflog0
[firewall nftables]
set4 = inet  filter knock4
[ssh]
sequence = 7000, 8000:udp, 9000
seq_timeout = 15s
from = 192.0.2.0/24
interface = eth0, wg0
target = any
ports = 22/tcp, 53/udp
open_for = 90s
[pc]
sequence = GET /x7, GET /y8
status = 200
start_command = wake %IP%
stop_command = sleep
start_command_6 =
closes = ssh
`
  expect(lines(text).join('\n')).toBe(`t.conf: native, 2 rules, no errors, 2 warnings
  knocktail
    firewall   nftables
    refuses    203.0.113.0/24
    scanners   whoever touches 100 ports within a minute
    limits     131072 addresses at a time, lines up to 1m old
    state      /var/lib/knocktail
  source kernel
    follows    kmsg
    prefix     "knock: "
  source pf
    follows    the output of tcpdump -n -l -e -tt -i pflog0
  firewall nftables
    set4       inet filter knock4
  ssh
    sequence   7000, 8000:udp, 9000 within 15s, reorder 500ms, other_ports 3, flags syn,!ack
    only       from 192.0.2.0/24; to any address; on eth0, wg0
    opens      22/tcp, 53/udp for 90s, at most 8h, by nftables
    deaf       to who fails 10 times within 10m (an IPv6 /48: 100), for 10m
    caps       1200 opens a minute; 1000 grants at a time
    keyspace   49.6 bits - reorder 2.6 - other ports 3.3 = 43.7 bits
    guessed    after 11 years on average, at 20,000 packets a second
  pc
    sequence   GET /x7, GET /y8 within 25s, reorder 500ms
    only       with status 200
    runs       wake %IP%
    on IPv6    nothing
    then       after 30s sleep
    closes     rule ssh
    deaf       to who fails 10 times within 10m (an IPv6 /48: 100), for 10m
    caps       1200 opens a minute; 1000 grants at a time
    keyspace   6.0 bits - reorder 1.0 = 5.0 bits
    guessed    after 0.002 seconds on average, at 20,000 packets a second
warning: t.conf:11: rule ssh: the ports 7000, 8000:udp, 9000 are ascending, the order of a port scan: shuffle them
warning: t.conf:19: rule pc leaves a guesser 5.0 bits: use more steps, or lower reorder and other_ports`)
})

it('says what a knockd.conf lacks', () => {
  expect(lines('[d]\nsequence = 9000,7000,8000,9000\ncommand = x\n')).toEqual([
    't.conf: knockd.conf, 1 rule, no errors',
    '  knocktail',
    '    sources    none: name one with [source NAME] or --source',
    '    limits     131072 addresses at a time, lines up to 1m old',
    '    state      /var/lib/knocktail',
    '  d',
    '    sequence   9000, 7000, 8000, 9000 within 25s, reorder 0, other_ports 3, flags any',
    '    runs       x',
    '    keyspace   64.0 bits - repeats 16.0 - other ports 3.3 = 44.7 bits',
    '    guessed    after 22 years on average, at 20,000 packets a second',
  ])
})

it('does not show the one-time sequences that are still good, and shows the weakest keyspace', () => {
  const text = '[knocktail]\n[d]\none_time_sequences = list\nstart_command = x\nreorder = 0\nother_ports = 0\n'
  const shown = lines(text, () => '# mine\n 9000, 7000, 8000\n 1500, 9000, 4000, 3000\n')
  expect(shown).toContain('    sequence   2 unused one-time sequences, the next on line 2, within 25s, reorder 0, other_ports 0, flags syn,!ack')
  expect(shown).toContain('    keyspace   48.0 bits - valid at a time 1.0 = 47.0 bits')
  expect(shown).toContain('    guessed    after 110 years on average, at 20,000 packets a second')
  expect(lines(text, () => '# none\n')).toContain('    sequence   none left in its one-time list, within 25s, reorder 0')
})

it('prints nothing of a file unescaped', () => {
  const shown = lines('[d]\nsequence = 9000,7000,8000\ncommand = a\u009b31m\u202e\n'.replace('\u009b', '')).join('\n')
  expect(shown).toContain('runs       a31m\\u202e')
})

const RULES = (backup: string, ssh = ''): string => `[knocktail]
firewall = nftables
[firewall nftables]
set4 = inet filter knock4
[ssh]
sequence = 31877, 7412:udp, 52044
ports = 22/tcp
${ssh}
[backup]
sequence = 18342, 61020, 25117
${backup}
`

it('refuses two doors in one set, which would open both', () => {
  const error = 'rules ssh and backup open different ports through one nftables set'
  expect(problems(RULES('ports = 873/tcp')).join('\n')).toContain(error)
  expect(problems(RULES('ports = 22/tcp'))).toEqual([])
  expect(problems(RULES('ports = 873/tcp\nfirewall = ufw'))).toEqual([])
  for (const [firewall, what] of [['pf', 'table'], ['ipset', 'set'], ['hosts.allow', 'list of daemons']] as const) {
    const through = RULES('ports = 873/tcp').replace('firewall = nftables', `firewall = ${firewall}`)
    expect(problems(through).join('\n')).toContain(`open different ports through one ${firewall} ${what}, so either would open both`)
    expect(problems(through.replace('873/tcp', '22/tcp'))).toEqual([])
  }
  expect(problems(RULES('ports = 873/tcp').replace('knock4\n', 'knock4\nelements = address . proto . service\n'))).toEqual([])
})

it('warns of limits that the log of a step cannot show', () => {
  expect(lines(RULES('ports = 22/tcp', 'status = 200')).join('\n')).toContain('rule ssh: status has no effect on ports')
  const web = RULES('ports = 22/tcp', 'interface = eth0').replace('52044', 'GET /door-4f1c')
  expect(lines(web).join('\n')).toContain('rule ssh can never open: no web log shows the interface of a request')
})
