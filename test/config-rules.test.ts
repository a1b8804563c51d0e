import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../parsers/time.ts'
import { config, problems, warnings } from './support/config.ts'
import { HEAD, only, rule } from './support/native-config.ts'

/** What rules say together, and what is warned of. */

const two = (first: string, second: string): string => `${HEAD}[a]\nstart_command = x\n${first}\n[b]\nstart_command = x\n${second}\n`
const about = (text: string): string[] => warnings(text).filter((warning) => /rules? a and b|that of rule/.test(warning))

describe('two rules', () => {
  it('may not be each other in another order, if both tolerate swaps', () => {
    expect(problems(two('sequence = 7000, 9000, 8000', 'sequence = 9000, 8000, 7000'))).toEqual([
      't.conf:5: rules a and b are the same ports in another order and both tolerate swaps: set reorder = 0 in both, or change a port',
    ])
    expect(about(two('sequence = 7000, 9000, 8000', 'sequence = 9000, 8000, 7000\nreorder = 0'))).toEqual([
      't.conf:5: rules a and b are the same ports in another order, and a tolerates swaps, so quick knocks count for both: set reorder = 0 in both, or change a port',
    ])
    expect(about(two('sequence = 7000, 9000, 8000\nreorder = 0', 'sequence = 9000, 8000, 7000\nreorder = 0'))).toEqual([])
  })

  it('of the same sequence are named, unless no event can be a knock of both', () => {
    expect(about(two('sequence = 7000, 9000, 8000', 'sequence = 7000, 9000, 8000'))).toEqual([
      't.conf:5: rules a and b have the same sequence: the same knocks open both',
    ])
    expect(about(two('sequence = 7, 9, 8\nfrom = 192.0.2.0/24', 'sequence = 7, 9, 8\nfrom = 192.0.2.64/26'))).toHaveLength(1)
    expect(about(two('sequence = 7, 9, 8\nfrom = 192.0.2.0/24', 'sequence = 7, 9, 8\nfrom = 192.0.3.0/24'))).toEqual([])
    expect(about(two('sequence = 7, 9, 8\ntcpflags = syn', 'sequence = 7, 9, 8\ntcpflags = !syn'))).toEqual([])
  })

  it('where one is a prefix or a part of the other are named', () => {
    expect(about(two('sequence = 7000, 9000', 'sequence = 7000, 9000, 8000'))).toEqual([
      't.conf:5: the sequence of rule a is a prefix of that of rule b, so whoever knocks for b opens a on the way: change a port',
    ])
    expect(about(two('sequence = 7000, 9000, 8000', 'sequence = 7000, 8000'))).toEqual([expect.stringContaining('rule b is contained in that of rule a')])
    expect(about(two('sequence = 7000, 9000, 8000', 'sequence = 8000, 9000'))).toEqual([])
    expect(about(two('sequence = 7000, 9000', 'sequence = 7000:udp, 9000, 8000'))).toEqual([])
  })
})

it('more rules than anybody has are refused before every two of them are compared', () => {
  const many = (count: number): string => HEAD + Array.from({ length: count }, (_, number) => `[r${number}]\nsequence = 7000, 8000, ${number + 1}\nstart_command = true\n`).join('')
  expect(problems(many(1001))).toEqual(['t.conf:3002: rule r1000 is one of 1001: there may be 1000 at most; let several users share a rule'])
})

describe('warnings', () => {
  it.each([
    ['sequence = 7000, 8000, 9000', 'the ports 7000, 8000, 9000 are ascending'],
    ['sequence = 9000, 8000:udp, 7000', 'are descending'],
    ['sequence = 7000', 'opens after a single knock'],
    ['sequence = 9000, 443, 8000', 'port 443 is used by https'],
    ['sequence = 9000, 514:udp, 8000', 'port 514:udp is used by syslog'],
    ['sequence = 9000, 8000', 'leaves a guesser 29.0 bits'],
  ])('%s', (sequence, message) => {
    expect(warnings(`${HEAD}[a]\nstart_command = x\n${sequence}\n`)).toEqual([expect.stringContaining(message)])
  })

  it('ports without a firewall that could open them', () => {
    const [none = [], pf = [], ufw = []] = ['', 'firewall = pf', 'firewall = ufw'].map((key) => warnings(`${HEAD}${key}\n[a]\nports = 22\nsequence = 9000, 7000, 8000\n`))
    expect(none).toEqual([expect.stringContaining('has ports but no firewall')])
    expect(pf).toEqual([expect.stringContaining('add [firewall pf] with table')])
    expect(ufw).toEqual([])
  })
})

describe('what a rule bears of guessers and floods', () => {
  it('has its defaults, and what is written', () => {
    expect(only(rule())).toMatchObject({ guard: {
      maxFailures: 10, maxRuleFailures: 0, failureWindow: 10 * MINUTE, lockout: 10 * MINUTE, trapPorts: [], maxOpens: 1200, maxGrants: 1000, coolDown: 0,
    } })
    const keys = ['max_failures = 3', 'max_rule_failures = 50', 'failure_window = 1h', 'lockout = 90s', 'trap_ports = 23, 5353/udp', 'max_opens = 6', 'max_grants = 2', 'cool_down = 1m']
    expect(only(rule(...keys))).toMatchObject({ guard: {
      maxFailures: 3, maxRuleFailures: 50, failureWindow: HOUR, lockout: 90 * SECOND, trapPorts: [{ proto: 'tcp', port: 23 }, { proto: 'udp', port: 5353 }], maxOpens: 6, maxGrants: 2, coolDown: MINUTE,
    } })
    expect([config(HEAD).scanPorts, config(`${HEAD}scan_ports = 0\n`).scanPorts]).toEqual([100, 0])
  })

  it.each([['max_failures = 1001'], ['lockout = 0'], ['failure_window = 0'], ['trap_ports = 0'], ['max_grants = -1'], ['cool_down = soon']])('refuses %s', (key) => {
    expect(problems(rule(key))).toHaveLength(1)
  })
})
