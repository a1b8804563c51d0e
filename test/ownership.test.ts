import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { findGroup } from '../src/groups.ts'
import { requireOwn, requireSecret } from '../src/ownership.ts'
import { useFolder } from './support/run.ts'

const folder = useFolder()

describe('what we act on', () => {
  it('may lie in a sticky folder, and behind a link of our own', () => {
    const path = folder.write('own.conf', '')
    symlinkSync(path, join(folder.path, 'link.conf'))
    for (const name of ['own.conf', 'link.conf']) expect(() => requireOwn(join(folder.path, name))).not.toThrow()
  })

  it('may not lie in a folder that others write to', () => {
    const shared = join(folder.path, 'shared')
    mkdirSync(shared)
    const path = folder.write('shared/x.conf', '')
    chmodSync(shared, 0o777)
    expect(() => requireOwn(path)).toThrow(`chmod go-w ${shared}`)
  })

  it('may not be written by others, and its own sticky bit means nothing', () => {
    const path = folder.write('sticky.conf', '')
    chmodSync(path, 0o1666)
    expect(() => requireOwn(path)).toThrow(`others may write to ${path}, and so change what Knocktail does: chmod go-w ${path}`)
  })

  it.runIf(process.getuid?.() === 0)('may not belong to somebody else, nor may what a link leads to', () => {
    const path = folder.write('other.conf', '')
    symlinkSync(path, join(folder.path, 'to-other.conf'))
    chownSync(path, 65_534, 65_534)
    for (const name of ['other.conf', 'to-other.conf']) expect(() => requireOwn(join(folder.path, name))).toThrow('belongs to another user')
  })

  it('must be there', () => expect(() => requireOwn(join(folder.path, 'none'))).toThrow('no such file'))
})

describe('a secret', () => {
  const write = (name: string, mode: number, gid = process.getgid!()): string => {
    const path = folder.write(name, 'GEZDGNBVGY3TQOJQ')
    chmodSync(path, mode)
    if (gid !== process.getgid!()) chownSync(path, process.getuid!(), gid)
    return path
  }

  it.each([0o600, 0o640, 0o400])('may be read by us and our group: %o', (mode) => expect(() => requireSecret(write('own', mode), undefined)).not.toThrow())

  it('may not be read by all', () => {
    const path = write('open', 0o644)
    expect(() => requireSecret(path, undefined)).toThrow(`others can read ${path}, and so knock with it: chmod o-r ${path}`)
  })

  it.runIf(process.getuid?.() === 0)('may be read by the group of the daemon\'s user, and of nobody else', () => {
    const gid = findGroup('games')!.gid
    const path = write('of-games', 0o640, gid)
    expect(() => requireSecret(path, 'games')).not.toThrow()
    expect(() => requireSecret(path, undefined)).toThrow('group games can read')
    expect(() => requireSecret(write('narrow', 0o600, gid), undefined)).not.toThrow()
  })

  it.runIf(process.getuid?.() === 0)('may not be read by a group that we are in only to read logs: it has other members', () => {
    const { gid } = findGroup('adm')!
    const groups = vi.spyOn(process, 'getgroups').mockReturnValue([0, gid])
    expect(() => requireSecret(write('of-adm', 0o640, gid), 'games')).toThrow('group adm can read')
    groups.mockRestore()
  })
})
