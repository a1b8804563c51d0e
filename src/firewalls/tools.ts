import type { Firewall } from './firewall.ts'
import type { Runner } from './run.ts'
import type { Target } from './target.ts'

/** How a firewall reaches the machine. */
export interface Tools {
  readonly run: Runner
  /** The absolute path of a program, if it is installed. */
  readonly find: (program: string) => string | undefined
}

/** Makes one target ready for work; touches nothing yet. `label` is the comment of the entries that it makes. */
export type Opener = (target: Target, label: string, tools: Tools) => Firewall
