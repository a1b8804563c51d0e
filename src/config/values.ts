import { FLAG_BITS, parsePort, type FlagName, type Port } from '../../parsers/event.ts'
import { parseAddress } from '../../parsers/address.ts'
import { parseNetwork, type Network } from '../../parsers/network.ts'
import type { Micros } from '../../parsers/time.ts'
import type { FlagTest } from '../../rules/rule.ts'
import type { OpenPort } from './config.ts'
import { readDuration } from './duration.ts'
import { quoted } from '../printable.ts'
import { readList, type Read } from './read.ts'
import { didYouMean } from './suggest.ts'

export function readText(text: string): Read<string> {
  return text === '' ? { fault: 'is empty: give it a value or remove the line' } : { value: text }
}

/** An empty command is a command: it does nothing (knockd's way to switch off IPv6). */
export function readCommand(text: string): Read<string> {
  return { value: text }
}

export function readPath(text: string): Read<string> {
  return text.startsWith('/') ? { value: text } : { fault: `${quoted(text)} is no absolute path: begin it with /` }
}

export function readInteger(least: number, most: number): (text: string) => Read<number> {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= least && value <= most
      ? { value }
      : { fault: `${quoted(text)} is not a whole number from ${least} to ${most}` }
  }
}

const LEAST_BYTES = 64 * 1024
const MOST_BYTES = 1024 ** 4

/** `8M`, `512k`, `1G`, or a bare number of bytes. */
export function readBytes(text: string): Read<number> {
  const [, number, unit = ''] = /^(\d{1,12})\s*([kMG]?)$/.exec(text) ?? []
  const value = Number(number) * 1024 ** ' kMG'.indexOf(unit || ' ')
  return value >= LEAST_BYTES && value <= MOST_BYTES ? { value } : { fault: `${quoted(text)} is no size from 64k to 1024G: write 8M or 512k` }
}

const YES_NO: Readonly<Record<string, boolean>> = { yes: true, no: false }

export function readYesNo(text: string): Read<boolean> {
  const value = Object.hasOwn(YES_NO, text) ? YES_NO[text] : undefined
  return value === undefined ? { fault: `${quoted(text)} is neither yes nor no` } : { value }
}

/** A command and its arguments, separated by blanks; quotes mean nothing. */
export function readArguments(text: string): Read<string[]> {
  return text === '' ? { fault: 'is empty: write the command and its arguments' } : { value: text.trim().split(/\s+/) }
}

/** The same, with a program that is found without looking for it. */
export function readProgram(text: string): Read<string[]> {
  return text.startsWith('/') ? readArguments(text) : { fault: `${quoted(text)} is no absolute path of a program, and its arguments: begin it with /` }
}

/** One of a few words. */
export function readOneOf<const T extends string>(...words: readonly T[]): (text: string) => Read<T> {
  return (text) => {
    const value = words.find((word) => word === text)
    return value === undefined ? { fault: `${quoted(text)} is none of ${words.join(', ')}${didYouMean(text, words)}` } : { value }
  }
}

export function readReorder(text: string): Read<Micros | 'any'> {
  if (text === 'any') return { value: 'any' }
  const read = readDuration(text)
  return 'value' in read ? read : { fault: `${quoted(text)} is neither a duration such as 500ms, nor 0, nor any` }
}

export function readNetworks(text: string): Read<Network[]> {
  return readList(text, (element) => {
    const value = parseNetwork(element)
    if (value !== undefined) return { value }
    const advice = 'write 192.0.2.7, 192.0.2.0/24 or 2001:db8:7::/48; names are not looked up'
    const hasAddress = parseNetwork(element.replace(/\/.*/, '')) !== undefined
    const cause = hasAddress ? 'is no network: a bit beyond its prefix is set, or the prefix is too long' : 'is no address'
    return { fault: `${quoted(element)} ${cause}: ${advice}` }
  })
}

/** A list, or `any`: no limit. */
export function orAny<T>(read: (text: string) => Read<T>): (text: string) => Read<T | 'any'> {
  return (text) => (text === 'any' ? { value: 'any' } : read(text))
}

/** knockd's target: compared as text by knockd, so that only one literal address ever matched. */
export function readKnockdTarget(text: string): Read<Network[]> {
  const network = parseAddress(text) === undefined ? undefined : parseNetwork(text)
  if (network) return { value: [network] }
  return { fault: `${quoted(text)} is no address: knockd's target is one literal address` }
}

