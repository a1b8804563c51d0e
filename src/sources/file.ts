import type { Clocks } from '../clocks.ts'
import { reasonOf } from '../error.ts'
import { printable } from '../printable.ts'
import type { Driver, DriverHost, Ending } from './driver.ts'
import { FileFollower } from './file-follower.ts'
import { readFilePosition, type FilePosition } from './file-place.ts'
import type { Position } from './source.ts'
import { wakeFor } from './wake.ts'

export interface FileContext {
  readonly clocks: Clocks
  readonly position: Position
}

/** Follows a log file through its rotations. */
export function fileDriver(path: string, { clocks, position }: FileContext): Driver {
  let last = readFilePosition(position)
  let isRestart = false
  let follower: FileFollower | undefined
  const place = (): FilePosition | undefined => follower?.position() ?? last
  const run = async (host: DriverHost): Promise<Ending> => {
    const wake = wakeFor(path)
    const following = new FileFollower(path, { now: clocks.boot, isStopped: () => host.signal.aborted, lines: (chunk) => host.lines(chunk), note: host.note })
    try {
      const why = (await following.start(last, isRestart)) ?? (await follow(following))
      return { why: `${printable(path)} ${why}`, isFinal: false }
    } catch (error) {
      return { why: `${printable(path)} cannot be read: ${reasonOf(error)}`, isFinal: false }
    } finally {
      last = place()
      follower = undefined
      following.close()
      wake.close()
    }

    async function follow(started: FileFollower): Promise<string> {
      follower = started
      isRestart = true
      host.running()
      for (;;) {
        const fault = await started.look()
        if (fault !== undefined || host.signal.aborted) return fault ?? 'is not followed any more'
        await wake.next(host.signal)
      }
    }
  }
  return { run, position: () => place() as Position }
}
