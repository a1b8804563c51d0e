import { parseAddress } from '../../parsers/address.ts'
import { parseTargetId } from '../firewalls/target.ts'
import { quote, type Reply, type Request } from '../wire.ts'

const REQUEST = /^([1-9]\d{0,14}) (?:(add|renew) (\S+) (\S+) ([1-9]\d{0,8})|(remove|kill) (\S+) (\S+)|(list|check) (\S+)|(ping|reload|leave)|spend ([0-9a-f]{32}))$/
const ID = /^([1-9]\d{0,14})(?: |$)/

/** The request that a line is, or why it is none. Addresses must stand in their canonical text. */
export function parseRequest(line: string): Request | { readonly id: number; readonly problem: string } {
  const id = Number(ID.exec(line)?.[1] ?? 0)
  const words = REQUEST.exec(line)
  if (!words) return { id, problem: 'it is no request' }
  const [bare, entry] = [words[11], words[12]]
  if (bare === 'ping' || bare === 'reload' || bare === 'leave') return { id, verb: bare }
  if (entry !== undefined) return { id, verb: 'spend', entry }
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
