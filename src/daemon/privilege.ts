import { chownSync, constants, lchownSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { KnocktailError, reasonOf } from '../error.ts'
import { findGroup } from '../groups.ts'
import { printable, quoted } from '../printable.ts'
import type { SourceConfig } from '../config/config.ts'

/** A user as the password file has it. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Whom the daemon becomes where nothing is configured: a user of its own, or the one that owns nothing. */
const USUAL = ['knocktail', '_knocktail', 'nobody']

/** Undefined: this process is not root, and stays who it is. Throws a KnocktailError if there is no such user. */
export function accountFor(user: string | undefined): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of user === undefined ? USUAL : [user]) {
    const account = findAccount(name)
    if (account) return account
  }
  throw new KnocktailError('failed', `there is no user ${quoted(user ?? USUAL[0]!)}: make one (useradd --system ${user ?? USUAL[0]!}), or set user to another`)
}

function findAccount(name: string): Account | undefined {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [found, , uid, gid] = line.split(':')
    if (found === name) return { name, uid: Number(uid), gid: Number(gid) }
  }
  return undefined
}

/** Groups that may read what the sources follow, so that a rotated log can be opened later too: that right and no other. */
export function sourceGroups(sources: readonly SourceConfig[]): number[] {
  const groups = sources.flatMap(({ follow }) => {
    if (follow.kind === 'journald') return findGroup('systemd-journal')?.gid ?? []
    return follow.kind === 'file' ? (groupOf(follow.path) ?? []) : []
  })
  return [...new Set(groups)]
}

function groupOf(path: string): number | undefined {
  try {
    const { mode, gid } = statSync(path)
    return (mode & 0o044) === 0o040 && gid !== 0 ? gid : undefined
  } catch {
    return undefined
  }
}

/** Whether that account, in those groups, may read the file; also if it does not exist yet. */
export function mayRead(path: string, { uid, gid }: Account, groups: readonly number[]): boolean {
  try {
    const { mode, uid: owner, gid: group } = statSync(path)
    if (owner === uid) return (mode & 0o400) !== 0
    if (group === gid || groups.includes(group)) return (mode & 0o040) !== 0
    return (mode & 0o004) !== 0
  } catch {
    return true
  }
}

const JOURNALS = ['/var/log/journal', '/run/log/journal']

/** Whether that account, in those groups, may read the journal: systemd gives it to a group, where it was set up by its tmpfiles. */
export function mayReadJournal(account: Account, groups: readonly number[]): boolean {
  return JOURNALS.flatMap((folder) => foldersIn(folder)).every((folder) => mayRead(folder, account, groups))
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name))
  } catch {
    return []
  }
}

/** For good: no privilege is left in this process. Throws if the system refuses. */
export function becomeAccount({ uid, gid }: Account, groups: readonly number[]): void {
  process.setgroups!([gid, ...groups.filter((group) => group !== gid)])
  process.setgid!(gid)
  process.setuid!(uid)
  if (process.getuid!() !== uid || process.geteuid!() !== uid) throw new KnocktailError('failed', 'the privileges of root could not be given up')
}

/** Makes the folder for ledger and positions, for that account alone. Throws a KnocktailError. */
export function prepareStateDir(path: string, account: Account | undefined): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o750 })
    const found = lstatSync(path)
    if (!found.isDirectory()) throw new KnocktailError('failed', `state_dir ${printable(path)} is no folder`)
    // What root made before is root's to give; anybody else's is not.
    if (account && (found.uid === 0 || found.uid === account.uid)) giveTo(account, path)
    else if (found.uid !== (account?.uid ?? process.getuid!())) throw new KnocktailError('failed', `state_dir ${printable(path)} belongs to another user`)
  } catch (error) {
    if (error instanceof KnocktailError) throw error
    throw new KnocktailError('failed', `state_dir ${printable(path)} cannot be made: ${reasonOf(error)}`)
  }
}

/** The folder, and what a run or a sweep as root left in it; the helper's own folder stays root's. */
function giveTo({ uid, gid }: Account, path: string): void {
  chownSync(path, uid, gid)
  for (const name of readdirSync(path)) {
    const file = join(path, name)
    const { uid: owner, nlink, mode } = lstatSync(file)
    // Not what the account may have linked here: a hard link to a file of root's would be given away.
    if ((mode & constants.S_IFMT) === constants.S_IFREG && owner === 0 && nlink === 1) lchownSync(file, uid, gid)
  }
}
