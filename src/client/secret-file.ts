import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { KnocktailError, reasonOf } from '../error.ts'
import { printable } from '../printable.ts'

const FOR_OTHERS = 0o077

/**
 * The text of a file, one character a byte, that nobody but our own user (and root) can read or write. Throws a KnocktailError that
 * says how to mend it, and quotes nothing of the text.
 */
export function readOwnFile(path: string): string {
  const file = openForReading(path)
  try {
    const { mode, uid } = fstatSync(file)
    const fault = faultOf(mode, uid)
    if (fault !== undefined) throw new KnocktailError('config', `${printable(path)} ${fault} ${printable(path)}`)
    return readFileSync(file, 'latin1')
  } finally {
    closeSync(file)
  }
}

function openForReading(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw new KnocktailError('config', `${printable(path)} cannot be read: ${reasonOf(error)}`)
  }
}

function faultOf(mode: number, uid: number): string | undefined {
  if (uid !== 0 && uid !== process.geteuid?.()) return `belongs to another user, who knows what is in it: make a new one, and chown it:`
  return (mode & FOR_OTHERS) === 0 ? undefined : 'can be read or written by others, and what is in it must be known to you alone: chmod 600'
}
