import { chmod, chown, open, readFile, rename, stat, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf } from '../error.ts'
import { isWhole } from './ufw-rules.ts'

export const UFW_FOLDER = '/etc/ufw'

/** Of IPv4 and IPv6. */
const NAMES = ['user.rules', 'user6.rules'] as const

/** On a full disk ufw says `Rule added`, leaves a file that is cut, and fails to load it next time, with INPUT dropping all. */
const LEAST_FREE_BYTES = 1024 * 1024

export type UfwTexts = readonly [rules: string, rules6: string]

/** ufw's own files of the user's rules, watched over while ufw writes them. */
export class UfwFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Text says why they cannot be read. */
  async read(): Promise<UfwTexts | string> {
    try {
      return [await readFile(this.#path(NAMES[0]), 'utf8'), await readFile(this.#path(NAMES[1]), 'utf8')]
    } catch (error) {
      return `${this.#folder} cannot be read: ${reasonOf(error)}; it needs root`
    }
  }

  /** Why ufw must not write now. */
  async whyNotWritable(): Promise<string | undefined> {
    const { bavail, bsize } = await statfs(this.#folder)
    if (bavail * bsize < LEAST_FREE_BYTES) return `${this.#folder} has less than 1 MiB left on its disk: ufw would cut its rules`
    return this.whyNotWhole()
  }

  async whyNotWhole(): Promise<string | undefined> {
    for (const name of NAMES) {
      if (isWhole(await readFile(this.#path(name), 'utf8'))) continue
      return `${this.#path(name)} is cut: it does not end with COMMIT; put a whole one there, and run: ufw reload`
    }
    return undefined
  }

  /** Keeps copies of both. Answers why ufw must not write now. */
  async keepCopies(): Promise<string | undefined> {
    try {
      const problem = await this.whyNotWritable()
      if (problem !== undefined) return problem
      for (const name of NAMES) await this.#copy(name)
      return undefined
    } catch (error) {
      return `no copy of ufw's rules can be kept in ${this.#folder}: ${reasonOf(error)}`
    }
  }

  /** After ufw has written: puts a file that is cut back from its copy. Answers what was wrong. */
  async mend(): Promise<string | undefined> {
    const cut: string[] = []
    try {
      for (const name of NAMES) {
        const text = await readFile(this.#path(name), 'utf8').catch(() => '')
        if (isWhole(text)) await unlink(this.#copyOf(name)).catch(() => {})
        else if (await this.#putBack(name)) cut.push(`${this.#path(name)} was cut by ufw, and is put back as it was`)
      }
    } catch (error) {
      cut.push(`a cut file of ufw's cannot be put back from ${this.#folder}/*${SUFFIX}: ${reasonOf(error)}`)
    }
    return cut.length === 0 ? undefined : cut.join('; ')
  }

  /** A rename needs no space. */
  async #putBack(name: string): Promise<boolean> {
    const copy = await readFile(this.#copyOf(name), 'utf8').catch(() => '')
    if (!isWhole(copy)) return false
    await rename(this.#copyOf(name), this.#path(name))
    return true
  }

  async #copy(name: string): Promise<void> {
    const { mode, uid, gid } = await stat(this.#path(name))
    await unlink(this.#copyOf(name)).catch(() => {})
    const handle = await open(this.#copyOf(name), 'wx', 0o600)
    try {
      await handle.writeFile(await readFile(this.#path(name)))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await chown(this.#copyOf(name), uid, gid)
    await chmod(this.#copyOf(name), mode & 0o7777)
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }

  #copyOf(name: string): string {
    return this.#path(name) + SUFFIX
  }
}

const SUFFIX = '.knocktail-copy'
