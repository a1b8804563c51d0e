import { unsafe } from 'ini'
import { controlFault, isDamaged, readSections, type Entry, type LineDialect, type Section } from './lines.ts'
import type { Report } from './problem.ts'
import { quoted } from '../printable.ts'
import type { Read } from './read.ts'
import { NAME, splitHeader, type SectionText, type TextEntry } from './section-text.ts'

const NATIVE: LineDialect = {
  comments: '#;',
  trim: (text) => text.trim(),
  fault: (line, isContent) =>
    controlFault(line) ??
    (isContent && isDamaged(line) ? 'the line is not UTF-8: convert the file, for instance with iconv' : undefined),
}

/** Reads a file with a [knocktail] section: ini's quoting, but what ini would pass over in silence is an error. */
export function readNative(text: string, report: Report): SectionText[] {
  const firstLines = new Map<string, number>()
  const sections: SectionText[] = []
  for (const section of readSections(text, NATIVE, report)) {
    const entries = readEntries(section, report)
    const head = readName(section.name)
    if ('fault' in head) {
      report.error(section.line, `${quoted(`[${section.name}]`)} ${head.fault}`)
      continue
    }
    const first = firstLines.get(section.name)
    if (first !== undefined) {
      report.error(section.line, `[${section.name}] is there twice, first on line ${first}: one of them must go`)
    }
    firstLines.set(section.name, first ?? section.line)
    sections.push({ ...head.value, line: section.line, entries })
  }
  return sections
}

function readName(header: string): Read<Pick<SectionText, 'kind' | 'name'>> {
  if (header === 'knocktail') return { value: { kind: 'global', name: header } }
  if (header === 'options') return { fault: "is knockd's section: Knocktail's own keys belong into [knocktail]" }
  const split = splitHeader(header)
  const value = split ?? ({ kind: 'rule', name: header } as const)
  if (value.name === '') return { fault: `needs a name: write [${value.kind} NAME]` }
  if (NAME.test(value.name)) return { value }
  return { fault: 'is no name: letters, digits, _ . and - are possible, 64 at most, the first a letter or digit' }
}

function readEntries(section: Section, report: Report): Map<string, TextEntry> {
  const entries = new Map<string, TextEntry>()
  for (const entry of section.entries) {
    const read = readEntry(entry, entries.get(entry.key))
    if ('fault' in read) report.error(entry.line, read.fault)
    else entries.set(entry.key, read.value)
  }
  return entries
}

function readEntry(entry: Entry, earlier: TextEntry | undefined): Read<TextEntry> {
  const { key, value, line } = entry
  if (value === undefined) return { fault: `${quoted(key)} is neither [section] nor key = value` }
  if (!/^\w+$/.test(key)) return { fault: `${quoted(key)} is no key: keys are made of small letters, digits and _` }
  if (earlier) return { fault: `${key}: is set twice, first on line ${earlier.line}: one of them must go` }
  const text = unquote(value)
  return 'fault' in text ? { fault: `${key}: ${text.fault}` } : { value: { key, value: text.value, line } }
}

/** The text that ini makes of a value, unless a reader might take it for another one. */
export function unquote(raw: string): Read<string> {
  const quote = raw.charAt(0)
  const fault = quote === '"' || quote === "'" ? quoteFault(raw, quote) : bareFault(raw)
  if (fault !== undefined) return { fault: `${quoted(raw)} ${fault}` }
  // Between single quotes ini would make a number of a number; the text is what was meant, and is the same.
  return { value: quote === "'" ? raw.slice(1, -1) : unsafe(raw) }
}

function bareFault(raw: string): string | undefined {
  if (/(?:^|[^\\])(?:\\\\)*[;#]/.test(raw)) return 'has ; or #, which begins a comment: put the whole value into quotes'
  const last = raw.at(-1)
  const isOdd = (last === '"' || last === "'") && raw.split(last).length % 2 === 0
  return isOdd ? 'ends with a quote that nothing opens: remove it, or put the whole value into quotes' : undefined
}

function quoteFault(raw: string, quote: string): string | undefined {
  if (raw.length < 2 || !raw.endsWith(quote)) {
    return 'begins with a quote that does not end it: put the whole value into quotes'
  }
  const inner = raw.slice(1, -1)
  // ini's types promise text, but what JSON reads as a number or a list comes back as that.
  const value: unknown = unsafe(raw)
  if (quote === "'") {
    if (inner.includes("'")) return 'has single quotes inside single quotes: use double quotes around it all'
    return String(value) === inner ? undefined : 'would be read as JSON: use double quotes'
  }
  if (typeof value !== 'string' || value === raw) {
    return 'is no JSON text: inside double quotes write \\" and \\\\, or use single quotes around it all'
  }
  return controlFault(value) === undefined ? undefined : 'stands for a control character: remove it'
}
