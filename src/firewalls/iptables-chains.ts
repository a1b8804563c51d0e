import { isIPv6, type Address } from '../../parsers/address.ts'
import { readRules, type IptablesRule } from './iptables-rules.ts'
import { whyFailed } from './outcome.ts'
import { LISTING_BYTES, NOT_INSTALLED, type Ran } from './run.ts'
import type { Tools } from './tools.ts'

export const CHAIN = 'KNOCKTAIL'

/** The programs of both families. */
export const FAMILIES = ['iptables', 'ip6tables'] as const
export type Family = (typeof FAMILIES)[number]

export function familyOf(address: Address): Family {
  return isIPv6(address) ? 'ip6tables' : 'iptables'
}

/** As long as another iptables may hold the lock. Without a number it would be waited for for ever. */
export const WAIT = ['-w', '5']
const LIMIT_MS = 15_000

/** What a family's ruleset holds. `own` is undefined where our chain is not there. */
export interface Chains {
  readonly input: readonly IptablesRule[]
  readonly policy: string
  readonly own: readonly IptablesRule[] | undefined
}

/**
 * Text says why not. That INPUT can be read and our chain cannot means that it is not there: what iptables says of that
 * differs by version.
 */
export async function lookAtChains(family: Family, tools: Tools): Promise<Chains | string> {
  const input = await runIptables(family, [...WAIT, '-S', 'INPUT'], tools)
  if (input.code !== 0 || input.timedOut) return whyFailed(family, input)
  const own = await runIptables(family, [...WAIT, '-S', CHAIN], tools)
  if (own.timedOut) return whyFailed(family, own)
  return {
    input: readRules(input.stdout),
    policy: /^-P INPUT (\w+)/m.exec(input.stdout)?.[1] ?? '',
    own: own.code === 0 ? readRules(own.stdout) : undefined,
  }
}

/** Where our jump belongs among INPUT's rules, counted from 1: before the first that drops or rejects. */
export function placeOfJump(input: readonly IptablesRule[]): number {
  return Math.max(0, input.findIndex(({ target }) => target === 'DROP' || target === 'REJECT')) + 1
}

export function runIptables(name: Family | `${Family}-restore`, args: readonly string[], { run, find }: Tools, input?: string): Promise<Ran> {
  const program = find(name)
  if (program === undefined) return Promise.resolve(NOT_INSTALLED)
  return run({ program, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group', stdoutBytes: LISTING_BYTES, ...(input !== undefined && { input }) })
}
