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
  readonly literal: string
  /** Of `literal`: most items that are missing differ in it already. */
  readonly firstCode: number
  readonly kind: 'value' | 'word' | 'unit'
  readonly classBit: number
  readonly mayBeEmpty: boolean
  readonly optional: boolean
  /** Where the value's span, or a word's presence, is written. */
  readonly slot: number
}

/** Spans of one scan: `start[slot]` is -1 where the item was missing. */
export class Spans {
  readonly start: Int32Array
  readonly end: Int32Array
  constructor(slots: number) {
    this.start = new Int32Array(slots)
    this.end = new Int32Array(slots)
  }

  slice(text: string, slot: number): string {
    return text.slice(this.start[slot], this.end[slot])
  }
}

export interface Grammar {
  /** The slot of that key (`SPT=`) or word (`SYN`); throws if the grammar has no such key, so that a typing error shows at once. */
  readonly slot: (key: string) => number
  readonly slots: number
  /** Reads from `at`; answers where the grammar ended, or -1 if the text is not of it. */
  readonly scan: (text: string, at: number, spans: Spans) => number
}

export function grammar(source: string): Grammar {
  const items = source.trim().split(/\s+/).map(readItem)
  const keys = items.map((item) => item.literal.trim())
  return {
    slots: items.length,
    slot: (key) => {
      const slot = keys.indexOf(key)
      if (slot < 0) throw new TypeError(`no ${key} in the grammar ${source}`)
      return slot
    },
    scan: (text, at, spans) => scan(items, text, at, spans),
  }
}

function readItem(source: string, slot: number): Item {
  const optional = source.endsWith('?')
  const text = optional ? source.slice(0, -1) : source
  const value = /^(.+[=:]_?)([a-zA-Z])$/.exec(text)
  if (value) {
    const [, literal, name] = value
    return makeItem({ literal: literal!.replace('_', ' '), kind: 'value', classBit: BIT_OF[name!]!, mayBeEmpty: name! < 'a', optional, slot })
  }
  const unit = /^(.*[([])\.\.\.[)\]]$/.exec(text)
  const literal = unit ? unit[1]!.replace('_', ' ') : `${text} `
  return makeItem({ literal, kind: unit ? 'unit' : 'word', classBit: 0, mayBeEmpty: false, optional, slot })
}

function makeItem({ literal, kind, classBit, mayBeEmpty, optional, slot }: Omit<Item, 'firstCode'>): Item {
  return { literal, firstCode: literal.charCodeAt(0), kind, classBit, mayBeEmpty, optional, slot }
}

function scan(items: readonly Item[], text: string, at: number, spans: Spans): number {
  for (let index = 0; index < items.length; index++) {
    const item = items[index]!
    const isThere = text.charCodeAt(at) === item.firstCode && startsWith(text, at, item.literal)
    const end = isThere ? readEnd(item, text, at + item.literal.length) : -1
    spans.start[item.slot] = end < 0 ? -1 : at + item.literal.length
    spans.end[item.slot] = end
    if (end >= 0) at = Math.min(item.kind === 'word' ? end : end + 1, text.length)
    else if (!item.optional) return -1
  }
  return at
}

/** Where the item ends, before its blank; -1 if it is not well formed. */
function readEnd(item: Item, text: string, at: number): number {
  if (item.kind === 'word') return at
  const end = item.kind === 'unit' ? closing(text, at) : valueEnd(item.classBit, text, at)
  if (end < 0 || (end === at && !item.mayBeEmpty)) return -1
  return end === text.length || text.charCodeAt(end) === 32 ? end : -1
}

function valueEnd(classBit: number, text: string, at: number): number {
  let end = at
  while (end < text.length && (CLASS_BITS[text.charCodeAt(end)]! & classBit) !== 0) end++
  return end
}

/** Behind the bracket that closes the unit opened before `at`, or -1; also if it holds what no writer prints there. */
function closing(text: string, at: number): number {
  let depth = 1
  for (let end = at; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code < BLANK || code > TILDE || code === BACKSLASH) return -1
    if (code === 91 || code === 40) depth++
    else if ((code === 93 || code === 41) && --depth === 0) return end + 1
  }
  return -1
}

function startsWith(text: string, at: number, literal: string): boolean {
  for (let index = 1; index < literal.length; index++) {
    if (text.charCodeAt(at + index) !== literal.charCodeAt(index)) return false
  }
  return true
}

/** The decimal number of that span, or -1: empty, with a leading zero, or above `max`. */
export function readNumber(text: string, start: number, end: number, max: number): number {
  if (start < 0 || end - start > 10 || end === start) return -1
  if (text.charCodeAt(start) === 48 && end - start > 1) return -1
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value <= max ? value : -1
}
