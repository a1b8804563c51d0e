import { closeSync, constants, openSync, readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { findProgram, runCommand, type Ran } from '../firewalls/run.ts'
import type { Tools } from '../firewalls/tools.ts'

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
    canOpen,
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

/** What a program prints; undefined: it is not there, or did not end well. */
export async function outputOf({ tools }: Pick<World, 'tools'>, name: string, ...args: readonly string[]): Promise<string | undefined> {
  const ran = await runOf({ tools }, name, ...args)
  return ran?.code === 0 && !ran.timedOut ? ran.stdout : undefined
}

/** Undefined: it is not installed. */
async function runOf({ tools }: Pick<World, 'tools'>, name: string, ...args: readonly string[]): Promise<Ran | undefined> {
  const program = tools.find(name)
  return program === undefined ? undefined : tools.run({ program, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group' })
}
