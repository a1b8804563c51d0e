import { isIPv6, parseAddress, type Address } from '../../parsers/address.ts'

/**
 * hosts.allow as tcpd reads it (hosts_access(5); hosts_access.c, xgets() in misc.c): the first rule that matches decides, lines
 * that begin with `#` and blank ones say nothing, a line that ends in a backslash goes on in the next one, and one without a
 * newline at its end is no line at all. The text is one character a byte, so nothing of anyone's is lost.
 */
export const BEGIN = '# BEGIN knocktail (do not edit between these lines)'
export const END = '# END knocktail'

/** A line of ours, for some daemons: `sshd : 192.0.2.1`. */
export interface AllowLine {
  readonly daemons: string
  readonly address: Address
}

export interface HostsText {
  readonly ours: readonly AllowLine[]
  /** Everybody else's lines, each with its end. */
  readonly others: readonly string[]
}

/**
 * The form that both builds of tcpd take: `sshd: ADDRESS: ALLOW` would be a shell command to one built without options. The
 * blank before the colon tells it from what people write, should a marker have been lost.
 */
function lineOf({ daemons, address }: AllowLine): string {
  return `${daemons} : ${isIPv6(address) ? `[${address}]` : address}`
}

const ALLOW_LINE = /^([A-Za-z][\w.-]*(?: [A-Za-z][\w.-]*)*) : (?:\[([0-9a-f:.]+)\]|([0-9.]+))\r?\n?$/

function readAllowLine(line: string): AllowLine | undefined {
  const [, daemons, bracketed, plain] = ALLOW_LINE.exec(line) ?? []
  const address = parseAddress(bracketed ?? plain ?? '')
  if (daemons === undefined || address === undefined) return undefined
  return line.trimEnd() === lineOf({ daemons, address }) ? { daemons, address } : undefined
}

/**
 * Takes our lines out. A marker may be missing, or be there twice: ours are those that follow BEGIN without a gap, and those
 * before END without a gap. Every other line is somebody else's, wherever it stands.
 */
export function readHosts(text: string): HostsText {
  const ours: AllowLine[] = []
  const others: string[] = []
  let isInside = false
  for (const line of linesOf(text)) {
    const marker = line.trimEnd()
    const own: AllowLine | undefined = isInside ? readAllowLine(line) : undefined
    if (own) ours.push(own)
    else if (marker === END && !isInside) ours.push(...takeLast(others))
    else if (marker !== BEGIN && marker !== END) others.push(line)
    isInside = marker === BEGIN || own !== undefined
  }
  return { ours, others }
}

function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/).filter((line) => line !== '')
}

function takeLast(lines: string[]): AllowLine[] {
  const first = lines.findLastIndex((line) => readAllowLine(line) === undefined) + 1
  return lines.splice(first).flatMap((line) => readAllowLine(line) ?? [])
}

/** Puts our lines between markers above the first rule; without lines there is no block, and the text is as it was before. */
export function writeHosts({ ours, others }: HostsText): string {
  if (ours.length === 0) return others.join('')
  const end = others.some((line) => line.endsWith('\r\n')) ? '\r\n' : '\n'
  const block = [BEGIN, ...ours.map(lineOf), END].map((line) => line + end)
  const place = placeOfBlock(others)
  return [...others.slice(0, place), ...block, ...others.slice(place)].join('')
}

/** Before the first line that says something, and before one that has no end: that would swallow what comes after it. */
function placeOfBlock(lines: readonly string[]): number {
  let start = 0
  for (const [index, line] of lines.entries()) {
    if (index === start && !isSilent(line)) return start
    const isContinued = line.endsWith('\\\n')
    if (line.endsWith('\n') && !isContinued) start = index + 1
  }
  return start
}

function isSilent(line: string): boolean {
  return line.startsWith('#') || /^[ \t\r\n]*$/.test(line)
}
