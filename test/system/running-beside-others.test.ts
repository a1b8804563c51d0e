import { expect, it } from 'vitest'
import { knock, ruleset } from '../support/door.ts'
import { useLiveDoor } from '../support/live-door.ts'
import { addressOf } from '../support/netns.ts'
import { systemTest } from '../support/system.ts'

/** Others move the same firewall: the daemon puts back what is its own, and leaves alone what is theirs. */

const CLIENT = addressOf('client', 4)

systemTest(['ip', 'nft', 'nc', 'cat', 'iptables'])('beside others at the firewall', () => {
  const { elements, netns, prefix, start } = useLiveDoor('b')

  it('puts a door back within a second after others flushed the rules, with the time that is left', async () => {
    const daemon = await start({ openFor: '60s' })
    await knock(netns)
    await daemon.until('opened')
    await new Promise((resolve) => setTimeout(resolve, 1200))
    const before = Date.now()
    await netns.serve(['nft', '-f', '-'], `flush ruleset\n${ruleset(prefix)}`)
    await daemon.until('vanished')
    await daemon.until('opened', 2)
    expect(Date.now() - before).toBeLessThan(1500)
    expect(await netns.canConnect(22)).toBe(true)
    const [, left] = /timeout (\d+)s/.exec(await elements()) ?? []
    expect(Number(left)).toBeLessThanOrEqual(59)
  })

  it('puts its chain and its rule back after another tool restored rules without them', async () => {
    const daemon = await start({ openFor: '60s', rule: 'firewall = iptables' })
    await knock(netns)
    await daemon.until('opened')
    await netns.serve(['iptables-restore'], '*filter\n:INPUT ACCEPT\nCOMMIT\n')
    await daemon.until('vanished')
    await daemon.until('opened', 2)
    const rules = await netns.serve(['iptables', '-S'])
    expect(rules).toContain(`-A KNOCKTAIL -s ${CLIENT}/32 -p tcp -m tcp --dport 22`)
    expect(rules).toContain('-A INPUT -j KNOCKTAIL')
    await netns.serve(['iptables', '-F'])
  })

  it('tells whom of always_allow no rule of the firewall lets in, and opens nothing for him', async () => {
    const daemon = await start({ global: `always_allow = ${CLIENT}, 203.0.113.0/24` })
    await daemon.untilTrue(() => daemon.named('finding').length >= 2, 'both findings')
    expect(daemon.named('finding').map(({ text }) => text).join()).toContain('always_allow 203.0.113.0/24 stands in no rule of nftables')
    await knock(netns)
    await daemon.until('allowed')
    expect(await elements()).not.toContain(CLIENT)
  })

  it('leaves an entry of the administrator\'s alone, before and after', async () => {
    await netns.serve(['nft', 'add', 'element', 'inet', 'filter', 'knock4', `{ ${CLIENT} }`])
    const daemon = await start({ openFor: '1s' })
    await knock(netns)
    await daemon.until('foreign')
    await daemon.until('close')
    // What there was to do has been done then.
    await daemon.stop()
    expect(await elements()).toContain(CLIENT)
    expect(await elements()).not.toContain('timeout 1s')
  })

  it('opens its own door when the administrator\'s entry that stood there has gone', async () => {
    await netns.serve(['nft', 'add', 'element', 'inet', 'filter', 'knock4', `{ ${CLIENT} }`])
    const daemon = await start({ openFor: '60s' })
    await knock(netns)
    await daemon.until('foreign')
    await netns.serve(['nft', 'delete', 'element', 'inet', 'filter', 'knock4', `{ ${CLIENT} }`])
    await knock(netns)
    await daemon.until('opened')
    expect(await netns.canConnect(22)).toBe(true)
  })
})
