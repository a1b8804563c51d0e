import { closeSync, constants, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Micros } from '../../parsers/time.ts'
import { findProgram, runCommand } from '../firewalls/run.ts'
import type { Tools } from '../firewalls/tools.ts'
import { lastLines } from '../log-end.ts'

/** The machine as `init` and `check` look at it; tests give one of their own. */
export interface World {
  readonly platform: NodeJS.Platform
  readonly hostName: string
  readonly isRoot: boolean
  readonly tools: Tools
  /** The text of a small file; undefined: it is not there, or may not be read. */
  readonly read: (path: string) => string | undefined
  /** The paths of a folder's files, in order; none if there is no such folder. */
  readonly list: (folder: string) => readonly string[]
  /** Whether it can be opened for reading, which may be more than its mode says. */
  readonly canOpen: (path: string) => boolean
  /** The last whole lines of a log, one character a byte. */
  readonly lastLines: (path: string) => readonly string[]
  /** When it was written to last; undefined: it is not there. */
  readonly modifiedAt: (path: string) => Micros | undefined
}

export function thisMachine(): World {
  return {
    platform: process.platform,
    hostName: hostname(),
    isRoot: process.geteuid?.() === 0,
    tools: { run: runCommand, find: findProgram },
    read: readOr,
    list: (folder) => {
      try {
        return readdirSync(folder).toSorted().map((name) => `${folder}/${name}`)
      } catch {
        return []
      }
    },
    canOpen, lastLines,
    modifiedAt: (path) => {
      const stats = statSync(path, { throwIfNoEntry: false })
      return stats && (Math.round(stats.mtimeMs * 1000) as Micros)
    },
  }
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
    return true
  } catch {
    return false
  }
}

const LIMIT_MS = 10_000
/** Rulesets and the kernel's log may be long. */
const OUTPUT_BYTES = 16 * 1024 * 1024

/** What a program prints; undefined: it is not there, or did not end well. */
export async function outputOf({ tools }: Pick<World, 'tools'>, name: string, ...args: readonly string[]): Promise<string | undefined> {
  const program = tools.find(name)
  if (program === undefined) return undefined
  const { code, stdout, timedOut } = await tools.run({ program, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group', stdoutBytes: OUTPUT_BYTES })
  return code === 0 && !timedOut ? stdout : undefined
}
