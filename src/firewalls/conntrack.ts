import { isIPv6, type Address } from '../../parsers/address.ts'
import type { Outcome } from './firewall.ts'
import { DONE, failed, unserved, whyFailed } from './outcome.ts'
import { portsOf, type Target } from './target.ts'
import type { Tools } from './tools.ts'

const PROGRAM = 'conntrack'
const LIMIT_MS = 5000

/** What conntrack(8) says when it has found nothing to delete, which is exit code 1. */
const NONE = /\b0 flow entries have been deleted/

/**
 * Lets the kernel forget the flows of an address to the target's ports. Its next packet is a new flow's, and the ruleset that no
 * longer lets the address in drops it.
 */
export async function killByConntrack(target: Target, address: Address, { run, find }: Tools): Promise<Outcome> {
  const ports = portsOf(target)
  if (ports.length === 0) return unserved('no port says which flows are meant')
  const program = find(PROGRAM)
  if (program === undefined) return unserved('flows cannot be ended: conntrack is not installed')
  for (const { proto, port } of ports) {
    const args = ['-D', '-f', isIPv6(address) ? 'ipv6' : 'ipv4', '-s', address, '-p', proto, '--dport', String(port)]
    const ran = await run({ program, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group' })
    if (ran.code !== 0 && !NONE.test(ran.stderr)) return failed(whyFailed(PROGRAM, ran))
  }
  return DONE
}
