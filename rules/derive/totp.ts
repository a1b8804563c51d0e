import { createHmac } from 'node:crypto'
import { parsePort, type Port } from '../../parsers/event.ts'
import type { Secret } from './secret.ts'

/** How a code is knocked: each of its groups of digits as a port above a base of its own. */
export interface CodeForm {
  readonly digits: 6 | 8
  /** One for each group; the ranges above them must not overlap. */
  readonly bases: readonly Port[]
}

/** The ports that one group of digits can be: `from`, and `count` in all. */
export interface PortRange {
  readonly from: Port
  readonly count: number
}

/** What an authenticator app shows in that time step: RFC 6238 with HMAC-SHA-1, RFC 4226 section 5.3. */
export function totpCode(secret: Secret, timeStep: number, digits: CodeForm['digits']): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(timeStep))
  const hash = createHmac('sha1', secret).update(counter).digest()
  const truncated = hash.readUInt32BE(hash.at(-1)! & 0xf) & 0x7f_ff_ff_ff
  return String(truncated % 10 ** digits).padStart(digits, '0')
}

/** The groups' lengths: as even as possible, the longer ones first. 8 digits over 3 bases: 3, 3, 2. */
export function groupLengths({ digits, bases }: CodeForm): number[] {
  const shortest = Math.floor(digits / bases.length)
  return bases.map((_, index) => shortest + (index < digits % bases.length ? 1 : 0))
}

/** The ports among which each group's lies. */
export function codeRanges(form: CodeForm): PortRange[] {
  const lengths = groupLengths(form)
  return form.bases.map((from, index) => ({ from, count: 10 ** lengths[index]! }))
}

/** The ports of a code, one for each group, in the order of the bases. The ranges must fit into 65535. */
export function portsOfCode(code: string, form: CodeForm): Port[] {
  let at = 0
  return groupLengths(form).map((length, index) => {
    const group = Number(code.slice(at, (at += length)))
    return parsePort(String(form.bases[index]! + group))!
  })
}

/** The code that was knocked; undefined: a port lies in no group's range. */
export function codeOfPorts(ports: readonly number[], form: CodeForm): string | undefined {
  const lengths = groupLengths(form)
  const groups = ports.map((port, index) => port - form.bases[index]!)
  if (groups.some((group, index) => group < 0 || group >= 10 ** lengths[index]!)) return undefined
  return groups.map((group, index) => String(group).padStart(lengths[index]!, '0')).join('')
}

export function totpPorts(secret: Secret, timeStep: number, form: CodeForm): Port[] {
  return portsOfCode(totpCode(secret, timeStep, form.digits), form)
}
