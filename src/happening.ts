import type { Address } from '../parsers/address.ts'
import { formatTime, type Micros } from '../parsers/time.ts'

/** Something that happened at the doors: what replay prints and, live, the history keeps. */
export type Happening = About & (
  | { readonly event: 'open' | 'extend'; readonly until: Micros | null }
  | { readonly event: 'close'; readonly by?: string }
  | { readonly event: 'failure' | 'scan' | 'timeout'; readonly step: number; readonly steps: number; readonly expected: string; readonly got?: string }
  | { readonly event: 'allowed' | 'observed' }
  | { readonly event: 'refused'; readonly why: string }
)

interface About {
  readonly rule: string
  readonly address: Address
  readonly user?: string
  readonly time: Micros
}

/** The same with its times as text, in the order in which the fields are printed. */
export function happeningRecord(happening: Happening): Record<string, unknown> {
  const { event, rule, address, user, time, ...rest } = happening
  const until = 'until' in rest && rest.until !== null ? { until: formatTime(rest.until) } : {}
  return { event, rule, address, ...(user !== undefined && { user }), time: formatTime(time), ...rest, ...until }
}
