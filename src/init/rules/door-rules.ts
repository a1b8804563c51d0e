/** A file of a setup. */
export interface SetupFile {
  readonly name: string
  readonly text: string
  /** Nobody but its owner may read it. */
  readonly isSecret?: boolean
}

/** What a firewall must be told so that knocks are logged and the door is shut, and how to take it back. Commands are for root. */
export interface DoorRules {
  readonly files: readonly SetupFile[]
  readonly load: readonly string[]
  /** Leave everything as it was before `load`. They may be run when nothing was loaded. */
  readonly undo: readonly string[]
  /** So that the rules are there again after a restart of the machine. */
  readonly keep: readonly string[]
  /** What the admin should know before he loads them. */
  readonly notes: readonly string[]
  /** Lines of the configuration that say what is to be filled. */
  readonly settings: readonly string[]
}
