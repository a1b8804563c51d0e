import { agreed, requestFields, type Reader, type Reading } from './reading.ts'
import { clfStamp, isoStamp, type Stamp } from './stamps.ts'
import { address, hasControl, port } from './values.ts'

/** Logs of Gemini servers. Their URLs are the client's words and not escaped: every split is tried, and two that differ show nothing. */
interface Split {
  readonly src: string | undefined
  readonly url: string
  readonly status: string
  readonly stamp?: Stamp | undefined
}

function reading({ src, url, status, stamp }: Split): Reading[] {
  const found = /^gemini:\/\/(?<authority>[^/?#"\s]+)(?<rest>.*)$/is.exec(url)?.groups
  if (found === undefined || found['rest']!.startsWith('#') || src === undefined) return []
  const path = found['rest']!.startsWith('/') ? found['rest']! : `/${found['rest']!}`
  const fields = requestFields({ proto: 'gemini', src, method: 'GET', path, status: Number(status) })
  return fields === undefined ? [] : [{ fields, ...(stamp === undefined ? {} : { stamp }) }]
}

/** All matches of an expression at every place where `between` is: what is before it and behind it. */
function splits(text: string, between: RegExp): { readonly before: string; readonly found: RegExpExecArray }[] {
  return [...text.matchAll(between)].map((found) => ({ before: text.slice(0, found.index), found }))
}

/** `IP:PORT GET URL CODE META` */
function gmidLegacy(message: string): Split[] {
  const head = /^(?<ip>\S+):(?<port>\d+) GET (?<rest>.*)$/s.exec(message)?.groups
  if (head === undefined || port(head['port']) === undefined) return []
  return splits(head['rest']!, / (?=(\d\d)(?: |$))/g).map(({ before, found }) => ({ src: address(head['ip']), url: before, status: found[1]! }))
}

/** `STAMP IP CN HOST URL 0 0 CODE META` */
function gmidCondensed(message: string): Split[] {
  const head = /^(?<stamp>\d{4}-\S+) (?<ip>\S+) (?<cn>[^ ]+) (?<rest>.*)$/s.exec(message)?.groups
  const stamp = head && isoStamp(head['stamp']!)
  if (head === undefined || stamp === undefined) return []
  return splits(head['rest']!, / (?=0 0 (\d\d)(?: |$))/g).flatMap(({ before, found }) =>
    splits(before, / /g).map(({ before: host }) => ({ src: address(head['ip']), url: before.slice(host.length + 1), status: found[1]!, stamp })))
}

const TIME = String.raw`\d\d/[A-Z][a-z]{2}/?\d{4}:\d\d:\d\d:\d\d [+-]\d{4}`
const time = (text: string): Stamp | undefined => clfStamp(text.replace(/([a-z])(\d)/, '$1/$2'))

/** `HOST IP - CN TIME "URL" CODE 0`, with blanks in the host */
function gmidCommon(message: string): Split[] {
  return splits(message, new RegExp(String.raw` (?=(\S+) - [^ ]+ (${TIME}) "(.*)" (\d\d) 0$)`, 'gs')).map(({ found }) => ({
    src: address(found[1]), url: found[3]!, status: found[4]!, stamp: time(found[2]!),
  }))
}

/** `IP - CN [TIME] "URL" CODE 0 "-" ""` */
function gmidCombined(message: string): Split[] {
  const found = new RegExp(String.raw`^(\S+) - [^ ]+ \[(${TIME})\] "(.*)" (\d\d) 0 "-" ""$`, 's').exec(message)
  return found === null ? [] : [{ src: address(found[1]), url: found[3]!, status: found[4]!, stamp: time(found[2]!) }]
}

export const gmid: Reader = (message) => {
  if (hasControl(message)) return []
  const styles = [gmidLegacy, gmidCondensed, gmidCommon, gmidCombined].map((style) => style(message).filter(({ url }) => /^gemini:\/\//i.test(url)))
  const whole = styles.flat()
  if (whole.some((split) => 'stamp' in split && split.stamp === undefined)) return []
  // A URL that holds a blank or ends like another record is a second way to read the line.
  return whole.length === 1 ? reading(whole[0]!) : agreed(whole.flatMap(reading).length === whole.length ? whole.flatMap(reading) : [])
}

/** `[STAMP LEVEL  agate] LOCAL REMOTE "REQUEST" STATUS "META"[ error:TEXT]`, quoted by Rust's escape_default */
const AGATE = /^\[(?<stamp>\S+) +[A-Z]+ +agate\] .+? (?<ip>[^ "]+) "(?<url>(?:[^"\\]|\\.)*)" (?<status>\d\d) "(?:[^"\\]|\\.)*"(?: error:.*)?$/s

export const agate: Reader = (message) => {
  const found = AGATE.exec(message)?.groups
  const [stamp, url] = [found && isoStamp(found['stamp']!), found && unescapeRust(found['url']!)]
  if (found === undefined || stamp === undefined || url === undefined || hasControl(message)) return []
  return reading({ src: address(found['ip']), url, status: found['status']!, stamp })
}

const RUST: Readonly<Record<string, string>> = { '"': '"', "'": "'", '\\': '\\', n: '\n', r: '\r', t: '\t' }

function unescapeRust(text: string): string | undefined {
  const pieces = text.match(/\\u\{[0-9a-f]{1,6}\}|\\.|[^\\]/gs) ?? []
  const plain = pieces.map((piece) => (piece.startsWith('\\u{') ? character(Number.parseInt(piece.slice(3, -1), 16)) : piece.startsWith('\\') ? RUST[piece[1]!] : piece))
  return plain.includes(undefined) ? undefined : plain.join('')
}

/** The UTF-8 bytes of a code point, one character each. */
function character(point: number): string | undefined {
  if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined
  return Buffer.from(String.fromCodePoint(point), 'utf8').toString('latin1')
}

/** `STAMP<tab>ADDR<tab>STATUS<tab>URL` */
export const mollyBrown: Reader = (message) => {
  const [at, ip, status, url, ...more] = message.split('\t')
  const stamp = at === undefined ? undefined : isoStamp(at)
  if (stamp === undefined || url === undefined || more.length > 0 || !/^\d\d$/.test(status!)) return []
  return reading({ src: address(ip!.replace(/^\[(.*)\]$/, '$1')), url, status: status!, stamp })
}

/** `IP [TIME] "URL" STATUS META SIZE`: neither the URL's nor the META's quotes are escaped */
export const jetforce: Reader = (message) => {
  const head = new RegExp(String.raw`^(?<ip>\S+) \[(?<time>${TIME})\] "(?<rest>.*) \d+$`, 's').exec(message)?.groups
  const stamp = head && clfStamp(head['time']!)
  if (head === undefined || stamp === undefined || hasControl(message)) return []
  const ways = splits(head['rest']!, /"(?= (\d\d) )/g).map(({ before, found }) => ({ src: address(head['ip']), url: before, status: found[1]!, stamp }))
  return ways.length === 1 ? reading(ways[0]!) : []
}
