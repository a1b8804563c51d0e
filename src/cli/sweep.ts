import { sweep, type SweepOptions } from '../daemon/sweep.ts'
import { doorLogEvent } from '../log/door-events.ts'
import { printable } from '../printable.ts'
import { tell } from './output.ts'

/** `knocktail sweep`: closes what a daemon that is gone left open; with `all` also what may still be open. Answers the exit code: 1 if something could not be closed. */
export async function runSweep(options: SweepOptions): Promise<number> {
  const { closed, left } = await sweep(options, (event) => tell(printable(doorLogEvent(event).text)))
  tell(left === 0 ? `${closed} closed` : `${closed} closed, ${left} could not be closed: see above`)
  return left === 0 ? 0 : 1
}
