import { parseAddress, type Address } from '../../parsers/address.ts'
import type { Finding, Listed, Outcome } from '../firewalls/firewall.ts'
import { parseTargetId, type TargetId } from '../firewalls/target.ts'

/**
 * The helper's closed grammar: one ASCII line each way, at most 512 bytes to the helper. A request is
 *
 *     ID add    TARGET ADDRESS SECONDS
 *     ID renew  TARGET ADDRESS SECONDS
 *     ID remove TARGET ADDRESS
 *     ID kill   TARGET ADDRESS
 *     ID list   TARGET
 *     ID check  TARGET
 *     ID reload
 *     ID leave
 *
 * and each is answered by one line `ID done`, `ID foreign`, `ID unserved "WHY"` or `ID failed "WHY"`; before it, `list` sends
 * `ID entry ADDRESS SECONDS|- MARK`, `check` sends `ID finding error|warning "TEXT"`. Unasked come
 * `- changed FIREWALL` (it may have lost entries: compare) and `- note "TEXT"`; the first line is `- ready COUNT`. What is no request
 * is answered `failed`, with the ID 0 if it has none. Requests on one target are answered in order, those on others meanwhile.
 * `leave` ends the helper without closing anything; the end of its input means that the front has died: then the helper closes
 * what it opened, each at its time.
 */
export type Request =
  | { readonly id: number; readonly verb: 'add' | 'renew'; readonly target: TargetId; readonly address: Address; readonly seconds: number }
  | { readonly id: number; readonly verb: 'remove' | 'kill'; readonly target: TargetId; readonly address: Address }
  | { readonly id: number; readonly verb: 'list' | 'check'; readonly target: TargetId }
  | { readonly id: number; readonly verb: 'reload' | 'leave' }

export type TargetRequest = Exclude<Request, { verb: 'reload' | 'leave' }>

export type Reply =
  | ({ readonly id: number } & Outcome)
  | ({ readonly id: number; readonly kind: 'entry' } & Listed)
  | ({ readonly id: number; readonly kind: 'finding' } & Finding)
  | { readonly kind: 'ready'; readonly count: number }
  | { readonly kind: 'changed'; readonly firewall: string }
  | { readonly kind: 'note'; readonly text: string }

export const LONGEST_LINE = 512

const REQUEST = /^([1-9]\d{0,14}) (?:(add|renew) (\S+) (\S+) ([1-9]\d{0,8})|(remove|kill) (\S+) (\S+)|(list|check) (\S+)|(reload|leave))$/
const ID = /^([1-9]\d{0,14})(?: |$)/

/** The request that a line is, or why it is none. Addresses must stand in their canonical text. */
export function parseRequest(line: string): Request | { readonly id: number; readonly problem: string } {
  const id = Number(ID.exec(line)?.[1] ?? 0)
  const words = REQUEST.exec(line)
  if (!words) return { id, problem: 'it is no request' }
  const bare = words[11]
  if (bare === 'reload' || bare === 'leave') return { id, verb: bare }
  const target = parseTargetId(words[3] ?? words[7] ?? words[10]!)
  if (target === undefined) return { id, problem: 'it names no target' }
  const single = words[9]
  if (single === 'list' || single === 'check') return { id, verb: single, target }
  const text = words[4] ?? words[8]!
  const address = parseAddress(text)
  if (address === undefined || address !== text) return { id, problem: 'it names no address in its canonical text' }
  const timed = words[2]
  if (timed === 'add' || timed === 'renew') return { id, verb: timed, target, address, seconds: Number(words[5]) }
  return { id, verb: words[6] === 'kill' ? 'kill' : 'remove', target, address }
}

export function formatReply(reply: Reply): string {
  return `${'id' in reply ? reply.id : '-'} ${[reply.kind, ...wordsOf(reply)].join(' ')}\n`
}

function wordsOf(reply: Reply): readonly (string | number)[] {
  switch (reply.kind) {
    case 'unserved': case 'failed': return [quote(reply.why)]
    case 'entry': return [reply.address, reply.seconds ?? '-', reply.mark]
    case 'finding': return [reply.severity, quote(reply.message)]
    case 'ready': return [reply.count]
    case 'changed': return [reply.firewall]
    case 'note': return [quote(reply.text)]
    default: return []
  }
}

/** As JSON has it, in ASCII. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
