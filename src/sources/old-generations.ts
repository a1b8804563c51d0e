import { SECOND, type Micros } from '../../parsers/time.ts'
import type { Generation } from './generation.ts'

/** A writer may go on in the old file for a while: until it was quiet for `QUIET`, and at least for `LINGER`. */
const LINGER = (10 * SECOND) as Micros
const QUIET = (5 * SECOND) as Micros
/** No more old generations than that are read at a time. */
const MOST_OLD = 8

/** Of those that are read, the oldest first, the ones in which nothing is written any more. The file that has the log's name is none of them. */
export function doneWith(open: readonly Generation[], now: Micros): Generation[] {
  const old = open.filter(({ replacedAt }) => replacedAt !== undefined)
  return old.filter((generation, index) => isQuiet(generation, now) || old.length - index > MOST_OLD)
}

function isQuiet({ replacedAt, lastReadAt }: Generation, now: Micros): boolean {
  return now - replacedAt! >= LINGER && now - lastReadAt >= QUIET
}
