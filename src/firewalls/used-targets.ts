import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { isFirewallName } from '../config/firewalls.ts'
import { targetId, type Target, type TargetId } from './target.ts'

/** Targets that were used, kept in a file: what they hold may be taken away, whatever the configuration says by then. */
export class UsedTargets {
  readonly #targets = new Map<TargetId, Target>()
  readonly #file: number
  readonly #folder: string

  /** A file open for reading and appending, and the path of the folder that it is in. */
  constructor(file: number, folder: string) {
    this.#file = file
    this.#folder = folder
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
      syncFolder(this.#folder)
    } catch {
      return false
    }
    this.#targets.set(id, target)
    return true
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, constants.O_RDONLY)
  fsyncSync(folder)
  closeSync(folder)
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
