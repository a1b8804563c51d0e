import type { Micros } from '../../parsers/time.ts'
import type { GuardLimits, OpenPort } from './config.ts'
import { readDuration, readPositiveDuration } from './duration.ts'
import { key, keyOr } from './schema.ts'
import { readInteger, readOpenPorts } from './values.ts'

/**
 * What a rule bears, as a native file has it: who mistypes a few times is not locked out, and caps only bound what a flood can do. Of
 * these, 0 is no limit.
 */
export const NATIVE_GUARD = {
  max_failures: keyOr(readInteger(0, 1000), '10'),
  max_rule_failures: keyOr(readInteger(0, 1_000_000), '0'),
  failure_window: keyOr(readPositiveDuration, '10m'),
  lockout: keyOr(readPositiveDuration, '10m'),
  trap_ports: key(readOpenPorts),
  max_opens: keyOr(readInteger(0, 1_000_000), '1200'),
  max_grants: keyOr(readInteger(0, 1_000_000), '1000'),
  cool_down: keyOr(readDuration, '0'),
}

/** knockd has no limits: a knockd.conf that sets none runs as it did. */
export const KNOCKD_GUARD = {
  ...NATIVE_GUARD,
  max_failures: keyOr(readInteger(0, 1000), '0'),
  max_opens: keyOr(readInteger(0, 1_000_000), '0'),
  max_grants: keyOr(readInteger(0, 1_000_000), '0'),
}

export const SCAN_PORTS = { native: '100', knockd: '0' } as const

export interface GuardKeys {
  readonly max_failures: number
  readonly max_rule_failures: number
  readonly failure_window: Micros
  readonly lockout: Micros
  readonly trap_ports?: OpenPort[] | undefined
  readonly max_opens: number
  readonly max_grants: number
  readonly cool_down: Micros
}

export function guardOf(keys: GuardKeys): GuardLimits {
  return {
    maxFailures: keys.max_failures,
    maxRuleFailures: keys.max_rule_failures,
    failureWindow: keys.failure_window,
    lockout: keys.lockout,
    trapPorts: keys.trap_ports ?? [],
    maxOpens: keys.max_opens,
    maxGrants: keys.max_grants,
    coolDown: keys.cool_down,
  }
}
