import { constants, fstatSync, lstatSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { KnocktailError, reasonOf } from './error.ts'
import { printable } from './printable.ts'

const READ_BY_OTHERS = 0o077

/**
 * Makes a folder of our own user's alone, and makes it the current one: from then on it cannot be replaced under our feet by whoever owns the
 * folder above. Throws a KnocktailError if others have to do with it.
 */
export function enterOwnFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
    mkdirSync(path, { recursive: true, mode: 0o700 })
    process.chdir(path)
    const [found, here] = [lstatSync(path), statSync('.')]
    if (!found.isDirectory() || found.ino !== here.ino || found.dev !== here.dev) throw new Error('it is a link')
    if (here.uid !== process.geteuid!() || (here.mode & READ_BY_OTHERS) !== 0) throw new Error('it belongs to others, too')
  } catch (error) {
    throw unusable(path, error)
  }
}

/** Opens a file of our own user's for reading and appending; it is made if there is none. Throws a KnocktailError if it is not ours. */
export function openOwnFile(path: string): number {
  try {
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600)
    const found = fstatSync(file)
    if (!found.isFile() || found.uid !== process.geteuid!() || found.nlink !== 1) throw new Error('it belongs to others, too')
    return file
  } catch (error) {
    throw unusable(path, error)
  }
}

function unusable(path: string, error: unknown): KnocktailError {
  return new KnocktailError('failed', `${printable(path)} cannot be used: ${reasonOf(error)}; take it away, it is made anew`)
}
