import { describe, expect, it } from 'vitest'
import type { Micros } from '../parsers/time.ts'
import { Conditions } from '../src/control/conditions.ts'
import type { LogEvent } from '../src/log/event.ts'
import { doorLogEvent } from '../src/log/door-events.ts'
import { ledgerLogEvents } from '../src/log/disk-events.ts'
import { sourceLogEvents } from '../src/log/source-events.ts'
import type { Address } from '../parsers/address.ts'
import type { Target } from '../src/firewalls/target.ts'

const clock = { now: 0 }
const clocks = { wall: (): Micros => clock.now as Micros, boot: (): Micros => clock.now as Micros }
const target: Target = { firewall: 'ufw', settings: {}, port: { proto: 'tcp', port: 22 as never } }
const address = '192.0.2.7' as Address

function after(...events: readonly LogEvent[]): string[] {
  const conditions = new Conditions(clocks)
  for (const event of events) conditions.see(event)
  return conditions.all().map(({ name, weight }) => `${weight} ${name}`)
}

describe('what was told stands until it is over', () => {
  const suspended = (source: string): LogEvent => sourceLogEvents.suspended(source, 'no such device', 250)
  const failed = (verb: 'add' | 'remove', retryMs?: number): LogEvent => doorLogEvent({ kind: 'failed', verb, why: 'x', retryMs, target, address })

  it.each<[string, LogEvent[], string[]]>([
    ['a source suspended', [suspended('a')], ['wrong source-suspended']],
    ['a source that runs again', [suspended('a'), suspended('b'), sourceLogEvents.running('a')], ['wrong source-suspended']],
    ['the ledger', [ledgerLogEvents.state(new Error('full'))], ['wrong ledger-refused']],
    ['the ledger, recovered', [ledgerLogEvents.state(new Error('full')), ledgerLogEvents.state(undefined)], []],
    ['a close that fails', [failed('remove', 1000)], ['wrong firewall-failed']],
    ['a close that went well in the end', [failed('remove', 1000), failed('remove', 2000), doorLogEvent({ kind: 'closed', ms: 1, target, address })], []],
    ['another place of the same firewall', [failed('remove', 1000), doorLogEvent({ kind: 'closed', ms: 1, target: { ...target, port: { proto: 'udp', port: 22 as never } }, address })], ['wrong firewall-failed']],
    ['what is not tried again', [failed('add')], []],
    ['losses, after what is wrong', [sourceLogEvents.lost('a', 3, 'x'), suspended('a')], ['wrong source-suspended', 'note source-lost']],
    ['nothing', [sourceLogEvents.running('a')], []],
  ])('%s', (_name, events, expected) => expect(after(...events)).toEqual(expected))

  it('a finding of another severity is another condition, and each goes by itself', () => {
    const finding = (level: 'error' | 'warn', message: string): LogEvent => ({ level, event: 'finding', text: `x: ${message}`, facts: { firewall: 'ufw', message } })
    expect(after(finding('error', 'a'), finding('warn', 'b'))).toEqual(['wrong finding-error', 'note finding'])
    expect(after(finding('error', 'a'), finding('warn', 'b'), { ...finding('error', 'a'), level: 'info', event: 'finding-gone' })).toEqual(['note finding'])
  })

  it('ends by itself where it would have been told again', () => {
    const conditions = new Conditions(clocks)
    conditions.see(failed('add', 1000))
    clock.now += 239e6
    expect(conditions.all().length).toBe(1)
    clock.now += 2e6
    expect(conditions.all()).toEqual([])
  })

  it('is bounded', () => {
    const conditions = new Conditions(clocks)
    for (let number = 0; number < 5000; number++) conditions.see({ ...failed('remove', 1000), facts: { place: 'ufw', address: String(number), retryMs: 1 } })
    expect(conditions.all().length).toBe(1000)
  })
})
