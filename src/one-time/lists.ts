import { accessSync, constants, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
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
  readonly #note: (text: string) => void
  #lists: readonly string[] = []
  #style: Config['style'] = 'native'
  #last: Promise<unknown> = Promise.resolve()

  /** `note` is told of lists that cannot be written to, while there is time to mend that. */
  constructor(tools: Tools, note: (text: string) => void) {
    this.#tools = tools
    this.#note = note
  }

  load({ rules, style }: Pick<Config, 'rules' | 'style'>): void {
    this.#lists = [...new Set(rules.flatMap(({ lists }) => lists.map(({ path }) => path)))]
    this.#style = style
    for (const path of this.#lists) {
      const why = refusalOf(path)
      if (why !== undefined) this.#note(`used sequences cannot be crossed out in ${path}, since its folder cannot be written to (${why}): only the ledger keeps them from being used again`)
    }
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

/** Why the folder of a file refuses a new one. */
function refusalOf(path: string): string | undefined {
  try {
    accessSync(dirname(realpathSync(path)), constants.W_OK)
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}
