import type { Network } from '../parsers/network.ts'
import type { Micros } from '../parsers/time.ts'
import type { Match } from '../rules/decision.ts'
import type { Spend } from '../rules/spent.ts'
import type { DoorRule } from './config/config.ts'
import type { Grant } from './grants/grants.ts'
import type { Happening } from './happening.ts'

/** What a live pipeline has beside its rules; replay has none of it. */
export interface LiveParts {
  /** This host's own addresses. */
  readonly own: Pick<Network, 'contains'>
  /** Told of every match before anything comes of it. */
  readonly matched: (match: Match) => void
  /** A sequence that is good once was used: `opens` says what comes of it, when that it was used is on disk, or else with why nothing may. */
  readonly useUp: (door: DoorRule, spend: Spend, asked: Asked, opens: (refused: string | undefined) => readonly Happening[]) => void
  /** A command that nothing undoes: it is run once for this match. */
  readonly runOnce: (door: DoorRule, asked: Asked) => void
  /** Whether that rule's matches open nothing for now. */
  readonly isPaused: (rule: string) => boolean
  /** Decide, and touch nothing. */
  readonly observeOnly: () => boolean
  /** Whether somebody is connected by that grant, as far as it can be seen. */
  readonly isConnected: (grant: Grant) => boolean
}

/** What a door is asked for. */
export interface Asked {
  readonly rule: string
  readonly address: Match['address']
  readonly user?: string
  readonly time: Micros
  /** By an administrator. */
  readonly admin?: true
}
