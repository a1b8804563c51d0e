import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { machineClocks } from '../../src/clocks.ts'
import type { Position } from '../../src/sources/source.ts'
import { sendDatagrams } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { followed, ports, sourceConfig, type Followed } from '../support/followed.ts'
import { useJournald } from '../support/journald.ts'
import { useNetns } from '../support/netns.ts'
import { systemTest } from '../support/system.ts'

systemTest(['ip', 'nft', 'bash', 'systemd-journald', 'journalctl'])('the real journald', () => {
  const netns = useNetns()
  useJournald()
  let prefix = ''
  let count = 0
  const running: Followed[] = []

  beforeEach(async () => {
    prefix = `kt${process.pid}j${++count} `
    await netns.serve(['nft', '-f', '-'], `flush ruleset
table inet t {
  chain input {
    type filter hook input priority 0
    meta l4proto udp log prefix "${prefix}" drop
  }
}
`)
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map(({ live }) => live.stop()))
  })

  async function start(position?: Position): Promise<Followed> {
    const source = followed(sourceConfig({ kind: 'journald' }, { prefix }), { position })
    running.push(source)
    await eventually(() => expect(source.runs).toBe(1))
    return source
  }

  const send = (...dports: number[]): Promise<void> => sendDatagrams(netns, dports)

  /** journald is a moment behind the kernel, and behind who writes to its socket. */
  async function untilJournalHas(times: number, text: string): Promise<void> {
    await eventually(() => {
      const lines = execFileSync('journalctl', ['-q', '--no-pager', '-o', 'cat', '-n', '1000'], { encoding: 'latin1' }).split('\n')
      expect(lines.filter((line) => line.includes(prefix) && line.includes(text))).toHaveLength(times)
    })
  }

  it('gives what the kernel logged, when it was logged', async () => {
    await send(7000)
    await untilJournalHas(1, 'DPT=7000')
    const source = await start()
    await send(7001)
    await eventually(() => expect(ports(source.events)).toEqual([7001]))
    expect(source.backlog).toEqual([])
    expect(Math.abs(machineClocks().wall() - source.events.at(-1)!.time)).toBeLessThan(5e6)
    expect(source.suspensions).toEqual([])
  })

  it('goes on after a restart where it was: nothing is missed, nothing is counted twice', async () => {
    const before = await start()
    await send(7001)
    await eventually(() => expect(ports(before.events)).toEqual([7001]))
    await before.live.stop()
    await send(7002, 7003)
    await untilJournalHas(1, 'DPT=7003')
    const after = await start(JSON.parse(JSON.stringify(before.live.position())) as Position)
    // Where the journal has just begun another file, journalctl may print a little out of order.
    await eventually(() => expect(ports(after.backlog).toSorted()).toEqual([7001, 7002, 7003]))
    await send(7004)
    await eventually(() => expect(ports(after.events)).toEqual([7004]))
    expect(after.live.stats.events).toBe(3)
  })

  it('goes on after a restart also where nothing had been read yet', async () => {
    const before = await start()
    const position = JSON.parse(JSON.stringify(before.live.position())) as Position
    await before.live.stop()
    await send(7001)
    await untilJournalHas(1, 'DPT=7001')
    const after = await start(position)
    await eventually(() => expect(ports(after.backlog)).toEqual([7001]))
  })

  it('believes nobody but the kernel', async () => {
    const source = await start()
    const packet = 'IN=lo OUT= MAC= SRC=198.51.100.1 DST=192.0.2.1 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=UDP SPT=4 DPT=7666 LEN=20'
    appendFileSync('/dev/kmsg', `<0>${prefix}${packet}\n`)
    execFileSync('logger', ['-u', '/run/systemd/journal/dev-log', '-t', 'kernel', '-p', 'kern.warn', `${prefix}${packet}`])
    await untilJournalHas(2, 'DPT=7666')
    await send(7002)
    await eventually(() => expect(ports(source.events)).toEqual([7002]))
  })
})
