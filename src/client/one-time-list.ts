import type { FixedStep } from '../../rules/rule.ts'
import { readSequence } from '../config/sequence.ts'
import { KnocktailError } from '../error.ts'
import { findProgram, runCommand } from '../firewalls/run.ts'
import { replaceText } from '../firewalls/whole-file.ts'
import { printable } from '../printable.ts'
import { readOwnFile } from './secret-file.ts'

export interface Taken {
  readonly steps: readonly FixedStep[]
  /** How many unused ones there are after it. */
  readonly left: number
}

/** The next unused sequence of a list, which stays unused. Throws a KnocktailError if there is none, or if it cannot be read. */
export function nextOf(path: string): Taken {
  return firstUnused(path, readOwnFile(path))
}

/**
 * Takes the next unused sequence of our copy of a list, as the daemon reads it: `#` before it marks it used. That is on disk before this
 * returns, so that whatever happens then, it is never sent twice. Throws as `nextOf` does, and if the file cannot be changed.
 */
export async function takeNext(path: string): Promise<Taken> {
  let taken: Taken = nextOf(path)
  const problem = await replaceText(path, (text) => {
    const first = firstUnused(path, text)
    taken = first
    return text.split('\n').map((line, index) => (index === first.index ? `#${line}` : line)).join('\n')
  }, { tools: { run: runCommand, find: findProgram }, backup: false })
  if (problem !== undefined) throw new KnocktailError('failed', `${printable(problem)}; nothing was sent`)
  return taken
}

/** A line that cannot be read is told, not passed over: the daemon's list has another sequence in its place. */
function firstUnused(path: string, text: string): Taken & { readonly index: number } {
  // One character a byte, the mark of UTF-8 too.
  const lines = text.replace(/^\u00ef\u00bb\u00bf/, '').split('\n').map((line) => line.trim())
  const unused = lines.flatMap((content, index) => (content === '' || content.startsWith('#') ? [] : [{ content, index }]))
  const first = unused[0]
  if (first === undefined) throw new KnocktailError('failed', `${printable(path)} has no unused sequence: get a new list, here and at the server`)
  const read = readSequence(first.content)
  if ('value' in read) return { steps: read.value, index: first.index, left: unused.length - 1 }
  throw new KnocktailError('config', `${printable(path)}:${first.index + 1}: the line is no sequence: write ports separated by commas, as 7000, 8000:udp`)
}
