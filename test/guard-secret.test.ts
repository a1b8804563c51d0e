import { describe, expect, it } from 'vitest'
import { warnings } from './support/config.ts'
import { Gate } from './support/gate.ts'
import { CODES, codeOf, codes } from './support/guarded-codes.ts'
import { A, fail, rules, SEQ_TIMEOUT_S, STEPS } from './support/guarded.ts'

/** Nobody is locked out of a rule whose knocks prove a secret. */

describe('what proves a secret', () => {
  const list = (): string => '7001,7002,7003\n7011,7012,7013\n'
  const secret = `${rules('trap_ports = 23', 'scan_ports = 20')}[once]\none_time_sequences = list\nports = 22/tcp\nmax_failures = 1\nmax_rule_failures = 1\ntrap_ports = 24\n`

  it('is heard whatever others sent in its name', () => {
    const gate = new Gate(secret, list)
    fail(gate, A, 10)
    for (let round = 0; round < 20; round++) gate.touch(A, [7001, 7003, 23, 24])
    gate.touch(A, Array.from({ length: 30 }, (_, index) => 100 + index))
    expect(new Set(gate.pipeline.deaf.map(({ why }) => why))).toEqual(new Set(['trap', 'scan', 'lockout']))
    gate.wait(30)
    expect(gate.touch(A, [...STEPS, 7001, 7002, 7003])).toEqual(['open'])
    expect(gate.last('open')).toMatchObject({ rule: 'once' })
  })

  it('is heard after any number of wrong codes', () => {
    const gate = new Gate(CODES, codes)
    for (let time = 0; time < 50; time++) gate.touch(A, [7412, 31_877, 50_123, 20_000, 20_001])
    expect([gate.count('failure') > 20, gate.count('lockout'), gate.pipeline.deaf]).toEqual([true, 0, []])
    gate.wait(SEQ_TIMEOUT_S)
    expect(gate.touch(A, codeOf('alice', gate))).toEqual(['open'])
  })

  it('is told that such limits have no effect', () => {
    expect(warnings(secret, list).filter((line) => line.includes('no effect'))).toEqual([
      't.conf:10: rule once: trap_ports has no effect on knocks that prove a secret, since anyone could lock their user out: drop it',
      't.conf:10: rule once: max_rule_failures has no effect on knocks that prove a secret, since anyone could lock their user out: drop it',
    ])
  })
})
