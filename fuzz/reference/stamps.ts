/** What stamps say, as plain objects in the shape of `parsers/time.ts`. */
export type Stamp = Readonly<Record<string, unknown>>

export const NONE: Stamp = { kind: 'none' }
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Microseconds of decimals; those beyond the sixth are cut. */
export function micros(decimals: string | undefined): number {
  return Number(`${decimals ?? ''}000000`.slice(0, 6))
}

/** Of a stamp with that many decimals, in microseconds. */
function resolution(decimals: string | undefined): number {
  return 10 ** (6 - Math.min(6, (decimals ?? '').length))
}

/** Whole seconds and six decimals as microseconds. */
export function spanOf(seconds: string, decimals: string): number {
  return Number(BigInt(seconds) * 1_000_000n + BigInt(micros(decimals)))
}

interface Wall {
  readonly year?: string | undefined
  /** A name or a number. */
  readonly month?: string | undefined
  readonly day?: string | undefined
  /** `HH:MM:SS` or `HH:MM`. */
  readonly clock: string
  readonly decimals?: string | undefined
  /** `Z`, `+01:00`, `+0100`; undefined: the stamp says none. */
  readonly zone?: string | undefined
  readonly resolution?: number
}

/** The stamp that a calendar and clock reading is, or undefined if there is no such time. */
export function wallStamp(wall: Wall): Stamp | undefined {
  const [hour, minute, second] = [...wall.clock.split(':'), '0'].map(Number) as [number, number, number]
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const sinceMidnight = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros(wall.decimals)
  const at = { year: number(wall.year), month: monthOf(wall.month), day: number(wall.day), sinceMidnight }
  if (at.month === 0 || Number.isNaN(at.month)) return undefined
  const step = wall.resolution ?? resolution(wall.decimals)
  if (at.year === undefined) return { kind: 'local', at, resolution: step }
  const midnight = new Date(`${wall.year!.padStart(4, '0')}-${pad(at.month!)}-${pad(at.day!)}T00:00:00Z`)
  if (Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== at.day) return undefined
  if (wall.zone === undefined) return { kind: 'local', at, resolution: step }
  const offset = offsetMinutes(wall.zone)
  return offset === undefined ? undefined : { kind: 'epoch', at: midnight.getTime() * 1000 + sinceMidnight - offset * 60_000_000, resolution: step }
}

function monthOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d+$/.test(text) ? Number(text) : MONTHS.indexOf(text) + 1
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone)!
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

/** `20/Nov/2026:23:42:50 +0000` of the common log format. */
export function clfStamp(text: string): Stamp | undefined {
  const found = /^(?<day>\d\d)\/(?<month>[A-Z][a-z]{2})\/(?<year>\d{4}):(?<clock>\d\d:\d\d:\d\d) (?<zone>[+-]\d{4})$/.exec(text)
  return found === null ? undefined : wallStamp(found.groups as unknown as Wall)
}

/** `2026-11-20T23:36:56.516506+00:00`, the decimals and the zone optional. */
export function isoStamp(text: string): Stamp | undefined {
  const found = /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[T ](?<clock>\d\d:\d\d:\d\d)(?:[.,](?<decimals>\d{1,9}))?(?<zone>Z|[+-]\d\d:?\d\d)?$/.exec(text)
  return found === null ? undefined : wallStamp(found.groups as unknown as Wall)
}
