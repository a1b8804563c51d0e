import type { Outcome } from '../../parsers/parser.ts'
import { MINUTE, type Micros } from '../../parsers/time.ts'
import type { SourceConfig } from '../config/config.ts'
import { LiveClock } from '../sources/live-clock.ts'
import { zoneOf } from '../sources/source-dialect.ts'
import type { SourceLook } from './finding.ts'
import { outcomesOf } from './source-lines.ts'
import type { World } from './world.ts'

const QUARTER = 15 * MINUTE
/** A line is in its file so soon after its stamp. */
const SLACK = 2 * MINUTE
/** Zones are no further apart than 26 h: what is, is old. */
const MOST_QUARTERS = 26 * 4

/** Whether the stamps of a file say when it was written: if they name no zone, it may be another than they are read in. */
export const zone: SourceLook = async (source, world) => {
  const { follow } = source
  const written = follow.kind === 'file' ? world.modifiedAt(follow.path) : undefined
  const dated = written === undefined ? undefined : await lastTime(source, written, world)
  if (written === undefined || dated === undefined) return []
  const quarters = Math.round((dated - written) / QUARTER)
  if (quarters === 0 || Math.abs(dated - written - quarters * QUARTER) > SLACK || Math.abs(quarters) > MOST_QUARTERS) return []
  return [{
    severity: 'error',
    message: `its last line is dated ${hours(Math.abs(quarters))} ${quarters > 0 ? 'after' : 'before'} it was written, so that no line counts: its stamps are of another zone`,
    mend: `timezone = ${offsetText(zoneOf(source).offsetAt(written) + quarters * QUARTER)}`,
  }]
}

/** As its stamp is read; undefined: it has none that could be in a wrong zone. */
async function lastTime(source: SourceConfig, written: Micros, world: World): Promise<Micros | undefined> {
  const outcomes = (await outcomesOf(source, world)) ?? []
  const stamp = outcomes.findLast((outcome): outcome is Exclude<Outcome, string> => typeof outcome === 'object')?.stamp
  if (stamp?.kind !== 'local') return undefined
  const { time } = new LiveClock(zoneOf(source)).read(stamp, { wall: written, monotonic: 0 as Micros })
  return Number.isSafeInteger(time) ? time : undefined
}

function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / MINUTE)
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

function hours(quarters: number): string {
  return `${Number((quarters / 4).toFixed(2))} h`
}
