import { quoted } from '../printable.ts'
import type { Report } from './problem.ts'

/** A line `key = value`; its value is as the file spells it. Undefined: there is no `=`. */
export interface Entry {
  readonly key: string
  readonly value: string | undefined
  readonly line: number
}

export interface Section {
  readonly name: string
  readonly line: number
  readonly entries: readonly Entry[]
}

/** Where the two dialects differ as lines. */
export interface LineDialect {
  /** Characters that make a whole line a comment. */
  readonly comments: string
  /** Blanks at both ends are cut as this dialect's own reader cuts them. */
  readonly trim: (text: string) => string
  /** What is wrong with a line, whatever it says; undefined: nothing. */
  readonly fault: (line: string, isContent: boolean) => string | undefined
}

/** Cuts a file into sections. A line that belongs nowhere is an error, never a line of the section before. */
export function readSections(text: string, dialect: LineDialect, report: Report): Section[] {
  const sections: Section[] = []
  let entries: Entry[] | undefined
  let strays = 0
  for (const [index, raw] of text.replace(/^\ufeff/, '').split('\n').entries()) {
    const line = index + 1
    const content = contentOf(raw.replace(/\r$/, ''), dialect, line, report)
    if (content === undefined) continue
    if (content.startsWith('[')) {
      entries = []
      const section = readHeader(content, line, entries, report)
      if (section) sections.push(section)
    } else if (entries !== undefined) {
      entries.push(readEntry(content, line, dialect))
    } else if (strays++ === 0) {
      // Once: a log in place of a configuration has nothing else.
      report.error(line, `${quoted(content)} stands before the first section: every key belongs to a [section]`)
    }
  }
  return sections
}

/** The trimmed line, or undefined if there is nothing to read on it. */
function contentOf(raw: string, dialect: LineDialect, line: number, report: Report): string | undefined {
  const text = dialect.trim(raw)
  const isContent = text !== '' && !dialect.comments.includes(text.charAt(0))
  const fault = dialect.fault(raw, isContent)
  if (fault !== undefined) report.error(line, fault)
  return isContent && fault === undefined ? text : undefined
}

/** After a broken header the keys below it are read and dropped: in another rule they would do harm. */
function readHeader(content: string, line: number, entries: Entry[], report: Report): Section | undefined {
  if (content.endsWith(']')) return { name: content.slice(1, -1), line, entries }
  report.error(line, `${quoted(content)} is no section: write [name] alone on its line`)
  return undefined
}

function readEntry(content: string, line: number, dialect: LineDialect): Entry {
  const split = content.indexOf('=')
  if (split < 0) return { key: content, value: undefined, line }
  return { key: dialect.trim(content.slice(0, split)), value: dialect.trim(content.slice(split + 1)), line }
}

// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/

/** The message for the first control character other than a tab. */
export function controlFault(line: string): string | undefined {
  const found = CONTROLS.exec(line)?.[0]
  return found === undefined ? undefined : `the line has the control character ${quoted(found)}: remove it`
}

/** Bytes that are not UTF-8 were read as U+FFFD. */
export function isDamaged(text: string): boolean {
  return text.includes('\ufffd')
}
