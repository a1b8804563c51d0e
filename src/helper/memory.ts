import { closeSync, constants, fsyncSync, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { KnocktailError, reasonOf } from '../error.ts'
import { isFirewallName } from '../config/firewalls.ts'
import { targetId, type Target, type TargetId } from '../firewalls/target.ts'
import { printable } from '../printable.ts'

const FILE = 'targets'

/**
 * Makes the helper's own folder, and stays in it, so that nobody who owns a folder above can put another one in its place.
 * Throws a KnocktailError unless it is our own user's alone.
 */
export function enterFolder(stateDir: string): void {
  const path = join(stateDir, 'helper')
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o750 })
    mkdirSync(path, { recursive: true, mode: 0o700 })
    process.chdir(path)
    const [found, here] = [lstatSync(path), statSync('.')]
    if (!found.isDirectory() || found.ino !== here.ino || found.dev !== here.dev) throw new Error('it is no folder')
    if (here.uid !== process.geteuid!() || (here.mode & 0o077) !== 0) throw new Error('it belongs to others, too')
  } catch (error) {
    throw new KnocktailError('failed', `the helper cannot use ${printable(path)}: ${reasonOf(error)}; take it away, it is made anew`)
  }
}

/** Targets that entries were made at, kept on disk in the current folder: what they hold may be taken away, whatever the configuration says by then. */
export class Memory {
  readonly #targets = new Map<TargetId, Target>()
  readonly #file: number

  /** Throws a KnocktailError if the file is not our own user's. */
  constructor() {
    this.#file = openSync(FILE, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600)
    const { uid, nlink } = fstatSync(this.#file)
    if (!fstatSync(this.#file).isFile() || uid !== process.geteuid!() || nlink !== 1) {
      throw new KnocktailError('failed', `the helper's file ${FILE} is not its own: take it away, it is made anew`)
    }
    for (const line of readFileSync(this.#file, 'utf8').split('\n')) {
      const target = parseTarget(line)
      if (target) this.#targets.set(targetId(target), target)
    }
  }

  find(id: TargetId): Target | undefined {
    return this.#targets.get(id)
  }

  /** Answers whether it is on disk. */
  keep(id: TargetId, target: Target): boolean {
    if (this.#targets.has(id)) return true
    try {
      // A line that was cut short before must not spoil this one.
      writeSync(this.#file, `\n${JSON.stringify(target)}\n`)
      fsyncSync(this.#file)
      const folder = openSync('.', constants.O_RDONLY)
      fsyncSync(folder)
      closeSync(folder)
    } catch {
      return false
    }
    this.#targets.set(id, target)
    return true
  }
}

/** Only we write that file; a line may be cut short. */
function parseTarget(line: string): Target | undefined {
  try {
    const target = JSON.parse(line) as Target
    return isFirewallName(target.firewall) && typeof target.settings === 'object' ? target : undefined
  } catch {
    return undefined
  }
}