export function readWords(text: string): Read<string[]> {
  return readList(text, (element) => {
    if (/^[^\s"',]+$/.test(element)) return { value: element }
    return { fault: `${quoted(element)} is no name: separate names by commas` }
  })
}

export function readStatuses(text: string): Read<number[]> {
  return readList(text, (element) => {
    const value = /^\d{2,3}$/.test(element) ? Number(element) : 0
    const known = (value >= 100 && value <= 599) || (value >= 10 && value <= 69)
    return known ? { value } : { fault: `${quoted(element)} is no status code: HTTP has 100 to 599, Gemini 10 to 69` }
  })
}

/** `22/tcp` or `22:tcp`; a bare number is TCP. */
export function readOpenPorts(text: string): Read<OpenPort[]> {
  const ports = readList(text, readOpenPort)
  if ('fault' in ports) return ports
  const keys = ports.value.map(({ port, proto }) => `${port}/${proto}`)
  const twice = keys.find((key, index) => keys.indexOf(key) < index)
  return twice === undefined ? ports : { fault: `${twice} is named twice: once is enough` }
}

function readOpenPort(element: string): Read<OpenPort> {
  const [, number = '', proto = 'tcp'] = /^(\d+)\s*(?:[:/]\s*(tcp|udp))?$/.exec(element) ?? []
  const port = readPort(number)
  return port === undefined
    ? { fault: `${quoted(element)} is no port: write 22/tcp or 53/udp, ports from 1 to 65535` }
    : { value: { proto: proto as OpenPort['proto'], port } }
}

/** A port that can be knocked on or opened: 0 cannot. */
export function readPort(number: string): Port | undefined {
  const port = parsePort(number)
  return port === 0 ? undefined : port
}

/** Ports, each a number. */
export function readPorts(text: string): Read<Port[]> {
  return readList(text, (element) => {
    const value = readPort(element)
    return value === undefined ? { fault: `${quoted(element)} is no port from 1 to 65535` } : { value }
  })
}

/** `10000-59999`, both ends included. */
export function readPortRange(text: string): Read<{ low: Port; high: Port }> {
  const [, first = '', last = ''] = /^(\d+)\s*-\s*(\d+)$/.exec(text) ?? []
  const [low, high] = [readPort(first), readPort(last)]
  return low !== undefined && high !== undefined && low < high ? { value: { low, high } } : { fault: `${quoted(text)} is no range of ports: write it as 10000-59999` }
}

/** As sha256sum(1) prints it. */
export function readSha256(text: string): Read<string> {
  return /^[0-9a-f]{64}$/.test(text) ? { value: text } : { fault: 'is no SHA-256: write 64 hexadecimal digits in lower case, as sha256sum prints them' }
}

export function readMethods(text: string): Read<string[]> {
  return readList(text, (element) => (/^[A-Z][A-Z-]{0,31}$/.test(element) ? { value: element } : { fault: `${quoted(element)} is no method: write it in capitals, as POST` }))
}

/** A name of this host, as far as it is known to itself. */
export function readHostId(text: string): Read<string> {
  return /^[!-~]{1,253}$/.test(text) ? { value: text } : { fault: `${quoted(text)} is no name for a host: write it without blanks, in plain ASCII` }
}

/** No test: every flag, or none, will do. */
const NO_TEST: FlagTest = { set: 0, clear: 0 }

const FLAGS_ADVICE = 'write fin, syn, rst, psh, ack, urg, each with a ! to exclude it'

/** `syn,!ack`, or `any` for no test at all. */
export function readFlags(text: string): Read<FlagTest> {
  if (text === 'any') return { value: NO_TEST }
  const items = text.split(',').map((item) => item.trim())
  return gatherFlags(items, `${FLAGS_ADVICE}, or any`)
}

/** knockd does not trim the items, so `syn, ack` stops it; here too, so that a file that loads here loads there. */
export function readKnockdFlags(text: string): Read<FlagTest> {
  return gatherFlags(text.split(','), `${FLAGS_ADVICE}, without blanks around the commas`)
}

function gatherFlags(items: readonly string[], advice: string): Read<FlagTest> {
  let { set, clear } = NO_TEST
  for (const item of items) {
    const name = item.replace('!', '').toUpperCase()
    if (!/^!?[a-z]+$/i.test(item) || !Object.hasOwn(FLAG_BITS, name)) {
      return { fault: `${quoted(item)} is no TCP flag${didYouMean(name, Object.keys(FLAG_BITS))}: ${advice}` }
    }
    const bit = FLAG_BITS[name as FlagName]
    if (item.startsWith('!')) clear |= bit
    else set |= bit
  }
  if ((set & clear) === 0) return { value: { set, clear } }
  return { fault: `${quoted(items.join(','))} wants a flag both set and not set: keep one of them` }
}
