import { lstatSync, type Stats } from 'node:fs'
import { findGroup } from './groups.ts'
import { chainTo, isSticky } from './ownership.ts'
import { printable } from './printable.ts'

/** From there on accounts are people's; below are the system's and its daemons'. 65534 is nobody's (useradd(8), Debian policy 9.2.2). */
const FIRST_PERSON = 1000
const NOBODY = 65_534

/**
 * Who may write into a file, or put another one in its place, beside root and the program whose log it is: a sentence each, with what mends
 * it. What cannot be looked at gives none.
 */
export function otherWriters(path: string): string[] {
  try {
    return chainTo(path).flatMap((place) => faultsOf(printable(place), lstatSync(place)))
  } catch {
    return []
  }
}

function faultsOf(place: string, found: Stats): string[] {
  if (found.isSymbolicLink()) return []
  const can = found.isDirectory() ? `may replace what is in ${place}` : `may write to ${place}`
  const owner = isPerson(found.uid) ? [`user ${found.uid} ${can}, which is his: have it written by a program with a user of its own`] : []
  // What is sticky can be added to by others, and what others have there cannot be replaced.
  if (found.isDirectory() && isSticky(found)) return owner
  const group = (found.mode & 0o020) === 0 ? undefined : peopleIn(found.gid)
  return [
    ...owner,
    ...(group === undefined ? [] : [`group ${printable(group)} ${can}: chmod g-w ${place}`]),
    ...((found.mode & 0o002) === 0 ? [] : [`others ${can}: chmod o-w ${place}`]),
  ]
}

function isPerson(uid: number): boolean {
  return uid >= FIRST_PERSON && uid !== NOBODY && uid !== process.geteuid?.()
}

/** A group of the system's to which nobody was added is its daemon's alone. */
function peopleIn(gid: number): string | undefined {
  const group = findGroup(gid)
  return gid >= FIRST_PERSON || (group?.members.length ?? 0) > 0 ? (group?.name ?? String(gid)) : undefined
}
