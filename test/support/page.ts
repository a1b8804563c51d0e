import { readFileSync } from 'node:fs'

/**
 * A page of docs/, as its test reads it: each indented block has a comment before it that says where it belongs.
 *
 *     <!-- on server -->             each line is a command, run there in a shell of its own; it must end with 0
 *     <!-- on client, fails -->      it must not
 *     <!-- on server, stays -->      it goes on while the page does; the next block waits until it follows its log
 *     <!-- on server, stays, known for minutes -->   the same, on a machine where it ran some minutes ago, too
 *     <!-- file server:/PATH -->     the text of that file, which the words before it name
 *     <!-- prints -->                lines that the block before prints, in this order; times, seconds and process numbers may be others
 *     <!-- not run: REASON -->
 */
type Directive =
  | { readonly kind: 'run'; readonly host: HostName; readonly fails: boolean }
  | { readonly kind: 'stay'; readonly host: HostName; readonly isKnown: boolean }
  | { readonly kind: 'file'; readonly host: HostName; readonly path: string }
  | { readonly kind: 'prints' }
  | { readonly kind: 'not run'; readonly reason: string }

export const HOSTS = ['server', 'client', 'inner'] as const
export type HostName = (typeof HOSTS)[number]

export interface Block {
  /** Of its first line, from 1. */
  readonly line: number
  readonly directive: Directive
  readonly text: string
}

export function readPage(path: string): Block[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  const blocks: Block[] = []
  let comment = ''
  let words = ''
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!
    if (/^<!-- .* -->$/.test(line)) comment = line.slice(5, -4)
    else if (line.startsWith('    ')) {
      const end = endOfBlock(lines, at)
      const text = lines.slice(at, end).map((one) => one.slice(4)).join('\n')
      const directive = readDirective(comment, `${path}:${at + 1}`)
      if (directive.kind === 'file' && !words.includes(directive.path.replace('/root/.', '~/.'))) throw new Error(`${path}:${at + 1}: the words before it do not name ${directive.path}`)
      blocks.push({ line: at + 1, directive, text })
      comment = words = ''
      at = end - 1
    } else if (line !== '' && comment !== '') throw new Error(`${path}:${at + 1}: the comment before it belongs to no block`)
    else words += `${line}\n`
  }
  return blocks
}

/** Blank lines belong to a block if it goes on behind them. */
function endOfBlock(lines: readonly string[], start: number): number {
  let end = start
  for (let at = start; at < lines.length && (lines[at] === '' || lines[at]!.startsWith('    ')); at++) if (lines[at] !== '') end = at + 1
  return end
}

function readDirective(comment: string, place: string): Directive {
  const [, host, how] = /^on (\w+)(?:, (.*))?$/.exec(comment) ?? []
  if (isHost(host)) {
    if (how === undefined || how === 'fails') return { kind: 'run', host, fails: how === 'fails' }
    if (how === 'stays' || how === 'stays, known for minutes') return { kind: 'stay', host, isKnown: how !== 'stays' }
  }
  const [, owner, path] = /^file (\w+):(\/\S+)$/.exec(comment) ?? []
  if (isHost(owner)) return { kind: 'file', host: owner, path: path! }
  if (comment === 'prints') return { kind: 'prints' }
  const reason = /^not run: (.+)$/.exec(comment)?.[1]
  if (reason !== undefined) return { kind: 'not run', reason }
  throw new Error(`${place}: nothing says where this block belongs: ${comment || 'no comment before it'}`)
}

function isHost(text: string | undefined): text is HostName {
  return HOSTS.some((host) => host === text)
}

/** The commands of a block: a line each, or more where one ends with a backslash. */
export function commandsOf({ text }: Block): string[] {
  return text.replaceAll('\\\n', '\0').split('\n').map((line) => line.replaceAll('\0', '\\\n')).filter((line) => line.trim() !== '')
}

/** The lines that are not in the output, each after the one before; `...` stands for any. */
export function missingLines(shown: string, output: string): string[] {
  const has = output.split('\n').map(plain)
  let from = 0
  return shown.split('\n').filter((line) => {
    if (line.trim() === '...' || line.trim() === '') return false
    const at = has.indexOf(plain(line), from)
    if (at >= 0) from = at + 1
    return at < 0
  })
}

/** Without what is another one each time. */
function plain(line: string): string {
  return line
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?|\b\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, 'TIME')
    .replaceAll(/\b(?:process|port) \d+|\b\d+(?:\.\d+)? ?m?s\b/g, 'N')
    .replaceAll(/\s+/g, ' ').trim()
}
