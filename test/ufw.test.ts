import { describe, expect, it } from 'vitest'
import type { Port } from '../parsers/event.ts'
import { countAdmitted, decidesForAll, isWhole, readUfwRules, sameAsOurs } from '../src/firewalls/ufw-rules.ts'

const SSH = { proto: 'tcp', port: 22 as Port } as const

/** As ufw 0.36.2 writes them. */
const TUPLES = [
  ['allow tcp 22 0.0.0.0/0 any 192.0.2.1 in comment=6b6e6f636b7461696c20737368', '192.0.2.1', false],
  ['allow tcp 22 ::/0 any 2001:db8::2 in', '2001:db8::2', false],
  ['allow_log tcp 22 0.0.0.0/0 any 192.0.2.12 in', '192.0.2.12', false],
  ['limit tcp 22 0.0.0.0/0 any 192.0.2.10 in comment=6c696d', '192.0.2.10', false],
  ['deny tcp 22 0.0.0.0/0 any 0.0.0.0/0 in', undefined, true],
  ['allow tcp 22 0.0.0.0/0 any 192.0.2.10 in_eth0 comment=6966616365', undefined, false],
  ['allow any 22 0.0.0.0/0 any 192.0.2.14 in', undefined, false],
  ['allow tcp 22 0.0.0.0/0 any 192.0.2.15 OpenSSH - in', undefined, false],
  ['allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 OpenSSH - in', undefined, true],
  ['allow tcp 22 0.0.0.0/0 any 192.0.2.0/24 in', undefined, false],
  ['allow tcp 22 192.0.2.99 any 192.0.2.1 in', undefined, false],
  ['allow tcp 22 0.0.0.0/0 1024:65535 192.0.2.1 in', undefined, false],
  ['allow udp 22 0.0.0.0/0 any 192.0.2.1 in', undefined, false],
  ['allow tcp 80,20:30 0.0.0.0/0 any 0.0.0.0/0 in', undefined, true],
  ['allow tcp 80,443 0.0.0.0/0 any 0.0.0.0/0 in', undefined, false],
  ['allow any any ::/0 any ::/0 in', undefined, true],
  ['allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 out', undefined, false],
] as const

describe('ufw\'s rules', () => {
  it.each(TUPLES)('%s', (tuple, address, isForAll) => {
    const [rule, ...more] = readUfwRules(`### tuple ### ${tuple}\n`)
    expect(more).toEqual([])
    expect(sameAsOurs(rule!, SSH)).toBe(address)
    expect(decidesForAll(rule!, SSH)).toBe(isForAll)
  })

  it('have their comment in hexadecimal', () => {
    const [ours, plain] = readUfwRules(TUPLES.map(([tuple]) => `### tuple ### ${tuple}`).join('\n'))
    expect([ours!.comment, plain!.comment]).toEqual(['knocktail ssh', undefined])
  })

  it('are not read from what is none', () => {
    expect(readUfwRules('### tuple ###\n### tuple ### allow tcp\n# allow tcp 22 0.0.0.0/0 any 192.0.2.1 in\n')).toEqual([])
  })

  it('are whole if they end with COMMIT', () => {
    expect(isWhole('*filter\nCOMMIT\n')).toBe(true)
    expect(isWhole('*filter\nCOMMIT')).toBe(true)
    for (const text of ['', '*filter\nCOMM', '*filter\nCOMMIT\n### RATE', 'xCOMMIT']) expect(isWhole(text), text).toBe(false)
  })

  it('are counted the same in a file and in the kernel', () => {
    const file = '-A ufw-user-input -p tcp --dport 22 -s 192.0.2.1 -j ACCEPT\n-A ufw-user-input -i eth0 -p tcp --dport 22 -s 192.0.2.10 -j ACCEPT\n-A ufw6-user-input -p tcp --dport 22 -s 2001:db8::2 -j ACCEPT\n'
    const kernel = '-N ufw-user-input\n-A ufw-user-input -s 192.0.2.1/32 -p tcp -m tcp --dport 22 -j ACCEPT\n-A ufw-user-input -s 192.0.2.10/32 -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT\n-A ufw6-user-input -s 2001:db8::2/128 -p tcp -m tcp --dport 22 -j ACCEPT\n'
    expect([...countAdmitted(file, SSH)]).toEqual([['192.0.2.1', 1], ['2001:db8::2', 1]])
    expect(countAdmitted(kernel, SSH)).toEqual(countAdmitted(file, SSH))
    expect(countAdmitted(file + file, SSH).get('192.0.2.1' as never)).toBe(2)
  })
})
