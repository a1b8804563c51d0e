import { isIPv6, type Address } from '../../parsers/address.ts'
import type { OpenPort } from '../config/config.ts'
import { killByConntrack } from './conntrack.ts'
import type { Outcome } from './firewall.ts'
import { DONE, failed, unserved, whyFailed } from './outcome.ts'
import type { Ran } from './run.ts'
import { portsOf, type Target } from './target.ts'
import type { Tools } from './tools.ts'

const PROGRAM = 'ss'
const LIMIT_MS = 5000

/**
 * Ends the established flows of an address to the target's ports on Linux: this host's sockets by ss(8), which resets both
 * ends; those that are forwarded by conntrack(8), where that is installed. Needs CAP_NET_ADMIN and INET_DIAG_DESTROY.
 */
export async function killFlows(target: Target, address: Address, tools: Tools): Promise<Outcome> {
  const ports = portsOf(target)
  if (ports.length === 0) return unserved('no port says which flows are meant')
  const tracked = tools.find('conntrack') === undefined ? DONE : await killByConntrack(target, address, tools)
  const sockets = await endSockets(ports.filter(({ proto }) => proto === 'tcp'), address, tools)
  return sockets.kind === 'done' ? tracked : sockets
}

async function endSockets(ports: readonly OpenPort[], address: Address, { run, find }: Tools): Promise<Outcome> {
  if (ports.length === 0) return DONE
  const program = find(PROGRAM)
  if (program === undefined) return unserved('connections cannot be ended: ss is not installed')
  const ask = (switches: string): Promise<Ran> =>
    run({ program, args: [switches, 'state', 'connected', ...flowsOf(address, ports)], timeLimitMs: LIMIT_MS, onTimeLimit: 'group' })
  const ended = await ask('-HtnK')
  if (ended.code !== 0 || ended.timedOut) return failed(whyFailed(PROGRAM, ended))
  // It ends with 0 also where the kernel ends no sockets.
  const left = await ask('-Htn')
  if (left.code !== 0 || left.timedOut) return failed(whyFailed(PROGRAM, left))
  return left.stdout.split('\n').some((line) => ALIVE.test(line)) ? failed('the kernel does not end connections: it was built without INET_DIAG_DESTROY, or CAP_NET_ADMIN is missing') : DONE
}

/** What is left is a socket that still talks, not one that waits for its end. */
const ALIVE = /^(?:ESTAB|SYN-RECV|SYN-SENT|CLOSE-WAIT)\b/

function flowsOf(address: Address, ports: readonly OpenPort[]): string[] {
  const own = ports.flatMap(({ port }, index) => [...(index === 0 ? [] : ['or']), 'sport', '=', `:${port}`])
  return ['dst', isIPv6(address) ? `[${address}]` : address, '(', ...own, ')']
}
