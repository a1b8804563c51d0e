import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { knock, KNOCKS } from '../support/door.ts'
import { useLiveDoor } from '../support/live-door.ts'
import { addressOf } from '../support/netns.ts'
import { systemTest } from '../support/system.ts'

/** When doors close, and for whom there is none: connections, caps, lock-out, clocks. */

const CLIENT = addressOf('client', 4)

systemTest(['ip', 'nft', 'nc', 'cat', 'faketime'])('the daemon closes and refuses', () => {
  const { elements, folder, netns, start } = useLiveDoor('c')

  it('closes with the first connection, or with the end of the last one', async () => {
    const daemon = await start({ openFor: '30s', rule: 'close_when = connected' })
    await knock(netns)
    await daemon.until('opened')
    const session = netns.start('client', ['nc', addressOf('server', 4), '22'])
    await daemon.until('closed')
    expect(await netns.canConnect(22)).toBe(false)
    session.kill()
    daemon.configure(daemon.config.replace('close_when = connected', 'close_when = disconnected'))
    daemon.signal('SIGHUP')
    await daemon.until('config-loaded')
    await knock(netns)
    await daemon.until('opened', 2)
    await new Promise((resolve) => setTimeout(resolve, 1200))
    const other = netns.start('client', ['nc', addressOf('server', 4), '22'])
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(daemon.named('closed').length).toBe(1)
    other.kill()
    await daemon.until('closed', 2)
  })

  it('at the cap on grants closes the door of who is not connected, and refuses where all are', async () => {
    const daemon = await start({ openFor: '60s', rule: 'max_grants = 1' })
    await knock(netns)
    await daemon.until('opened')
    await knock(netns, '192.0.2.11')
    expect(await daemon.until('close')).toMatchObject({ address: CLIENT, roomFor: '192.0.2.11' })
    await daemon.until('opened', 2)
    const session = netns.start('client', ['nc', '-s', '192.0.2.11', addressOf('server', 4), '22'])
    await new Promise((resolve) => session.stdout!.once('data', resolve))
    // Connections are looked at every second.
    await new Promise((resolve) => setTimeout(resolve, 2100))
    await knock(netns)
    expect(await daemon.until('capped')).toMatchObject({ rule: 'ssh', address: CLIENT, cap: 'max_grants', limit: 1 })
    expect(await elements()).toContain('192.0.2.11')
    session.kill()
  })

  it('does not listen to who fails too often, and says so once', async () => {
    const daemon = await start({ rule: 'max_failures = 2\nreorder = 0' })
    const [first, , last] = KNOCKS
    await knock(netns, CLIENT, [first, last, first, last, ...KNOCKS])
    expect(await daemon.until('lockout')).toMatchObject({ level: 40, rule: 'ssh', address: CLIENT, network: CLIENT })
    await knock(netns, '192.0.2.11')
    await daemon.until('open')
    daemon.signal('SIGUSR1')
    await daemon.untilTrue(() => daemon.named('counters').some((record) => record['deaf'] === 1), 'who is not listened to')
    expect(daemon.records.filter(({ event }) => ['lockout', 'open'].includes(event)).map(({ address }) => address)).toEqual([CLIENT, '192.0.2.11'])
  })

  it('ends the connections that stand when it closes, if it is told to', async () => {
    const daemon = await start({ openFor: '2s', rule: 'kill_on_close = yes' })
    await knock(netns)
    await daemon.until('opened')
    const session = netns.start('client', ['nc', addressOf('server', 4), '22'])
    const ended = new Promise((resolve) => session.once('exit', resolve))
    await daemon.until('closed')
    await ended
    expect(daemon.named('firewall-failed')).toEqual([])
  })

  it.each([-3600, 3600])('with the wall clock stepped by %i s closes in time', async (step) => {
    const clock = join(folder.path, `clock${step}`)
    writeFileSync(clock, '+0')
    const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
    const daemon = await start({ openFor: '2s' }, {
      env: { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    })
    await knock(netns)
    await daemon.until('opened')
    const opened = performance.now()
    writeFileSync(clock, `${step > 0 ? '+' : ''}${step}`)
    await daemon.until('clock-stepped')
    await daemon.until('closed')
    expect(performance.now() - opened).toBeLessThan(4000)
    expect(await netns.canConnect(22)).toBe(false)
    // And it opens again, by the new time.
    await knock(netns)
    await daemon.until('opened', 2)
    await daemon.until('closed', 2)
  })
})
