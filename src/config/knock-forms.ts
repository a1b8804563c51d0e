import { codeRanges } from '../../rules/derive/totp.ts'
import type { HmacForm } from '../../rules/hmac-rule.ts'
import type { FixedStep } from '../../rules/rule.ts'
import type { TokenForm } from '../../rules/token-rule.ts'
import type { TotpForm } from '../../rules/totp-rule.ts'
import type { KnockKeys } from './knock-keys.ts'
import { readPort } from './values.ts'

/**
 * How secrets become knocks, as the keys of a section say: the same for the daemon's rules and for the client's profiles, which must
 * agree in every default.
 */
type FormKeys = Pick<KnockKeys, 'digits' | 'bases' | 'knocks' | 'port_range' | 'proto' | 'bind_address' | 'token_path'>

/** What a knock is bound to besides user and time. */
export type BoundTo = Pick<HmacForm, 'hostId' | 'rule'>

const port = (number: number) => readPort(String(number))!

/** Far from the well-known ports, and two ranges of 10,000 that do not meet. */
const BASES = [port(20_000), port(40_000)]
const PORT_RANGE = { low: port(10_000), high: port(59_999) }
const KNOCKS = 5
const TOKEN_PATH = '/knock'

export function totpForm({ digits, bases = BASES, proto = 'tcp' }: FormKeys, prefix: readonly FixedStep[]): TotpForm {
  return { digits: digits === '6' ? 6 : 8, bases, prefix, proto }
}

export function hmacForm({ knocks = KNOCKS, port_range: range = PORT_RANGE, proto = 'tcp', bind_address: bindAddress = false }: FormKeys, boundTo: BoundTo): HmacForm {
  return { ...boundTo, ...range, knocks, proto, bindAddress }
}

export function tokenForm({ token_path: path = TOKEN_PATH, bind_address: bindAddress = false }: FormKeys, boundTo: BoundTo): TokenForm {
  return { ...boundTo, path, bindAddress }
}

/** What is wrong with a code's ranges. A port that could belong to two steps would make a knock ambiguous. */
export function totpFault(form: TotpForm): string | undefined {
  if (form.bases.length > form.digits) return `are ${form.bases.length}, but a code has only ${form.digits} digits: set fewer`
  const ranges = codeRanges(form)
  const tooHigh = ranges.find(({ from, count }) => from + count - 1 > 65_535)
  if (tooHigh) return `${tooHigh.from} is too high: ${tooHigh.count} ports from there on end beyond 65535`
  const sorted = ranges.toSorted((one, other) => one.from - other.from)
  const clash = sorted.findIndex(({ from, count }, index) => from + count > (sorted[index + 1]?.from ?? Number.POSITIVE_INFINITY))
  if (clash >= 0) return `the ${sorted[clash]!.count} ports from ${sorted[clash]!.from} on and those from ${sorted[clash + 1]!.from} on overlap: set them further apart`
  const taken = form.prefix.find((step) => step.kind === 'port' && step.proto === form.proto && ranges.some(({ from, count }) => step.port >= from && step.port < from + count))
  return taken?.kind === 'port' ? `port ${taken.port} of the sequence lies in a range of the code: take another one` : undefined
}

/** What is wrong with the range that ports are drawn from. */
export function hmacFault({ low, high, knocks }: HmacForm): string | undefined {
  return high - low + 1 < knocks ? `has fewer ports than there are knocks, ${knocks}` : undefined
}
