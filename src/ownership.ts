import { lstatSync, realpathSync, statSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { KnocktailError, reasonOf } from './error.ts'
import { findGroup } from './groups.ts'
import { printable } from './printable.ts'

const STICKY = 0o1000
const WRITABLE_BY_OTHERS = 0o022
const READABLE_BY_ALL = 0o004
const READABLE_BY_GROUP = 0o040

/**
 * Refuses a file by which somebody else could tell us what to do: it and the folders above it must belong to root or to our own
 * user, and be writable by nobody else (a folder may be if it is sticky, as /tmp is: nobody can replace what is not his there).
 * Throws a KnocktailError that says how to mend it.
 */
export function requireOwn(path: string): void {
  const fault = faultOf(path)
  if (fault !== undefined) throw new KnocktailError('config', fault)
}

/** Groups that are the daemon's own, where it has a user of its own. */
const OWN_GROUPS = ['knocktail', '_knocktail']

/**
 * Refuses also a file that others can read: with it they could knock. Its group may, if it is root's, our first one, or the one of the daemon's `user`: those
 * that we are in to read logs have other members.
 * Throws a KnocktailError that says how to mend it.
 */
export function requireSecret(path: string, user: string | undefined): void {
  requireOwn(path)
  const { mode, gid } = statSync(path)
  if ((mode & READABLE_BY_ALL) !== 0) throw new KnocktailError('config', `others can read ${printable(path)}, and so knock with it: chmod o-r ${printable(path)}`)
  if ((mode & READABLE_BY_GROUP) === 0 || gid === 0 || gid === process.getegid?.()) return
  const group = findGroup(gid)?.name ?? String(gid)
  if ([...OWN_GROUPS, user].includes(group)) return
  throw new KnocktailError('config', `group ${printable(group)} can read ${printable(path)}, and so knock with it: chgrp knocktail ${printable(path)}, or chmod g-r`)
}

function faultOf(path: string): string | undefined {
  try {
    return chainTo(path).map(ownFault).find((fault) => fault !== undefined)
  } catch (error) {
    return `${printable(path)} cannot be read: ${reasonOf(error)}`
  }
}

/** All that decides what is found at that path: it and the folders above. Throws if it is not there. */
export function chainTo(path: string): string[] {
  const real = realpathSync(path)
  // A link is as good as the folders it stands in, and as what it leads to.
  return real === path ? withFolders(path) : [...withFolders(dirname(path)), ...withFolders(real)]
}

/** Of a folder: nobody can replace what is not his there. */
export function isSticky({ mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & STICKY) !== 0
}

function withFolders(path: string): string[] {
  const above = dirname(path)
  return above === path ? [path] : [path, ...withFolders(above)]
}

function ownFault(path: string): string | undefined {
  const found = lstatSync(path)
  const { uid, mode } = found
  if (uid !== 0 && uid !== process.geteuid?.()) return `${printable(path)} belongs to another user, who could change what Knocktail does: chown root ${printable(path)}`
  if (found.isSymbolicLink() || (mode & WRITABLE_BY_OTHERS) === 0 || (found.isDirectory() && isSticky(found))) return undefined
  return `others may write to ${printable(path)}, and so change what Knocktail does: chmod go-w ${printable(path)}`
}
