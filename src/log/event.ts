export type Level = 'debug' | 'info' | 'warn' | 'error'

/** One thing that happened: a name that stays the same, for programs; a sentence, for people; and the facts. */
export interface LogEvent {
  readonly level: Level
  readonly event: string
  readonly text: string
  /** Undefined ones are left out. */
  readonly facts: Readonly<Record<string, string | number | boolean | undefined>>
}
