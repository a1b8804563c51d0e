/** Stands for all rules, in the ledger too: no rule has that name. */
export const EVERY_RULE = ''

/** The rules whose matches open nothing until an administrator says so; kept in the ledger, so that no restart opens them by itself. */
export class Paused {
  readonly #rules = new Set<string>()

  /** Undefined: every rule. */
  add(rule: string = EVERY_RULE): void {
    this.#rules.add(rule)
  }

  /** False if it was not paused; undefined: whatever was. */
  delete(rule?: string): boolean {
    const was = rule === undefined ? this.#rules.size > 0 : this.#rules.has(rule)
    if (rule === undefined) this.#rules.clear()
    else this.#rules.delete(rule)
    return was
  }

  has(rule: string): boolean {
    return this.#rules.size > 0 && (this.#rules.has(rule) || this.#rules.has(EVERY_RULE))
  }

  get isEvery(): boolean {
    return this.#rules.has(EVERY_RULE)
  }

  all(): string[] {
    return [...this.#rules]
  }
}
