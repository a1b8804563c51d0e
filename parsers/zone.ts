import { DAY, MINUTE, SECOND, type Micros } from './time.ts'

/** A time zone: how far its wall clocks run ahead of UTC. */
export interface Zone {
  readonly name: string
  readonly offsetAt: (time: Micros) => Micros
}

export const UTC: Zone = { name: 'UTC', offsetAt: () => 0 as Micros }

/** The zone that `text` names: `UTC`, an IANA name (`Europe/Berlin`) or an offset (`+02:00`); undefined if there is none. */
export function parseZone(text: string): Zone | undefined {
  if (/^(?:utc|z|gmt)$/i.test(text)) return UTC
  const fixed = /^([+-])(\d\d):?(\d\d)$/.exec(text)
  if (fixed) return fixedZone(text, fixed)
  try {
    return namedZone(text)
  } catch {
    return undefined
  }
}

function fixedZone(name: string, [, sign, hours, minutes]: RegExpExecArray): Zone | undefined {
  const span = (Number(hours) * 60 + Number(minutes)) * MINUTE
  const offset = (sign === '-' ? -span : span) as Micros
  return span < DAY && Number(minutes) < 60 ? { name, offsetAt: () => offset } : undefined
}

/** Throws a RangeError if there is no such zone. */
function namedZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  const offsetAt = (time: Micros): Micros => readOffset(format.format(Math.floor(time / 1000)))
  return { name: format.resolvedOptions().timeZone, offsetAt }
}

/** `11/20/2026, GMT+02:00`, the seconds only for zones of long ago. */
function readOffset(text: string): Micros {
  const found = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text)
  if (!found) throw new TypeError(`no offset in ${text}`)
  const [, sign, hours = '0', minutes = '0', secs = '0'] = found
  const span = (Number(hours) * 60 + Number(minutes)) * MINUTE + Number(secs) * SECOND
  return (sign === '-' ? -span : span) as Micros
}

/**
 * The instants at which a clock on the wall of that zone shows `wall` (counted as if it were UTC), in order:
 * two in the folded hour of autumn. In the hour that spring skips, the one at which it would have been shown
 * had the clock not been put forward.
 */
export function instantsOf(zone: Zone, wall: Micros): Micros[] {
  const before = zone.offsetAt((wall - DAY) as Micros)
  const after = zone.offsetAt((wall + DAY) as Micros)
  const readings = [...new Set([before, after])].map((offset) => ({ offset, at: (wall - offset) as Micros }))
  const valid = readings.filter(({ offset, at }) => zone.offsetAt(at) === offset).map(({ at }) => at)
  return valid.length > 0 ? valid.sort((a, b) => a - b) : [(wall - before) as Micros]
}

/** `instantsOf` with the last quarter of an hour remembered: no zone changes its offset within one. */
export function cachedInstants(zone: Zone): (wall: Micros) => readonly Micros[] {
  const quarter = 15 * MINUTE
  let start = Number.NaN
  let instants: readonly Micros[] = []
  return (wall) => {
    const bucket = Math.floor(wall / quarter) * quarter
    if (bucket !== start) {
      start = bucket
      instants = instantsOf(zone, bucket as Micros)
    }
    return instants.map((instant) => (instant + wall - bucket) as Micros)
  }
}
