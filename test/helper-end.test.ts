import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { helperArgv, startProcess, targetsOf } from './support/helper-process.ts'
import { usePfHelper } from './support/pf-helper.ts'

/** What a helper closes when its front has gone, and what it leaves to the next one. */

const helping = await usePfHelper()
const { brief, config, folder, otherConfig, output, pfctl, slow, ssh, start } = helping

describe('when the front dies', () => {
  it('closes what it opened, each at its time, and ends', async () => {
    const helper = await start()
    const begun = performance.now()
    await helper.ask(`add ${ssh} 192.0.2.2 2`)
    await helper.ask(`add ${ssh} 192.0.2.3 60`)
    await helper.ask(`renew ${ssh} 192.0.2.3 3`)
    await helper.ask(`add ${slow} 192.0.2.4 2`)
    await helper.ask(`add ${ssh} 192.0.2.5 1`)
    await helper.ask(`remove ${ssh} 192.0.2.5`)
    helper.abandon()
    await eventually(() => expect(pfctl.held()).toEqual(['192.0.2.3']))
    expect(performance.now() - begun).toBeGreaterThan(1900)
    expect(await helper.ended).toBe(0)
    expect(performance.now() - begun).toBeGreaterThan(2900)
    expect([pfctl.held(), output()]).toEqual([[], 'start 192.0.2.4\nstop 192.0.2.4\n'])
    expect(pfctl.calls().filter((call) => call.includes('delete 192.0.2.5'))).toHaveLength(1)
  })

  it('also when it is killed, with a real front', async () => {
    const front = folder.write('front.mjs', `
      import { startHelper } from ${JSON.stringify(new URL('../dist/src/front/client.js', import.meta.url).href)}
      const helper = await startHelper(${JSON.stringify(helperArgv(config, helping.stateDir))}, { changed() {}, note() {}, ended() {} })
      await helper.add(${JSON.stringify(ssh)}, [{ address: '192.0.2.2', seconds: 2 }])
      process.kill(process.pid, 'SIGKILL')`)
    await startProcess([process.execPath, '-e', `console.log(1); import(${JSON.stringify(front)})`]).then(({ ended }) => ended)
    expect(pfctl.held()).toEqual(['192.0.2.2'])
    await eventually(() => expect(pfctl.held()).toEqual([]))
  })

  it('and never later than its rule allows, whatever the front asked for', async () => {
    const helper = await start()
    expect(await helper.ask(`add ${brief} 192.0.2.2 3000`)).toEqual(['done'])
    helper.abandon()
    expect(await helper.ended).toBe(0)
    expect(output()).toBe('start 192.0.2.2\nstop 192.0.2.2\n')
  })

  it('finishes first what it was asked for', async () => {
    const helper = await start()
    helper.child.stdin!.end(`1 add ${slow} 192.0.2.2 1\n2 add ${slow} 192.0.2.3 1\n`)
    expect(await helper.ended).toBe(0)
    expect(output().split('\n').filter(Boolean).toSorted()).toEqual(['start 192.0.2.2', 'start 192.0.2.3', 'stop 192.0.2.2', 'stop 192.0.2.3'])
  })

  it('tries again what cannot be closed', async () => {
    const helper = await start()
    await helper.ask(`add ${ssh} 192.0.2.2 1`)
    pfctl.put('refuse', '192.0.2.2')
    helper.abandon()
    await eventually(() => expect(pfctl.calls().filter((call) => call.includes('delete'))).toHaveLength(1))
    pfctl.put('refuse', '')
    expect(await helper.ended).toBe(0)
    expect(pfctl.held()).toEqual([])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('closes at once on %s, which it takes no notice of before', async (signal) => {
    const helper = await start()
    helper.child.kill(signal)
    expect(await helper.ask(`add ${ssh} 192.0.2.2 3000`)).toEqual(['done'])
    helper.abandon()
    helper.child.kill(signal)
    expect(await helper.ended).toBe(0)
    expect(pfctl.held()).toEqual([])
  })
})

describe('when it is told to leave', () => {
  it('closes nothing', async () => {
    const helper = await start()
    await helper.ask(`add ${ssh} 192.0.2.2 1`)
    expect(await helper.ask('leave')).toEqual(['done'])
    expect(await helper.ended).toBe(0)
    expect(pfctl.held()).toEqual(['192.0.2.2'])
  })
})

describe('the next helper', () => {
  it('sends the one that lingers away, and takes its entries over', async () => {
    const old = await start()
    await old.ask(`add ${ssh} 192.0.2.2 4`)
    await old.ask(`add ${ssh} 192.0.2.3 3000`)
    old.abandon()
    const next = await start()
    expect(await old.ended).toBe(0)
    expect(pfctl.held()).toEqual(['192.0.2.2', '192.0.2.3'])
    await next.ask(`remove ${ssh} 192.0.2.3`)
    next.abandon()
    expect(await next.ended).toBe(0)
    expect(pfctl.held()).toEqual([])
  })

  it('closes at their time also what its front never spoke of', async () => {
    const old = await start()
    await old.ask(`add ${ssh} 192.0.2.2 3`)
    await old.ask(`add ${ssh} 192.0.2.3 3000`)
    old.abandon()
    const next = await start()
    await next.ask(`renew ${ssh} 192.0.2.3 3000`)
    expect(await next.ask('leave')).toEqual(['done'])
    expect(await next.ended).toBe(0)
    expect(pfctl.held()).toEqual(['192.0.2.3'])
  })

  it('still closes at targets that the configuration no longer has', async () => {
    const old = await start()
    await old.ask(`add ${ssh} 192.0.2.2 60`)
    await old.ask('leave')
    writeFileSync(join(helping.stateDir, 'helper', 'targets'), `${readFileSync(join(helping.stateDir, 'helper', 'targets'), 'utf8')}{"firewall":"pf","set`)
    const next = await start(otherConfig)
    expect(await next.ask(`add ${ssh} 192.0.2.3 60`)).toEqual([expect.stringMatching(/^failed/)])
    expect(await next.ask(`list ${ssh}`)).toEqual(['entry 192.0.2.2 - unmarked', 'done'])
    const other = (await targetsOf(otherConfig)).get('ssh')!
    expect(await next.ask(`add ${other} 192.0.2.3 60`)).toEqual(['done'])
    await next.ask('leave')
    const last = await start()
    expect(await last.ask(`remove ${other} 192.0.2.3`)).toEqual(['done'])
    expect(await last.ask(`remove ${ssh} 192.0.2.2`)).toEqual(['done'])
    expect(pfctl.held()).toEqual([])
  })

  it('knows nothing of targets that were never used', async () => {
    const old = await start()
    await old.ask('leave')
    const next = await start(otherConfig)
    expect(await next.ask(`remove ${ssh} 192.0.2.2`)).toEqual(['failed "there is no such target"'])
  })
})
