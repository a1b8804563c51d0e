import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import type { Micros } from '../parsers/time.ts'

/** The machine's clocks. Tests put their own in place. */
export interface Clocks {
  /** Microseconds since 1970: what stamps say. It may be stepped. */
  readonly wall: () => Micros
  /** Microseconds since the machine was started, also through suspend. Only durations come from it; nobody can step it. */
  readonly boot: () => Micros
  /** CLOCK_MONOTONIC in microseconds: as `boot`, but standing still in suspend, as the kernel's own stamps do. */
  readonly monotonic: () => Micros
}

/** Below this both agree: os.uptime() is exact to 10 ms on Linux, to a second elsewhere. */
const SUSPEND_STEP = 2_000_000
/** How long what os.uptime() said holds: it reads a file, and the clock is asked a dozen times for one knock. */
const UPTIME_AGE = 10_000

export function machineClocks(): Clocks {
  let suspended = 0
  let lookedAt = Number.NEGATIVE_INFINITY
  const monotonic = (): Micros => Number(process.hrtime.bigint() / 1000n) as Micros
  const boot = (): Micros => {
    const now = monotonic()
    // Only Linux counts suspend in os.uptime(); elsewhere it follows the wall clock.
    if (process.platform === 'linux' && now - lookedAt >= UPTIME_AGE) {
      lookedAt = now
      const behind = uptime() * 1e6 - now
      if (Math.abs(behind - suspended) > SUSPEND_STEP) suspended = Math.max(0, behind)
    }
    return (now + suspended) as Micros
  }
  return { wall: () => (Date.now() * 1000) as Micros, boot, monotonic }
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/**
 * Tells one start of the machine from another: the kernel's random id on Linux, elsewhere when it was started, to ten
 * minutes, so that a clock that is set after the start does not look like a restart.
 */
export function readBootId(clocks: Clocks): string {
  if (process.platform === 'linux') return readFileSync(BOOT_ID, 'latin1').trim()
  return `since-${Math.round((clocks.wall() - uptime() * 1e6) / 600e6)}`
}
