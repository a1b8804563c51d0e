import type { Gate } from './gate.ts'

/** What the guard's tests share: one static rule, and how an address fails by it. */

export const A = '192.0.2.2'
export const B = '198.51.100.7'
export const STEPS = [7000, 9000, 8000]
/** Two right ports, the second one out of turn. */
export const FAILURE = [7000, 8000]
/** After so long without a knock an attempt is forgotten, also one that had too many. */
export const SEQ_TIMEOUT_S = 25

export const rules = (keys = '', globals = ''): string => `[knocktail]
firewall = null
${globals}
[ssh]
sequence = 7000, 9000, 8000
reorder = 0
ports = 22/tcp
open_for = 30s
${keys}
`

export function fail(gate: Gate, src: string, times: number): void {
  for (let time = 0; time < times; time++) gate.touch(src, FAILURE)
}

/** An address for each number below 54,000, each in a /16 of its own, none in 9.0.0.0/8. */
export const spread = (number: number): string => `${10 + (number % 213)}.${Math.floor(number / 213)}.0.1`
