import type { Address } from '../../parsers/address.ts'
import type { OpenPort } from '../config/config.ts'
import type { Outcome } from './firewall.ts'
import { DONE, failed, whyFailed } from './outcome.ts'
import { LISTING_BYTES, NOT_INSTALLED, type Ran } from './run.ts'
import type { Tools } from './tools.ts'
import { UfwFiles } from './ufw-files.ts'
import { countAdmitted, readUfwRules, sameAsOurs, type UfwRule } from './ufw-rules.ts'

/** ufw takes a lock, and is never ended amid a write: it would leave files and kernel in disagreement. */
const LIMIT_MS = 60_000
const KERNEL_LIMIT_MS = 15_000

/** The chains of the user's rules, by the program that prints them. */
const CHAINS = [['iptables', 'ufw-user-input'], ['ip6tables', 'ufw6-user-input']] as const

let last: Promise<unknown> = Promise.resolve()

/** One after the other, whichever target it is for: all of them write the same files. */
export function inUfwQueue<T>(task: () => Promise<T>): Promise<T> {
  const result = last.then(task)
  last = result.catch(() => {})
  return result
}

/** What ufw's files and the kernel hold for one port. */
export interface UfwSeen {
  /** All of the user's rules. */
  readonly all: readonly UfwRule[]
  /** Those that are the same to ufw as one of ours would be. */
  readonly rules: ReadonlyMap<Address, UfwRule>
  /** How many rules let an address in, by the files and by the kernel. */
  readonly files: ReadonlyMap<Address, number>
  readonly kernel: ReadonlyMap<Address, number>
}

/** ufw as it is: its files, the kernel, and the program that writes both. */
export class UfwState {
  readonly files: UfwFiles
  readonly #port: OpenPort
  readonly #program: string | undefined
  readonly #tools: Tools

  constructor(port: OpenPort, program: string | undefined, tools: Tools, folder: string) {
    this.files = new UfwFiles(folder)
    this.#port = port
    this.#program = program ?? tools.find('ufw')
    this.#tools = tools
  }

  get isInstalled(): boolean {
    return this.#program !== undefined
  }

  /** An inactive ufw takes rules and does nothing with them. */
  async whyInactive(): Promise<string | undefined> {
    const ran = await this.run(['status'])
    if (ran.code !== 0 || ran.timedOut) return whyFailed('ufw', ran)
    return /^Status: active/m.test(ran.stdout) ? undefined : 'ufw is not active: ufw enable'
  }

  /** Text says why not. */
  async look(): Promise<UfwSeen | string> {
    const texts = await this.files.read()
    if (typeof texts === 'string') return texts
    const kernel: string[] = []
    for (const [name, chain] of CHAINS) {
      const program = this.#tools.find(name)
      const ran = program === undefined ? undefined : await this.#tools.run({
        program, args: ['-w', '5', '-S', chain], timeLimitMs: KERNEL_LIMIT_MS, onTimeLimit: 'group', stdoutBytes: LISTING_BYTES,
      })
      if (ran?.code === 0) kernel.push(ran.stdout)
      else if (name === 'iptables') return `the kernel has no rules of ufw's: ${ran ? whyFailed(name, ran) : 'iptables is not installed'}`
    }
    return seenOf(texts.join('\n'), kernel.join('\n'), this.#port)
  }

  /** Text says why it was not done, or what went wrong with the files. */
  async write(args: readonly string[]): Promise<Ran | string> {
    const problem = (await this.#mend()) ?? (await this.files.keepCopies())
    if (problem !== undefined) return problem
    const ran = await this.run(args)
    return (await this.#mend()) ?? ran
  }

  /** Files that were cut, now or by a run that was ended, are put back, and loaded. */
  async #mend(): Promise<string | undefined> {
    const damage = await this.files.mend()
    if (damage === undefined) return undefined
    const problem = await this.#reload()
    return problem === undefined ? damage : `${damage}; ${problem}`
  }

  /** The kernel lets an address in by as many rules as the files do; where it does not, ufw loads them anew. */
  async agree(address: Address, seen: UfwSeen): Promise<Outcome> {
    if (doAgree(address, seen)) return DONE
    const problem = await this.#reload()
    if (problem !== undefined) return failed(problem)
    const now = await this.look()
    if (typeof now === 'string') return failed(now)
    return doAgree(address, now) ? DONE : failed(`ufw and the kernel do not agree on ${address}, also after ufw reload`)
  }

  /** Never from a file that was cut: ufw would leave INPUT with its policy, and no rules. */
  async #reload(): Promise<string | undefined> {
    const problem = await this.files.whyNotWhole()
    if (problem !== undefined) return problem
    const ran = await this.run(['reload'])
    return ran.code === 0 && !ran.timedOut ? undefined : whyFailed('ufw reload', ran)
  }

  run(args: readonly string[]): Promise<Ran> {
    if (this.#program === undefined) return Promise.resolve(NOT_INSTALLED)
    return this.#tools.run({ program: this.#program, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'term' })
  }
}

function seenOf(files: string, kernel: string, port: OpenPort): UfwSeen {
  const all = readUfwRules(files)
  const rules = new Map<Address, UfwRule>()
  for (const rule of all) {
    const address = sameAsOurs(rule, port)
    if (address !== undefined) rules.set(address, rule)
  }
  return { all, rules, files: countAdmitted(files, port), kernel: countAdmitted(kernel, port) }
}

function doAgree(address: Address, { files, kernel }: UfwSeen): boolean {
  return (files.get(address) ?? 0) === (kernel.get(address) ?? 0)
}
