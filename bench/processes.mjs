// What a process and all that it has started cost, as the kernel counts it.
import { readdirSync, readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** The process and those that it has started, itself first. */
export function familyOf(pid) {
  const parents = new Map(readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    const fields = statOf(name)
    return fields ? [[Number(name), Number(fields[1])]] : []
  }))
  const family = [pid]
  for (const one of family) for (const [child, parent] of parents) if (parent === one) family.push(child)
  return family
}

/** Seconds of a core that one process has used, with those of its children that have ended. */
export function cpuSecondsOf(pid) {
  return (statOf(pid) ?? []).slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND
}

/** In MB; 0 if it has ended. RSS counts pages that are shared with other processes whole, PSS by their share; `peak` is the most that RSS ever was. */
export function memoryOf(pid) {
  const read = (file, key) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(textOf(pid, file))?.[1] ?? 0) / 1024
  return { rss: read('smaps_rollup', 'Rss'), pss: read('smaps_rollup', 'Pss'), peak: read('status', 'VmHWM') }
}

export function argumentsOf(pid) {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, -1)
}

/** What follows the name in /proc/PID/stat, from the state on; undefined: it has ended. */
function statOf(pid) {
  return textOf(pid, 'stat')?.replace(/^.*\) /s, '').split(' ')
}

/** Undefined: it has ended. */
function textOf(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return undefined
  }
}
