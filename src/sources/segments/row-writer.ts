import { addressNumber, type Address } from '../../../parsers/address.ts'
import { isParsed, type Outcome, type Parsed } from '../../../parsers/parser.ts'
import type { Stamp } from '../../../parsers/time.ts'
import { columnsIn, grown, memoryOf, rowsOf, type Columns } from './columns.ts'
import { isAlike } from './form.ts'
import { FIRST_TEXT, type Form, type Rows } from './rows.ts'

/** So many are compared with a line: a log has some protocols with some flags at some interfaces. */
const MOST_PATTERNS = 64

/** Makes rows of outcomes. */
export class RowWriter {
  #columns: Columns
  #count = 0
  readonly #forms: Form[] = []
  readonly #wholes = new Map<Outcome, number>()
  readonly #patterns: { readonly form: number; readonly outcome: Parsed }[] = []
  readonly #texts: string[] = []
  readonly #places = new Map<string, number>()

  /** `memory`: for columns; it may hold others that are done with. */
  constructor(memory: SharedArrayBuffer) {
    this.#columns = columnsIn(memory)
  }

  /** A line, and where its text is. */
  add(number: number, outcome: Outcome, start: number, end: number): void {
    const row = this.#count++
    if (row === rowsOf(this.#columns)) this.#columns = grown(this.#columns)
    const { numbers, starts, ends, forms } = this.#columns
    numbers[row] = number
    starts[row] = start
    ends[row] = end
    forms[row] = (isParsed(outcome) && this.#fits(row, outcome) ? this.#formLike(outcome) : undefined) ?? this.#whole(outcome)
  }

  finish(): Rows {
    return { count: this.#count, columns: memoryOf(this.#columns), forms: this.#forms, texts: this.#texts }
  }

  /** Puts into columns what they are for; false if that is not all of it. */
  #fits(row: number, { stamp, fields, forwardedFor }: Parsed): boolean {
    const { ats, texts, forwardedFor: lists, srcs, dsts, sports, dports, ipIds, seqs } = this.#columns
    ats[row] = spanOf(stamp)
    srcs[row] = this.#address(fields.src)
    if (forwardedFor !== undefined) lists[row] = this.#text(forwardedFor)
    if (fields.kind === 'request') {
      texts[row] = this.#text(fields.path)
      return true
    }
    dsts[row] = this.#address(fields.dst)
    return holds(sports, row, fields.sport) && holds(dports, row, fields.dport) && holds(ipIds, row, fields.ipId) && holds(seqs, row, fields.seq)
  }

  #formLike(outcome: Parsed): number | undefined {
    const known = this.#patterns.find((pattern) => isAlike(pattern.outcome, outcome))
    if (known) return known.form
    if (this.#patterns.length === MOST_PATTERNS) return undefined
    const form = this.#forms.push({ whole: false, outcome }) - 1
    this.#patterns.push({ form, outcome })
    return form
  }

  #whole(outcome: Outcome): number {
    const known = this.#wholes.get(outcome)
    if (known !== undefined) return known
    const form = this.#forms.push({ whole: true, outcome }) - 1
    this.#wholes.set(outcome, form)
    return form
  }

  #address(address: Address): number {
    const number = addressNumber(address)
    return number < 0 ? FIRST_TEXT + this.#text(address) : number
  }

  #text(text: string): number {
    const known = this.#places.get(text)
    if (known !== undefined) return known
    this.#places.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }
}

function spanOf(stamp: Stamp): number {
  return stamp.kind === 'none' ? 0 : stamp.kind === 'local' ? stamp.at.sinceMidnight : stamp.at
}

/** Whether a column can tell that number. */
function holds(column: Uint16Array | Uint32Array, row: number, value: number | undefined): boolean {
  if (value === undefined) return true
  column[row] = value
  return column[row] === value
}
