import type { Micros } from '../../parsers/time.ts'

/** What a report is made of: a record of the history, or of replay. */
export interface ReportRecord {
  readonly time: string
  readonly event: string
  readonly text?: string | undefined
  readonly rule?: string | undefined
  readonly address?: string | undefined
  readonly user?: string | undefined
  readonly [fact: string]: unknown
}

/** A door that stood open for an address. */
export interface Visit {
  readonly rule: string
  readonly user: string | undefined
  readonly address: string
  readonly from: Micros
  /** Undefined: until the end of what was told. */
  until: Micros | undefined
  extensions: number
}

/** Something that went wrong for an address, or was refused to it. */
export interface Mark {
  readonly kind: 'failure' | 'scan' | 'timeout' | 'refused'
  readonly rule: string
  readonly address: string
  readonly time: Micros
  readonly text: string
}

export interface Digest {
  readonly from: Micros
  readonly to: Micros
  readonly visits: readonly Visit[]
  readonly marks: readonly Mark[]
  /** How many attempts ended at which step, by rule. */
  readonly nearMisses: ReadonlyMap<string, ReadonlyMap<number, number>>
  /** Of sources, firewalls, the ledger: what an administrator should look at. */
  readonly troubles: readonly { readonly time: Micros; readonly text: string }[]
  /** Records that are about addresses beyond the bound. */
  readonly leftOut: number
}

const KINDS: Readonly<Record<string, Mark['kind']>> = {
  failure: 'failure', scan: 'scan', scanner: 'scan', trapped: 'scan', timeout: 'timeout', lockout: 'refused', refused: 'refused', capped: 'refused', paused: 'refused',
}
const TROUBLES: ReadonlySet<string> = new Set([
  'source-lost', 'source-suspended', 'source-quiet', 'firewall-failed', 'failed', 'vanished', 'restored', 'ledger-refused', 'ledger-damaged', 'helper-ended', 'clock-stepped', 'history-lost', 'one-time-low',
])

/** A page with more of anything helps nobody. */
const MOST = 5000

/** Gathers records, in the order of their times, into what a page shows. Memory is bounded. */
export class Digesting {
  readonly #open = new Map<string, Visit>()
  readonly #visits: Visit[] = []
  readonly #marks: Mark[] = []
  readonly #nearMisses = new Map<string, Map<number, number>>()
  readonly #troubles: { time: Micros; text: string }[] = []
  #from: Micros | undefined
  #to: Micros | undefined
  #leftOut = 0

  read(record: ReportRecord): void {
    const time = (Date.parse(record.time) * 1000) as Micros
    if (!Number.isFinite(time)) return
    this.#from = Math.min(this.#from ?? time, time) as Micros
    this.#to = Math.max(this.#to ?? time, time) as Micros
    const { event } = record
    if (event === 'open' || event === 'extend') this.#opened(record, time)
    else if (event === 'close') this.#closed(record, time)
    else if (event in KINDS) this.#marked(KINDS[event]!, record, time)
    else if (TROUBLES.has(event)) this.#keep(this.#troubles, { time, text: record.text ?? event })
  }

  /** Undefined: there was nothing. */
  finish(): Digest | undefined {
    if (this.#from === undefined || this.#to === undefined) return undefined
    return {
      from: this.#from, to: this.#to, visits: this.#visits, marks: this.#marks, nearMisses: this.#nearMisses, troubles: this.#troubles, leftOut: this.#leftOut,
    }
  }

  #opened({ rule = '', user, address = '', until }: ReportRecord, time: Micros): void {
    const key = `${address} ${rule} ${user ?? ''}`
    const standing = this.#open.get(key)
    if (standing) {
      standing.extensions++
      return
    }
    // A command that nothing undoes is over at once.
    const visit: Visit = { rule, user, address, from: time, until: until === null || until === undefined ? time : undefined, extensions: 0 }
    if (visit.until === undefined) this.#open.set(key, visit)
    this.#keep(this.#visits, visit)
  }

  #closed({ rule = '', user, address = '' }: ReportRecord, time: Micros): void {
    const key = `${address} ${rule} ${user ?? ''}`
    const standing = this.#open.get(key)
    if (standing) standing.until = time
    this.#open.delete(key)
  }

  #marked(kind: Mark['kind'], record: ReportRecord, time: Micros): void {
    const { rule = '', address = '', step } = record
    this.#keep(this.#marks, { kind, rule, address, time, text: whatOf(record) })
    if (typeof step !== 'number' || !Number.isInteger(step)) return
    const steps = this.#nearMisses.get(rule) ?? new Map<number, number>()
    this.#nearMisses.set(rule, steps.set(step, (steps.get(step) ?? 0) + 1))
  }

  #keep<T>(list: T[], item: T): void {
    if (list.length < MOST) list.push(item)
    else this.#leftOut++
  }
}

/** The text without what has a column of its own. */
function whatOf({ event, rule = '', address = '', user, text = event }: ReportRecord): string {
  const heads = [`${rule}: `, `${address} `, ...(user === undefined ? [] : [`(${user}) `])]
  return heads.reduce((rest, head) => (rest.startsWith(head) ? rest.slice(head.length) : rest), text)
}
