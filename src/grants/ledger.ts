import type { Micros } from '../../parsers/time.ts'
import type { Grant } from './grants.ts'
import type { InHand } from './in-hand.ts'
import type { KeyRecords } from './key-records.ts'
import { formatLedger, parseLedger, type LedgerState } from './ledger-text.ts'
import type { Matches } from './matches.ts'
import type { Paused } from './paused.ts'
import type { Spent } from '../../rules/spent.ts'
import { Slots } from './slots.ts'

/** What the ledger keeps, where it is kept while we run. */
export interface LedgerContents {
  readonly boot: string
  readonly begun: () => Micros
  readonly grants: { readonly all: () => Iterable<Grant> }
  readonly keys: KeyRecords
  readonly matches: Matches
  readonly spent: Pick<Spent, 'all'>
  readonly paused: Pick<Paused, 'all'>
  readonly inHand: Pick<InHand, 'all'>
}

/** What was found at start. */
export interface LedgerFound {
  /** Undefined: there was none that could be read; nothing from before this process can be told apart. */
  readonly state: LedgerState | undefined
  readonly keptAside: readonly string[]
}

/** What the doors want of a ledger. */
export interface LedgerKeeping {
  /** Why the last write failed. */
  readonly problem: unknown
  /** From here on `save` writes these. */
  readonly keep: (contents: LedgerContents) => void
  /**
   * Resolves with true when all that the contents held at this call is on disk, with false if the disk refuses. `soon`: it is written beside
   * the work, and may wait until that takes no more than its share of the time.
   */
  readonly save: (when?: 'now' | 'soon') => Promise<boolean>
}

/** For so many times what a write has kept us from other work the next one that is only wanted soon is put off: some milliseconds of a large ledger. */
const REST = 9

/** Of a daemon that only looks on. */
export const NO_LEDGER: LedgerKeeping = { problem: undefined, keep: () => {}, save: () => Promise.resolve(true) }

/** The durable record of grants. */
export class Ledger implements LedgerKeeping {
  readonly #slots: Slots
  #contents: LedgerContents | undefined
  #writing: Promise<boolean> = Promise.resolve(true)
  /** The write that has not begun: whatever is to be saved now goes with it. */
  #next: Promise<boolean> | undefined
  #restUntil = 0
  #isUrgent = false
  #hurry = (): void => {}
  /** Why the last write failed. */
  problem: unknown = undefined

  constructor(path: string) {
    this.#slots = new Slots(path, (text) => parseLedger(text) !== undefined)
  }

  /** Throws as fs does if the files cannot even be opened. */
  async open(): Promise<LedgerFound> {
    const { text, keptAside } = await this.#slots.open()
    return { state: text === undefined ? undefined : parseLedger(text), keptAside }
  }

  /** From here on `save` writes these. */
  keep(contents: LedgerContents): void {
    this.#contents = contents
  }

  save(when: 'now' | 'soon' = 'now'): Promise<boolean> {
    this.#next ??= this.#writeNext()
    if (when === 'now') {
      this.#isUrgent = true
      this.#hurry()
    }
    return this.#next
  }

  async close(): Promise<void> {
    await this.#next
    await this.#writing
    await this.#slots.close()
  }

  async #writeNext(): Promise<boolean> {
    await this.#writing
    if (!this.#isUrgent) await this.#rest()
    this.#isUrgent = false
    this.#next = undefined
    this.#writing = this.#write()
    return this.#writing
  }

  /** Until what is at hand is done at least, unless somebody hurries. */
  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#restUntil - performance.now())
      this.#hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #write(): Promise<boolean> {
    const begun = performance.now()
    try {
      const written = this.#slots.write(formatLedger(ledgerStateOf(this.#contents!)))
      const done = performance.now()
      this.#restUntil = done + REST * (done - begun)
      await written
      this.problem = undefined
      return true
    } catch (error) {
      this.problem = error
      return false
    }
  }
}

/** What the contents hold at this moment. */
export function ledgerStateOf({ boot, begun, grants, keys, matches, spent, paused, inHand }: LedgerContents): LedgerState {
  return { boot, begun: begun(), grants: [...grants.all()], keys: [...keys.all()], matches: [...matches.entries()], spent: spent.all(), paused: paused.all(), inHand: inHand.all() }
}
