import { controlFault, isDamaged, readSections, type Entry, type LineDialect, type Section } from './lines.ts'
import { unquote } from './native.ts'
import type { Report } from './problem.ts'
import { printable, quoted } from '../printable.ts'
import { NAME, splitHeader, type SectionKind, type SectionText, type TextEntry } from './section-text.ts'

/** knockd reads lines into PATH_MAX bytes and takes the rest of a longer one for a line of its own. */
const LONGEST_LINE = 4094

const KNOCKD: LineDialect = {
  comments: '#',
  trim: trimBlanks,
  fault: (line, isContent) => {
    if (!isContent) return undefined
    if (Buffer.byteLength(line) <= LONGEST_LINE) return controlFault(KNOCKD.trim(line))
    return `the line is longer than ${LONGEST_LINE} bytes: knockd would cut it in two; move the command into a script`
  },
}

/** Cuts what isspace(3) calls a blank; trim() cuts more, and an expression would look at blanks in the middle again and again. */
function trimBlanks(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** A blank, a tab, VT, FF or CR: lines hold no LF. */
function isBlank(code: number): boolean {
  return code === 32 || code === 9 || (code >= 11 && code <= 13)
}

/** Other names of the same key. */
const ALIASES: Readonly<Record<string, string>> = {
  command: 'start_command',
  command_6: 'start_command_6',
  timeout: 'seq_timeout',
}

/** The only words that stand without `=`. They say how knockd logs, so they mean nothing here. */
const WORDS: ReadonlySet<string> = new Set(['usesyslog'])

const COMMANDS: ReadonlySet<string> = new Set(['start_command', 'stop_command', 'start_command_6', 'stop_command_6'])

/** Reads a file without a [knocktail] section as knockd does: raw values, keys in any case, the last of duplicates. */
export function readKnockd(text: string, report: Report): SectionText[] {
  const names = new Map<string, number>()
  return readSections(text, KNOCKD, report).map((section) => {
    const head = readHead(section, names, report)
    return { ...head, line: section.line, entries: readEntries(section, head.kind, report) }
  })
}

function readHead(section: Section, names: Map<string, number>, report: Report): Pick<SectionText, 'kind' | 'name'> {
  // The case matters, as in knockd: [Options] is a door.
  if (section.name === 'options') return { kind: 'global', name: 'options' }
  const split = splitHeader(section.name)
  if (split && NAME.test(split.name)) return split
  if (section.name === '') report.error(section.line, '"[]" needs a name: write [NAME]')
  const plain = plainName(section.name)
  if (plain !== section.name) {
    const reason = 'commands could not bear the other characters'
    report.warning(section.line, `door ${quoted(section.name)} is called ${plain} here: ${reason}`)
  }
  const count = (names.get(plain) ?? 0) + 1
  names.set(plain, count)
  if (count === 1) return { kind: 'rule', name: plain }
  const name = `${plain}#${count}`
  report.warning(section.line, `there is a door ${plain} already: as in knockd both are used, this one is called ${name}`)
  return { kind: 'rule', name }
}

function plainName(name: string): string {
  const plain = name.replace(/[^\w.-]/g, '_')
  return (/^[A-Za-z0-9]/.test(plain) ? plain : `door${plain}`).slice(0, 64)
}

function readEntries(section: Section, kind: SectionKind, report: Report): Map<string, TextEntry> {
  const entries = new Map<string, TextEntry>()
  for (const entry of section.entries) {
    const read = readEntry(entry, kind, report)
    if (read === undefined) continue
    const earlier = entries.get(read.key)
    if (earlier) {
      const twice = `${read.key}: is set twice, first on line ${earlier.line}`
      report.warning(read.line, `${twice}: as in knockd the last one counts`)
    }
    entries.set(read.key, read)
  }
  return entries
}

function readEntry(entry: Entry, kind: SectionKind, report: Report): TextEntry | undefined {
  const lower = entry.key.toLowerCase()
  const { line, value } = entry
  if (value === undefined || WORDS.has(lower)) {
    if (value !== undefined) report.error(line, `${entry.key}: takes no value: write it alone on its line, as for knockd`)
    else if (!WORDS.has(lower)) report.error(line, `${quoted(entry.key)} is neither [section] nor key = value`)
    return undefined
  }
  const key = (Object.hasOwn(ALIASES, lower) ? ALIASES[lower] : undefined) ?? lower
  if (isDamaged(value)) reportDamage(key, line, report)
  if (kind !== 'source' && kind !== 'firewall') return { key, value, line }
  // knockd knows no such sections, so here Knocktail's own quoting holds: a prefix often ends in a blank.
  const text = unquote(value)
  if ('value' in text) return { key, value: text.value, line }
  report.error(line, `${key}: ${text.fault}`)
  return undefined
}

/** knockd hands any bytes to the shell; Node can hand on UTF-8 only, so the command would be another one. */
function reportDamage(key: string, line: number, report: Report): void {
  const advice = 'convert the file, for instance with iconv'
  if (COMMANDS.has(key)) report.warning(line, `${key}: is not UTF-8, so those bytes will not be run as they are: ${advice}`)
  else report.error(line, `${printable(key)}: is not UTF-8: ${advice}`)
}
