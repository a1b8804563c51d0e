import type { Port } from '../../parsers/event.ts'
import type { PortStep, Rule, Sequence } from '../../rules/rule.ts'
import type { Spent } from '../../rules/spent.ts'
import type { KnockKind, OneTimeList } from './config.ts'
import type { Report } from './problem.ts'
import type { WrittenSequence } from './sequence.ts'
import type { ReadFile, UserConfig } from './user-section.ts'

/** What of a section says how its rule is knocked. */
export interface KnockKeys {
  readonly sequence?: WrittenSequence | undefined
  readonly one_time_sequences?: string | undefined
  readonly passphrase_sha256?: string | undefined
  readonly users?: string[] | undefined
  readonly warn_below: number
  readonly digits?: '6' | '8' | undefined
  readonly bases?: Port[] | undefined
  readonly knocks?: number | undefined
  readonly port_range?: { readonly low: Port; readonly high: Port } | undefined
  readonly proto?: PortStep['proto'] | undefined
  readonly bind_address?: boolean | undefined
  readonly token_path?: string | undefined
  readonly method?: string[] | undefined
}

/** What it is read with. */
export interface KnockContext {
  readonly style: 'native' | 'knockd'
  readonly hostId: string
  readonly users: ReadonlyMap<string, UserConfig>
  /** Also those that could not be read. */
  readonly userNames: ReadonlySet<string>
  readonly readFile: ReadFile
  readonly report: Report
}

/** How a rule is knocked. */
export interface Knocks {
  readonly kind: KnockKind
  /** Those known beforehand; where they follow from the time, what they have in common. */
  readonly sequences: readonly Sequence[]
  readonly lists: readonly OneTimeList[]
  readonly users: readonly string[]
  /** How many of them, or of codes, are good at a time. */
  readonly validAtATime: number
  /** What is valid, when that was used up. */
  readonly given: (spent: Spent) => Pick<Rule, 'sequencesAt' | 'drawn' | 'onSpend'>
  /** Of the users' secrets. */
  readonly secretIds: readonly string[]
}
