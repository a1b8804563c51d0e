import { expect, it } from 'vitest'
import { knock, KNOCKS } from '../support/door.ts'
import { useLiveDoor } from '../support/live-door.ts'
import { addressOf } from '../support/netns.ts'
import { systemTest } from '../support/system.ts'

/** A configuration that changes under the daemon, and one that must not. */

const CLIENT = addressOf('client', 4)

systemTest(['ip', 'nft', 'nc', 'cat'])('a reload', () => {
  const { netns, start } = useLiveDoor('r')

  it('closes a door of an address that a reload puts into never_open', async () => {
    const daemon = await start({ openFor: '60s' })
    await knock(netns)
    await daemon.until('opened')
    daemon.configure(daemon.config.replace('firewall = nftables', `firewall = nftables\nnever_open = ${CLIENT}`))
    daemon.signal('SIGHUP')
    await daemon.until('closed')
    expect(await netns.canConnect(22)).toBe(false)
  })

  it('refuses a reload that changes a source which it could not open again', async () => {
    const daemon = await start()
    daemon.configure(daemon.config.replace('follow = kmsg', 'follow = kmsg\ntimezone = UTC'))
    daemon.signal('SIGHUP')
    expect((await daemon.until('config-refused')).text).toContain('source kernel')
    await knock(netns)
    await daemon.until('opened')
  })

  it('keeps the old configuration when the new one is wrong or lacks what it had, and tells of a change', async () => {
    const daemon = await start()
    const good = daemon.config
    daemon.configure(good.replace('ports = 22/tcp', 'ports = 22/tcpx'))
    await daemon.until('config-changed')
    daemon.signal('SIGHUP')
    expect((await daemon.until('config-refused')).text).toContain('22/tcpx')
    daemon.configure(good.slice(0, good.indexOf('[ssh]')))
    daemon.signal('SIGHUP')
    expect((await daemon.until('config-refused', 2)).text).toContain('no rule any more')
    await knock(netns)
    await daemon.until('opened')
  })

  it('keeps attempts and grants over a reload, and closes what a removed rule has opened', async () => {
    const daemon = await start({ openFor: '60s' })
    const more = `${daemon.config}[other]\nsequence = 1111, 2222, 3333\nports = 22/tcp\n`
    await knock(netns)
    await daemon.until('opened')
    await knock(netns, '192.0.2.11', KNOCKS.slice(0, 2))
    daemon.configure(more)
    daemon.signal('SIGHUP')
    await daemon.until('config-loaded')
    await knock(netns, '192.0.2.11', KNOCKS.slice(2))
    await daemon.until('opened', 2)
    expect(await netns.canConnect(22)).toBe(true)
    daemon.configure(more.replace('[ssh]', '[renamed]'))
    daemon.signal('SIGHUP')
    await daemon.until('closed', 2)
    expect(await netns.canConnect(22)).toBe(false)
  })
})
