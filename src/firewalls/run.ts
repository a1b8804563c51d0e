/** One program to be run. No shell is involved: arguments are handed over as they are. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** After so long it is ended. */
  readonly timeLimitMs: number
  /**
   * What the time limit does. group: SIGKILL to the whole process group, grandchildren included.
   * term: only SIGTERM to the program itself, which may be amid a write that must not be cut (ufw); it is waited for.
   */
  readonly onTimeLimit: 'group' | 'term'
}

/** How it ended: `code` is undefined if a signal ended it or if it could not be started. Output is capped. */
export interface Ran {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
}

/** Never rejects: a program that cannot be started is a Ran, too. */
export type Runner = (command: Command) => Promise<Ran>
