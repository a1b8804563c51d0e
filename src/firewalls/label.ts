const LONGEST = 60

/** The first word of every entry's comment: what has it is ours. */
const MARK = 'knocktail'

/** The comment of an entry: which rules open it, in characters that no firewall and no shell takes for anything else. */
export function labelOf(rules: readonly string[]): string {
  return `${MARK} ${reducedName(rules.join('.'))}`.slice(0, LONGEST).trimEnd()
}

/** A rule's name with nothing but letters, digits and `_ . # -` in it. */
export function reducedName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.#-]/g, '_')
}

/** Whether a comment says that the entry is ours. */
export function isOurs(comment: string | undefined): boolean {
  return comment === MARK || comment?.startsWith(`${MARK} `) === true
}
