import type { Address } from '../parsers/address.ts'
import { formatTime, type Micros } from '../parsers/time.ts'

/** Something that happened at the doors: what replay prints and, live, the history keeps. */
export type Happening = AtRule | Scanner

type AtRule = About & (
  | { readonly event: 'open' | 'extend'; readonly until: Micros | null }
  /** `by`: a rule that ended it; `roomFor`: whose grant took its place at the cap. */
  | { readonly event: 'close'; readonly by?: string; readonly roomFor?: Address }
  | { readonly event: 'failure' | 'scan' | 'timeout'; readonly step: number; readonly steps: number; readonly expected: string; readonly got?: string; readonly why?: 'spent' }
  | { readonly event: 'allowed' | 'observed' | 'paused' }
  | { readonly event: 'refused'; readonly why: string }
  /** The rule does not listen to that network until then; `any`: to nobody. */
  | { readonly event: 'lockout'; readonly network: string; readonly until: Micros }
  | { readonly event: 'trapped'; readonly port: string; readonly until: Micros }
  | { readonly event: 'capped'; readonly cap: 'max_opens' | 'max_grants'; readonly limit: number }
  | { readonly event: 'cooled'; readonly until: Micros }
)

/** So many different ports were touched within a minute: rules that prove no secret do not listen until then. */
interface Scanner extends Omit<About, 'rule' | 'user'> {
  readonly event: 'scanner'
  readonly rule?: never
  readonly user?: never
  readonly ports: number
  readonly until: Micros
}

interface About {
  readonly rule: string
  readonly address: Address
  readonly user?: string
  readonly time: Micros
  /** An administrator asked for it, and nobody knocked. */
  readonly admin?: true
}

/** The same with its times as text, in the order in which the fields are printed. */
export function happeningRecord(happening: Happening): Record<string, unknown> {
  const { event, rule, address, user, time, ...rest } = happening
  const until = 'until' in rest && rest.until !== null ? { until: formatTime(rest.until) } : {}
  return { event, ...(rule !== undefined && { rule }), address, ...(user !== undefined && { user }), time: formatTime(time), ...rest, ...until }
}
