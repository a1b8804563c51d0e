import type { SourceConfig } from '../config/config.ts'
import type { World } from './world.ts'

/** Something about this machine that an admin should know. */
export interface Finding {
  /** error: it does not work like that. warning: it may not do what was meant. note: it could not be looked at, or means nothing yet. */
  readonly severity: 'error' | 'warning' | 'note'
  readonly message: string
  /** The one command, or line of the configuration, that mends it. */
  readonly mend?: string | undefined
}

/** One that says what it is about: `source kernel`, `firewall nftables`. */
export interface MachineFinding extends Finding {
  readonly about: string
}

/** Looks at one thing that a source needs. */
export type SourceLook = (source: SourceConfig, world: World) => Promise<readonly Finding[]> | readonly Finding[]
