import { isDeepStrictEqual } from 'node:util'
import { parseAddress } from '../../parsers/address.ts'
import { formatRequest, parseReply } from '../../src/front/client-protocol.ts'
import { formatReply, parseRequest } from '../../src/helper/protocol.ts'
import { parseRecord } from '../../src/history/record.ts'
import { LONGEST_LINE, type Reply } from '../../src/wire.ts'
import { decoded, require, type Target } from '../target.ts'
import { address as referenceAddress } from '../reference/values.ts'

const ID = 'nftables.0f3c62a18b5d7e94'
const REQUESTS = [
  `1 add ${ID} 192.0.2.7 30`, `2 renew ${ID} 2001:db8::7 28800`, `3 remove ${ID} 192.0.2.7`, `4 kill ${ID} 192.0.2.7`, `5 list ${ID}`, `6 check ${ID}`,
  '7 spend 0123456789abcdef0123456789abcdef', '8 ping', '9 reload', '10 leave',
]
const REPLIES = [
  '1 done', '1 foreign', '1 unserved "no such target"', '2 failed "why \\u001b"', '3 entry 192.0.2.7 30 ours', '3 entry 2001:db8::7 - foreign', '4 finding error "x"', '4 finding warning ""',
  '- ready 7', '- changed nftables', '- note "text"',
]

/** What the helper takes for a request is that request's own line, so that front and helper never mean two things. */
function runRequest(line: string): string {
  const request = parseRequest(line)
  if ('problem' in request) {
    require(Number.isSafeInteger(request.id) && request.id >= 0 && request.problem !== '', `no refusal: ${JSON.stringify(request)}`)
    return `none ${request.id === 0 ? '' : 'numbered'}`
  }
  require(formatRequest(request) === `${line}\n`, `is written ${JSON.stringify(formatRequest(request))}`)
  require(line.length <= LONGEST_LINE, 'longer than a line may be')
  return request.verb
}

function runReply(bytes: string): string {
  const reply = parseReply(bytes)
  if (reply === undefined) return 'none'
  const line = formatReply(reply)
  require(/^[ -~]*\n$/.test(line) || reply.kind === 'changed', `is written with other than printable ASCII: ${JSON.stringify(line)}`)
  require(isDeepStrictEqual(parseReply(line.slice(0, -1)), reply satisfies Reply), `is written ${JSON.stringify(line)}`)
  return reply.kind
}

function runRecord(bytes: string): string {
  const record = parseRecord(decoded(bytes))
  if (record === undefined) return 'none'
  require(record.v === 1 && typeof record.time === 'string' && typeof record.event === 'string' && typeof record.text === 'string', 'a record without its fields')
  return 'record'
}

/** Two ways of reading an address say the same, and what is canonical stays so. */
function runAddress(text: string): string {
  const address = parseAddress(text)
  require(address === referenceAddress(text), `is ${address}, and ${referenceAddress(text)} by the URL standard`)
  if (address === undefined) return 'none'
  require(parseAddress(address) === address, `${address} is not canonical`)
  return address.includes(':') ? 'six' : 'four'
}

export const protocolTargets: readonly Target[] = [
  { name: 'helper-request', seeds: () => REQUESTS, run: runRequest },
  { name: 'helper-reply', seeds: () => REPLIES, run: runReply },
  { name: 'history-record', seeds: () => ['{"v":1,"time":"2026-07-04T12:00:00.000000Z","event":"open","text":"opened","rule":"ssh","address":"192.0.2.7"}', '{"v":2}'], run: runRecord },
  { name: 'address', seeds: () => ['192.0.2.7', '2001:db8::7', '::ffff:192.0.2.7', '::192.0.2.7', '1:2:3:4:5:6:7:8', '::', 'fe80::1%eth0', '0:0:0:0:0:ffff:c000:207'], run: runAddress },
]
