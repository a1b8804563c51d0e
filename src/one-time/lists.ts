import type { Config } from '../config/config.ts'
import { unusedEntries } from '../config/one-time.ts'
import { reasonOf } from '../error.ts'
import type { Outcome } from '../firewalls/firewall.ts'
import { DONE, failed, FOREIGN } from '../firewalls/outcome.ts'
import type { Tools } from '../firewalls/tools.ts'
import { readText, replaceText } from '../firewalls/whole-file.ts'
import { requireOwn } from '../ownership.ts'
import { crossOut, type ListEntry } from './cross-out.ts'

/** The one-time lists that a configuration names, for whoever may write to them. */
export class OneTimeLists {
  readonly #tools: Tools
  #lists: readonly string[] = []
  #style: Config['style'] = 'native'
  #last: Promise<unknown> = Promise.resolve()

  constructor(tools: Tools) {
    this.#tools = tools
  }

  load({ rules, style }: Pick<Config, 'rules' | 'style'>): void {
    this.#lists = [...new Set(rules.flatMap(({ lists }) => lists.map(({ path }) => path)))]
    this.#style = style
  }

  /**
   * Crosses an entry and those before it out in the list that it belongs to. done: they are, on disk. foreign: no list has it among its
   * unused ones: somebody else has crossed it out, or taken it out. One after the other, in the order asked for.
   */
  spend(id: string): Promise<Outcome> {
    const spent = this.#last.then(() => this.#spend(id))
    this.#last = spent
    return spent
  }

  async #spend(id: string): Promise<Outcome> {
    const problems: string[] = []
    for (const path of this.#lists) {
      const outcome = await this.#spendIn(path, id).catch((error: unknown) => failed(`${path} cannot be read: ${reasonOf(error)}`))
      if (outcome.kind === 'done') return outcome
      if ('why' in outcome) problems.push(outcome.why)
    }
    return problems.length > 0 ? failed(problems.join('; ')) : FOREIGN
  }

  async #spendIn(path: string, id: string): Promise<Outcome> {
    requireOwn(path)
    // Nothing is written, not even a lock, beside a list that has nothing to do with it.
    if (!this.#unused(path, await readText(path)).some((entry) => entry.id === id)) return FOREIGN
    let isThere = true
    const problem = await replaceText(path, (text) => {
      const edited = crossOut(text, id, this.#unused(path, text))
      isThere = edited !== undefined
      return edited
    }, { tools: this.#tools, backup: false })
    if (problem !== undefined) return failed(problem)
    return isThere ? DONE : FOREIGN
  }

  /** `text`: one character a byte. */
  #unused(path: string, text: string): readonly ListEntry[] {
    return unusedEntries(Buffer.from(text, 'latin1').toString(), path, this.#style)
  }
}
