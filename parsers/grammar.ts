import { wordAt, type Line } from './bytes.ts'

/**
 * `KEY=value` grammars as data. A grammar is a string of items in the order in which the log prints them:
 *   `KEY=n`  a key and a value of class n, then a blank     `WORD`  a bare word, then a blank
 *   `(...)`  or `[...]` as a unit, brackets inside counted   `_` stands for a blank
 *   `?` behind an item: it may be missing
 * A blank at the very end of the line may be missing. One scan from left to right, nothing is tried twice.
 */

/** Classes of value characters; those in lower case may not be empty. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  n: /[0-9]/,
  x: /[0-9a-fA-FxX]/,
  a: /[0-9a-fA-F:.]/,
  w: /[0-9A-Za-z]/,
  t: /[0-9a-fA-F:.>-]/,
  M: /[0-9a-fA-F:]/,
  // Names of interfaces hold no `/` and no `:` (dev_valid_name), and a backslash is an escaped byte of one that nobody types.
  // No `=`: it would be taken for a key, and the end of an unknown prefix for an interface.
  I: /[!-.0-9;<>-[\]-~]/,
}

/** One bit a class, for every byte. */
const CLASS_BITS = new Uint8Array(256)
const BIT_OF: Readonly<Record<string, number>> = Object.fromEntries(
  Object.keys(CLASSES).map((name, index) => [name, 1 << index]),
)
for (const [name, expression] of Object.entries(CLASSES)) {
  for (let code = 0; code < 256; code++) {
    if (expression.test(String.fromCharCode(code))) CLASS_BITS[code]! |= BIT_OF[name]!
  }
}

const BLANK = 32
const BACKSLASH = 92
const TILDE = 126

interface Item {
  readonly key: string
  readonly literal: Uint8Array
  /** Of `literal`: most items that are missing differ in it already. */
  readonly firstCode: number
  readonly kind: 'value' | 'word' | 'unit'
  readonly classBit: number
  readonly mayBeEmpty: boolean
  readonly optional: boolean
}

/** Spans of one scan: `start[slot]` is -1 where the item was missing. */
export class Spans {
  readonly start: Int32Array
  readonly end: Int32Array
  constructor(slots: number) {
    this.start = new Int32Array(slots)
    this.end = new Int32Array(slots)
  }

  word({ bytes }: Line, slot: number): string {
    return wordAt(bytes, this.start[slot]!, this.end[slot]!)
  }
}

export interface Grammar {
  /** The slot of that key (`SPT=`) or word (`SYN`); throws if the grammar has no such key, so that a typing error shows at once. */
  readonly slot: (key: string) => number
  readonly slots: number
  /** Reads from `at`; answers where the grammar ended, or -1 if the line is not of it. */
  readonly scan: (line: Line, at: number, spans: Spans) => number
}

export function grammar(source: string): Grammar {
  const items = source.trim().split(/\s+/).map(readItem)
  const keys = items.map(({ key }) => key)
  return {
    slots: items.length,
    slot: (key) => {
      const slot = keys.indexOf(key)
      if (slot < 0) throw new TypeError(`no ${key} in the grammar ${source}`)
      return slot
    },
    scan: (line, at, spans) => scan(items, line, at, spans),
  }
}

function readItem(source: string): Item {
  const optional = source.endsWith('?')
  const text = optional ? source.slice(0, -1) : source
  const value = /^(.+[=:]_?)([a-zA-Z])$/.exec(text)
  if (value) {
    const [, literal, name] = value
    return makeItem({ literal: literal!.replace('_', ' '), kind: 'value', classBit: BIT_OF[name!]!, mayBeEmpty: name! < 'a', optional })
  }
  const unit = /^(.*[([])\.\.\.[)\]]$/.exec(text)
  const literal = unit ? unit[1]!.replace('_', ' ') : `${text} `
  return makeItem({ literal, kind: unit ? 'unit' : 'word', classBit: 0, mayBeEmpty: false, optional })
}

function makeItem({ literal, ...rest }: Omit<Item, 'key' | 'literal' | 'firstCode'> & { literal: string }): Item {
  const codes = Buffer.from(literal, 'latin1')
  return { key: literal.trim(), literal: codes, firstCode: codes[0]!, ...rest }
}

function scan(items: readonly Item[], { bytes, end: stop }: Line, at: number, { start: starts, end: ends }: Spans): number {
  for (let index = 0; index < items.length; index++) {
    const item = items[index]!
    const { literal } = item
    const isThere = bytes[at] === item.firstCode && at + literal.length <= stop && continuesWith(bytes, at, literal)
    const end = isThere ? readEnd(item, bytes, at + literal.length, stop) : -1
    starts[index] = end < 0 ? -1 : at + literal.length
    ends[index] = end
    if (end >= 0) at = Math.min(item.kind === 'word' ? end : end + 1, stop)
    else if (!item.optional) return -1
  }
  return at
}

/** Where the item ends, before its blank; -1 if it is not well formed. */
function readEnd({ kind, classBit, mayBeEmpty }: Item, bytes: Uint8Array, at: number, stop: number): number {
  if (kind === 'word') return at
  const end = kind === 'unit' ? closing(bytes, at, stop) : valueEnd(classBit, bytes, at, stop)
  if (end < 0 || (end === at && !mayBeEmpty)) return -1
  return end === stop || bytes[end] === BLANK ? end : -1
}

function valueEnd(classBit: number, bytes: Uint8Array, at: number, stop: number): number {
  let end = at
  while (end < stop && (CLASS_BITS[bytes[end]!]! & classBit) !== 0) end++
  return end
}

/** Behind the bracket that closes the unit opened before `at`, or -1; also if it holds what no writer prints there. */
function closing(bytes: Uint8Array, at: number, stop: number): number {
  let depth = 1
  for (let end = at; end < stop; end++) {
    const code = bytes[end]!
    if (code < BLANK || code > TILDE || code === BACKSLASH) return -1
    if (code === 91 || code === 40) depth++
    else if ((code === 93 || code === 41) && --depth === 0) return end + 1
  }
  return -1
}

/** Of a literal whose first byte is there already. */
function continuesWith(bytes: Uint8Array, at: number, literal: Uint8Array): boolean {
  for (let index = 1; index < literal.length; index++) {
    if (bytes[at + index] !== literal[index]) return false
  }
  return true
}

/** The decimal number of that span, or -1: empty, with a leading zero, or above `max`. */
export function readNumber(bytes: Uint8Array, start: number, end: number, max: number): number {
  if (start < 0 || end - start > 10 || end === start) return -1
  if (bytes[start] === 48 && end - start > 1) return -1
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value <= max ? value : -1
}
