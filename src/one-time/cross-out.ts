/** An unused sequence of a list, on which line it stands (counted from 1). The same sequence has the same id on every line. */
export interface ListEntry {
  readonly line: number
  readonly id: string
}

/**
 * A list in which one entry, the unused ones before it and all that are the same as one of these are crossed out: `#` is put in front of the line, as
 * knockd has it, but never over the first digit. Whatever else is in the file stays, byte for byte. Undefined: the entry is not there.
 */
export function crossOut(text: string, id: string, unused: readonly ListEntry[]): string | undefined {
  const last = unused.findIndex((entry) => entry.id === id)
  if (last < 0) return undefined
  const used = new Set(unused.slice(0, last + 1).map((entry) => entry.id))
  const lines = new Set(unused.filter((entry) => used.has(entry.id)).map(({ line }) => line))
  return text.split('\n').map((line, index) => (lines.has(index + 1) ? `#${line}` : line)).join('\n')
}
