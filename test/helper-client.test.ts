import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import { startHelper } from '../src/front/client.ts'
import type { HelperEvents } from '../src/front/helper.ts'
import { eventually } from './support/eventually.ts'
import { helperArgv } from './support/helper-process.ts'
import { usePfHelper } from './support/pf-helper.ts'

/** The front's side of the helper. */

const helping = await usePfHelper()
const { config, folder, none, output, pfctl, slow, ssh } = helping

describe('its client', () => {
  const [first, second] = [parseAddress('192.0.2.2')!, parseAddress('192.0.2.3')!]
  const events = (told: string[]): HelperEvents => ({
    changed: (firewall) => told.push(`changed ${firewall}`), note: (text) => told.push(`note ${text}`), ended: (why) => told.push(`ended ${why}`),
  })

  it('speaks with it', async () => {
    const helper = await startHelper(helperArgv(config, helping.stateDir), events([]))
    expect(await helper.add(ssh!, [{ address: first, seconds: 60 }, { address: parseAddress('127.0.0.1')!, seconds: 60 }]))
      .toEqual([{ kind: 'done' }, { kind: 'failed', why: 'that address is never opened: loopback' }])
    expect(await helper.list(ssh!)).toEqual({ kind: 'listed', entries: [{ address: first, seconds: undefined, mark: 'unmarked' }] })
    expect(await helper.check(ssh!)).toEqual([])
    pfctl.put('tables', '')
    expect(await helper.check(ssh!)).toEqual([{ severity: 'error', message: expect.stringMatching(/no table <knocktail>/) }])
    expect(await helper.renew(ssh!, [{ address: second, seconds: 60 }])).toEqual([{ kind: 'done' }])
    expect(await helper.remove(ssh!, [first, second])).toEqual([{ kind: 'done' }, { kind: 'done' }])
    expect(await helper.kill(none!, first)).toEqual({ kind: 'done' })
    expect(await helper.reload()).toEqual({ kind: 'done' })
    await helper.leave()
    expect(await helper.reload()).toEqual({ kind: 'failed', why: 'the helper is not running' })
  })

  it('is told when it is killed, and fails what was asked', async () => {
    const told: string[] = []
    const helper = await startHelper(['/bin/sh', '-c', `echo $$ > ${folder.path}/pid; exec "$@"`, 'sh', ...helperArgv(config, helping.stateDir)], events(told))
    const answers = helper.add(slow!, [{ address: first, seconds: 60 }, { address: second, seconds: 60 }])
    await eventually(() => expect(output()).not.toBe(''))
    process.kill(Number(readFileSync(join(folder.path, 'pid'), 'utf8')), 'SIGKILL')
    expect(await answers).toEqual([{ kind: 'failed', why: 'the helper has ended' }, { kind: 'failed', why: 'the helper has ended' }])
    await eventually(() => expect(told).toEqual(['ended it ended by SIGKILL']))
    expect(await helper.list(ssh!)).toEqual({ kind: 'failed', why: 'the helper is not running' })
  })

  it.each([
    [['/nonexistent/doas', '-n', 'knocktail'], /\/nonexistent\/doas -n knocktail\): no such file/],
    [['/bin/sh', '-c', 'echo "doas: Operation not permitted" >&2; exit 1'], /doas: Operation not permitted/],
    [['/bin/true'], /ended with exit code 0/],
  ])('is not had by %j', async (argv, why) => {
    await expect(startHelper(argv, events([]))).rejects.toThrow(why)
  })
})
