import { describe, expect, it } from 'vitest'
import type { Port } from '../parsers/event.ts'
import { placeOfJump } from '../src/firewalls/iptables-chains.ts'
import { admitted, catches, quotedWord, readRules } from '../src/firewalls/iptables-rules.ts'

const SSH = { proto: 'tcp', port: 22 as Port } as const

/** As iptables 1.8.9 prints them with -S. */
const RULES = [
  ['-s 192.0.2.1/32 -p tcp -m tcp --dport 22 -m comment --comment "knocktail ssh" -j ACCEPT', '192.0.2.1', false],
  ['-s 2001:db8::1/128 -p tcp -m tcp --dport 22 -j ACCEPT', '2001:db8::1', false],
  ['-s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT', undefined, false],
  ['! -s 192.0.2.1/32 -p tcp -m tcp --dport 22 -j ACCEPT', undefined, false],
  ['-s 192.0.2.1/32 -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT', undefined, false],
  ['-s 192.0.2.1/32 -p tcp -m tcp --dport 22 --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT', undefined, false],
  ['-s 192.0.2.1/32 -p udp -m udp --dport 22 -j ACCEPT', undefined, false],
  ['-s 192.0.2.1/32 -p tcp -m tcp --dport 22 -j DROP', undefined, false],
  ['-p tcp -m tcp --dport 22 -j ACCEPT', undefined, true],
  ['-p tcp -m tcp --dport 20:30 -j REJECT --reject-with tcp-reset', undefined, true],
  ['-p tcp -m tcp --dport 23:30 -j DROP', undefined, false],
  ['-j DROP', undefined, true],
  ['-p udp -j DROP', undefined, false],
  ['-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', undefined, false],
  ['-p tcp -m tcp ! --dport 22 -j DROP', undefined, false],
  ['-m comment --comment "-s 192.0.2.9/32" -j DROP', undefined, true],
] as const

describe('rules of iptables', () => {
  it.each(RULES)('%s', (text, address, catchesAll) => {
    const [rule, ...more] = readRules(`-A INPUT ${text}`)
    expect(more).toEqual([])
    expect(admitted(rule!, SSH)).toBe(address)
    expect(catches(rule!, SSH)).toBe(catchesAll)
  })

  it('are told from everything else that is printed', () => {
    expect(readRules('# Warning: iptables-legacy tables present\n-P INPUT DROP\n-N KNOCKTAIL\n-A INPUT -j KNOCKTAIL\n')).toEqual([
      { chain: 'INPUT', target: 'KNOCKTAIL', source: undefined, proto: undefined, ports: undefined, comment: undefined, isNarrower: false, isForOpening: false },
    ])
  })

  it('say their target, whatever comes before and after it', () => {
    const targets = readRules(RULES.map(([text]) => `-A INPUT ${text}`).concat('-A INPUT -j LOG --log-prefix "a -j DROP "').join('\n')).map(({ target }) => target)
    expect(targets).toEqual([...Array<string>(7).fill('ACCEPT'), 'DROP', 'ACCEPT', 'REJECT', 'DROP', 'DROP', 'DROP', 'ACCEPT', 'DROP', 'DROP', 'LOG'])
  })

  it.each(['knocktail ssh', 'single', 'a "b" \\c'])('have their comment as it was given: %s', (comment) => {
    expect(readRules(`-A X -m comment --comment ${quotedWord(comment)} -j ACCEPT`)[0]!.comment).toBe(comment)
  })

  it('that shut a door to what opens a connection shut it, and are none of ours if they open it', () => {
    const [drop, accept] = readRules('-A INPUT -p tcp -m tcp --dport 22 --tcp-flags SYN,ACK SYN -j DROP\n-A INPUT -s 192.0.2.1/32 -p tcp -m tcp --dport 22 --tcp-flags SYN,ACK SYN -j ACCEPT')
    expect(catches(drop!, SSH)).toBe(true)
    expect(admitted(accept!, SSH)).toBeUndefined()
    expect(catches(readRules('-A INPUT -p tcp --dport 22 --tcp-flags SYN,ACK SYN,ACK -j DROP')[0]!, SSH)).toBe(false)
  })

  it('have our jump before the first that drops or rejects', () => {
    const place = (...targets: readonly string[]): number => placeOfJump(readRules(targets.map((target) => `-A INPUT -j ${target}`).join('\n')))
    expect([place(), place('ACCEPT'), place('ACCEPT', 'DROP'), place('REJECT', 'DROP'), place('ACCEPT', 'LOG', 'REJECT')]).toEqual([1, 1, 2, 1, 3])
  })
})
