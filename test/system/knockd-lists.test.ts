import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { unusedEntries } from '../../src/config/one-time.ts'
import { findProgram, runCommand } from '../../src/firewalls/run.ts'
import { OneTimeLists } from '../../src/one-time/lists.ts'
import { knock } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** A list that Knocktail and knockd use by turns: each reads what the other has crossed out. */

systemTest(['ip', 'nc', 'knockd'])('a list of one-time sequences, with the real knockd', () => {
  const netns = useNetns()
  const folder = useFolder()
  const list = join(folder.path, 'list')
  const opened = join(folder.path, 'opened')
  const config = folder.write('knockd.conf', `[options]\nlogfile = /dev/null\n[d]\none_time_sequences = ${list}\ncommand = echo %IP% >> ${opened}\nseq_timeout = 10\ntcpflags = syn\n`)
  const unused = (): string[] => unusedEntries(readFileSync(list, 'utf8'), list, 'knockd').map(({ id }) => id)

  /** Runs knockd for those knocks, of which only the last open: until so many doors have been opened in all. */
  async function withKnockd(opens: number, ...sequences: readonly (readonly number[])[]): Promise<void> {
    const child = netns.start('server', ['knockd', '-i', 'veth0', '-v', '-D', '-c', config])
    let output = ''
    child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await eventually(() => expect(output).toContain('listening on'))
    for (const ports of sequences) await knock(netns, addressOf('client', 4), ports)
    await eventually(() => expect(readFileSync(opened, 'utf8').trimEnd().split('\n')).toHaveLength(opens))
    child.kill('SIGKILL')
  }

  it('is used by both by turns, and no sequence opens twice', async () => {
    writeFileSync(list, ' 6001,6002\n6003,6004\n# a comment\n 6005,6006\n6007,6008\n 6009,6010\n 6011,6012\n')
    chmodSync(list, 0o600)
    const lists = new OneTimeLists({ run: runCommand, find: findProgram }, () => {})
    lists.load(await loadConfig(config))
    const all = unused()
    expect(await lists.spend(all[0]!)).toEqual({ kind: 'done' })
    // What we have crossed out is a comment to knockd.
    await withKnockd(1, [6001, 6002], [6003, 6004])
    // Over the first digit, which is knockd's way.
    expect(readFileSync(list, 'utf8')).toBe('# 6001,6002\n#003,6004\n# a comment\n 6005,6006\n6007,6008\n 6009,6010\n 6011,6012\n')
    expect(unused()).toEqual(all.slice(2))
    expect(await lists.spend(all[1]!)).toEqual({ kind: 'foreign' })
    expect(await lists.spend(all[3]!)).toEqual({ kind: 'done' })
    await withKnockd(2, [6005, 6006], [6007, 6008], [6009, 6010])
    // The last one, of which knockd itself dies.
    expect(await lists.spend(all[5]!)).toEqual({ kind: 'done' })
    expect(readFileSync(list, 'utf8')).toBe('# 6001,6002\n#003,6004\n# a comment\n# 6005,6006\n#6007,6008\n#6009,6010\n# 6011,6012\n')
  })
})
