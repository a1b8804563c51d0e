import { parseAddress, type Address } from '../../parsers/address.ts'
import type { OpenPort } from '../config/config.ts'

/** One rule as `iptables -S` prints it, as far as doors need it. */
export interface IptablesRule {
  readonly chain: string
  /** What it jumps to. */
  readonly target: string
  /** With its prefix length, where there is one. */
  readonly source: string | undefined
  readonly proto: string | undefined
  /** `22` or `1024:65535`. */
  readonly ports: string | undefined
  readonly comment: string | undefined
  /** It matches by more than these. */
  readonly isNarrower: boolean
  /** It matches only what opens a connection, which is all that matters to a door. */
  readonly isForOpening: boolean
}

const OPTIONS: Readonly<Record<string, 'chain' | 'source' | 'proto' | 'ports' | 'comment' | 'target'>> = {
  '-A': 'chain', '-s': 'source', '-p': 'proto', '--dport': 'ports', '--comment': 'comment', '-j': 'target', '-g': 'target',
}

/** Matches that only say what the options above say. */
const PLAIN_MATCHES: ReadonlySet<string> = new Set(['tcp', 'udp', 'comment'])

/** The rules (`-A` lines) of `iptables -S`, in order; also of a rules file of ufw. */
export function readRules(output: string): IptablesRule[] {
  return output.split('\n').filter((line) => line.startsWith('-A ')).map((line) => readRule(wordsOf(line)))
}

function readRule(words: readonly string[]): IptablesRule {
  const found: Partial<Record<(typeof OPTIONS)[string], string>> = {}
  let [isNarrower, isForOpening] = [false, false]
  for (let index = 0; index < words.length; index++) {
    const name = OPTIONS[words[index]!]
    const value = words[index + 1]
    if (name) found[name] ??= value ?? ''
    else if (words[index] === '--tcp-flags' && isOpening(words[index + 1], words[index + 2])) {
      isForOpening = true
      index += 2
    }
    // What follows the target says how it is done.
    else if (found.target === undefined && !(words[index] === '-m' && PLAIN_MATCHES.has(value ?? ''))) isNarrower = true
    if (name || words[index] === '-m') index++
  }
  const { chain = '', target = '', source, proto, ports, comment } = found
  return { chain, target, source, proto, ports, comment, isNarrower, isForOpening }
}

function isOpening(mask = '', set = ''): boolean {
  return set === 'SYN' && mask.split(',').includes('SYN')
}

/** Words are separated by blanks; in double quotes a backslash takes the next character as it is. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, inQuotes, word]) => word ?? inQuotes!.replaceAll(/\\(.)/g, '$1'))
}

/** A word as iptables-restore reads it back. */
export function quotedWord(word: string): string {
  return `"${word.replaceAll(/["\\]/g, '\\$&')}"`
}

/** The one address that a rule lets come in to exactly that port; undefined: it is another kind of rule. */
export function admitted(rule: IptablesRule, port: OpenPort): Address | undefined {
  if (rule.target !== 'ACCEPT' || rule.isNarrower || rule.isForOpening || rule.proto !== port.proto || rule.ports !== String(port.port)) return undefined
  return parseAddress(rule.source?.replace(/\/(?:32|128)$/, '') ?? '')
}

/** Whether a rule catches all that comes to that port, from wherever. */
export function catches(rule: IptablesRule, { proto, port }: OpenPort): boolean {
  if (rule.isNarrower || rule.source !== undefined) return false
  if (rule.proto !== undefined && rule.proto !== proto) return false
  const [first, last = first] = (rule.ports ?? `${port}`).split(':').map(Number)
  return first! <= port && port <= last!
}
