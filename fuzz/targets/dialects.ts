import { parseAddress } from '../../parsers/address.ts'
import { DIALECTS, parseLine } from '../../parsers/dialects.ts'
import { connectionEvent, parsePort, type Fields, type Packet, type Request } from '../../parsers/event.ts'
import { isParsed, type Outcome } from '../../parsers/parser.ts'
import { REASONS } from '../../parsers/reason.ts'
import { SECOND, type Micros, type Stamp } from '../../parsers/time.ts'
import { eventRecord } from '../../src/event-record.ts'
import { jsonLine } from '../../src/json-line.ts'
import { CONTEXTS, differenceIn } from '../differential.ts'
import { Broken, require, sampleLines, type Target } from '../target.ts'

/** Every dialect in every envelope that it may wear. */
export const dialectTargets: readonly Target[] = DIALECTS.map((dialect) => ({
  name: dialect.name,
  seeds: () => sampleLines(dialect.name),
  run: (text) => CONTEXTS.map((context) => {
    const outcome = parseLine(dialect, text, context)
    const difference = differenceIn(dialect.name, text, context)
    if (difference !== undefined) throw new Broken(`reads ${difference.read}, the reference ${difference.allowed.join(' or ') || 'nothing'}`)
    return kindOf(outcome)
  }).join(' '),
}))

function kindOf(outcome: Outcome): string {
  if (!isParsed(outcome)) {
    const reason = typeof outcome === 'string' ? outcome : outcome.reason
    require(reason in REASONS, `an unknown reason ${reason}`)
    return reason
  }
  checkStamp(outcome.stamp)
  return `${outcome.stamp.kind} ${checkFields(outcome.fields)}`
}

function checkStamp(stamp: Stamp): void {
  if (stamp.kind === 'none') return
  const at = stamp.kind === 'local' ? stamp.at.sinceMidnight : stamp.at
  require(Number.isSafeInteger(at) && Number.isSafeInteger(stamp.resolution) && stamp.resolution > 0, `a stamp of no whole microseconds: ${JSON.stringify(stamp)}`)
  if (stamp.kind === 'local') require(at >= 0 && at <= 86_400 * SECOND, `a time of day beyond the day: ${at}`)
}

function checkFields(fields: Fields): string {
  require(parseAddress(fields.src) === fields.src, `a source that is not canonical: ${fields.src}`)
  checkPrinted(fields)
  return fields.kind === 'packet' ? checkPacket(fields) : checkRequest(fields)
}

function checkPacket({ proto, dst, sport, dport, flags, seq, ipId, iface, dir }: Packet): string {
  require(parseAddress(dst) === dst, `a destination that is not canonical: ${dst}`)
  for (const port of [sport, dport]) require(port === undefined || parsePort(String(port)) === port, `no port: ${port}`)
  require(flags === undefined || (proto === 'tcp' && Number.isInteger(flags) && flags >= 0 && flags < 512), `no flags: ${flags}`)
  require(seq === undefined || (Number.isInteger(seq) && seq >= 0 && seq <= 0xffffffff), `no sequence number: ${seq}`)
  require(ipId === undefined || (Number.isInteger(ipId) && ipId >= 0 && ipId <= 0xffff), `no IP id: ${ipId}`)
  require(iface !== '', 'an interface without a name')
  return `${proto} ${dport === undefined ? '' : 'ports'} ${flags === undefined ? '' : 'flags'} ${dir ?? ''}`
}

function checkRequest({ proto, method, path, status }: Request): string {
  require(path !== '' && !/[\s\p{Cc}]/u.test(path.replaceAll(/[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/g, '')), `a path with blanks or controls: ${JSON.stringify(path)}`)
  require(/^[A-Z_-]+$/.test(method), `no method: ${method}`)
  require(status === undefined || Number.isInteger(status), `no status: ${status}`)
  return `${proto} ${method.length > 4 ? 'long' : method}`
}

/** What `parse --json` prints of it is one line of JSON that says the same. */
function checkPrinted(fields: Fields): void {
  const event = connectionEvent(fields, 0 as Micros, 1 as Micros, 'fuzz')
  const line = jsonLine(eventRecord({ number: 1, event, stamped: false } as Parameters<typeof eventRecord>[0], 'fuzz'))
  require(!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(line), `prints a control character: ${JSON.stringify(line)}`)
  require((JSON.parse(line) as { src: string }).src === fields.src, `prints another source: ${line}`)
}
