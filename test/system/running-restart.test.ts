import { expect, it } from 'vitest'
import { knock, KNOCKS } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { useLiveDoor } from '../support/live-door.ts'
import { addressOf } from '../support/netns.ts'
import { BIN } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** What outlives the daemon, what does not, and what it does not do. */

const CLIENT = addressOf('client', 4)

systemTest(['ip', 'nft', 'nc', 'cat'])('the daemon from start to stop', () => {
  const { elements, netns, start } = useLiveDoor('e')

  it('goes on after a restart: a door stays open, a sequence begun before is completed after, and none opens twice', async () => {
    const daemon = await start({ openFor: '60s' })
    await knock(netns)
    await daemon.until('opened')
    await knock(netns, '192.0.2.11', KNOCKS.slice(0, 2))
    await eventually(() => {
      daemon.signal('SIGUSR1')
      expect(daemon.named('counters').map(({ events }) => events)).toContain(KNOCKS.length + 2)
    })
    expect(await daemon.stop()).toBe(0)
    expect(await netns.canConnect(22)).toBe(true)
    daemon.restart()
    await daemon.until('source-running', 2)
    await knock(netns, '192.0.2.11', KNOCKS.slice(2))
    await daemon.untilTrue(() => daemon.named('open').some((record) => record['address'] === '192.0.2.11'), 'the second opens')
    expect(daemon.named('open').map((record) => record['address'])).toEqual([CLIENT, '192.0.2.11'])
    expect(daemon.named('extend')).toEqual([])
  })

  it('misses nothing after a kill -9, also right after its first start', async () => {
    const daemon = await start({ openFor: '60s' })
    await daemon.stop('SIGKILL')
    await knock(netns)
    daemon.restart()
    await daemon.until('opened')
    expect(await netns.canConnect(22)).toBe(true)
  })

  it('refuses a second instance', async () => {
    const daemon = await start()
    const second = await netns.inServer([process.execPath, BIN, 'run', '-c', daemon.configPath, '--state-dir', daemon.stateDir])
    expect(second.code).toBe(1)
    expect(second.stderr).toContain('another knocktail is running')
  })

  it('closes all doors when it is stopped, if on_exit says so, and prints counters when asked', async () => {
    const daemon = await start({ openFor: '60s', global: 'on_exit = close' })
    await knock(netns)
    await daemon.until('opened')
    daemon.signal('SIGUSR1')
    await daemon.untilTrue(() => daemon.named('counters').some((record) => record['opens'] === 1), 'the rule\'s counters')
    expect(await daemon.stop()).toBe(0)
    expect(daemon.named('closed').length).toBe(1)
    expect(await netns.canConnect(22)).toBe(false)
  })

  it.each([['mode = observe', [] as string[]], ['', ['--dry-run']]])('with %j %j decides and opens nothing', async (global, args) => {
    const daemon = await start({ global }, { args })
    await knock(netns)
    await daemon.until('observed')
    expect(await netns.canConnect(22)).toBe(false)
    expect(await elements()).not.toContain(CLIENT)
  })
})
