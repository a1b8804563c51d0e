import { lastUsedOf } from '../../rules/one-time.ts'
import type { Spend, Spent } from '../../rules/spent.ts'
import type { Config, DoorRule } from '../config/config.ts'
import type { Outcome } from '../firewalls/firewall.ts'
import type { Helper } from '../front/helper.ts'
import type { Log } from '../log/log.ts'

export interface ListParts {
  readonly helper: Pick<Helper, 'spend'>
  readonly log: Log
  readonly dryRun: boolean
}

const GONE = 'it is not among the unused sequences of its list any more: somebody has crossed it out, or taken it out'

/**
 * The files of one-time sequences, in which what was used is crossed out. The ledger, written before, is what keeps a sequence from being
 * used again; the file is for a day when the ledger is lost, for its owner, and for knockd.
 */
export class Lists {
  readonly #parts: ListParts
  /** What is being crossed out: two rules may take their sequences from one list, and both are matched by one knock. */
  readonly #asked = new Map<string, Promise<Outcome>>()
  /** Rules whose list could not be written to when that was last tried. */
  readonly #failing = new Set<string>()

  constructor(parts: ListParts) {
    this.#parts = parts
  }

  /**
   * Resolves when it is crossed out on disk, or cannot be. Answers why nothing may be opened: what its owner has taken back opens nothing, though he has
   * not reloaded. A list that cannot be written to (a read-only /etc) is no reason to lock its user out: that is told, once.
   */
  async crossOut(door: DoorRule, spend: Spend): Promise<string | undefined> {
    if (spend.kind !== 'once' || this.#parts.dryRun) return undefined
    const outcome = await this.#ask(spend.id)
    this.#tell(door, outcome)
    return outcome.kind === 'foreign' ? GONE : undefined
  }

  /** Crosses out what the ledger knows to be used and the lists do not. */
  async catchUp({ rules }: Config, spent: Spent): Promise<void> {
    if (this.#parts.dryRun) return
    for (const door of rules) {
      for (const { sequences } of door.lists) {
        const spend = lastUsedOf(sequences, spent)?.spend
        if (spend?.kind === 'once') this.#tell(door, await this.#ask(spend.id))
      }
    }
  }

  #ask(id: string): Promise<Outcome> {
    const asked = this.#asked.get(id) ?? this.#parts.helper.spend(id).finally(() => this.#asked.delete(id))
    this.#asked.set(id, asked)
    return asked
  }

  #tell({ match: { name }, lists }: DoorRule, outcome: Outcome): void {
    // It was read, which says nothing of writing.
    if (outcome.kind === 'foreign') return
    const isFailing = 'why' in outcome
    if (isFailing === this.#failing.has(name)) return
    if (!isFailing) {
      this.#failing.delete(name)
      this.#parts.log.write({ level: 'info', event: 'list-recovered', text: `rule ${name}: used sequences are crossed out in its list again`, facts: { rule: name } })
      return
    }
    this.#failing.add(name)
    const text = `rule ${name}: used sequences cannot be crossed out in ${lists.map(({ path }) => path).join(', ')}: ${outcome.why}. The ledger keeps them from being used again: do not empty state_dir`
    this.#parts.log.write({ level: 'error', event: 'list-refused', text, facts: { rule: name } })
  }
}
