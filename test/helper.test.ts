import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import { startHelper } from '../src/front/client.ts'
import type { HelperEvents } from '../src/front/helper.ts'
import { eventually } from './support/eventually.ts'
import { endHelpersAfterEach, helperArgv, startProcess, targetsOf, type HelperProcess } from './support/helper-process.ts'
import { usePfctl } from './support/pf.ts'
import { run, useFolder } from './support/run.ts'

/** The real helper process, with pf's recorder, commands and null behind it. */

const folder = useFolder()
const pfctl = usePfctl()
const out = join(folder.path, 'out')
let count = 0
let stateDir = ''

const CONFIG = `
[knocktail]
firewall = pf
never_open = 203.0.113.0/24
[firewall pf]
table = knocktail
program = ${pfctl.program}
[ssh]
sequence = 7000, 8000, 9000
ports = 22/tcp
open_for = 30s
max_open = 1h
[slow]
sequence = 7001, 8001, 9001
start_command = echo start %IP% >> ${out} && sleep 0.5
stop_command = echo stop %IP% >> ${out}
[brief]
sequence = 7003, 8003, 9003
start_command = echo start %IP% >> ${out}
stop_command = echo stop %IP% >> ${out}
open_for = 1s
max_open = 1s
[none]
sequence = 7002, 8002, 9002
firewall = null
ports = 80/tcp
`
const config = folder.write('knocktail.conf', CONFIG)
const otherConfig = folder.write('other.conf', CONFIG.replaceAll('22/tcp', '2222/tcp'))
const targets = await targetsOf(config)
const [ssh, slow, none, brief] = ['ssh', 'slow', 'none', 'brief'].map((rule) => targets.get(rule)!)

const start = (path = config): Promise<HelperProcess> => startProcess(helperArgv(path, stateDir))
const output = (): string => (existsSync(out) ? readFileSync(out, 'utf8') : '')

endHelpersAfterEach()
beforeEach(() => {
  pfctl.reset()
  rmSync(out, { force: true })
  stateDir = join(folder.path, `state${++count}`)
})

describe('a helper serves', () => {
  it('adds, renews, lists, checks, kills and removes', async () => {
    const helper = await start()
    expect(helper.lines).toEqual(['- ready 4'])
    expect(await helper.ask(`add ${ssh} 192.0.2.2 60`)).toEqual(['done'])
    expect(await helper.ask(`add ${ssh} 192.0.2.2 60`)).toEqual(['foreign'])
    expect(await helper.ask(`renew ${ssh} 192.0.2.2 60`)).toEqual(['done'])
    expect(await helper.ask(`list ${ssh}`)).toEqual(['entry 192.0.2.2 - unmarked', 'done'])
    pfctl.put('tables', '')
    expect(await helper.ask(`check ${ssh}`)).toEqual([expect.stringMatching(/^finding error "there is no table <knocktail>/), 'done'])
    pfctl.put('states', '')
    expect(await helper.ask(`kill ${ssh} 192.0.2.2`)).toEqual(['done'])
    expect(await helper.ask(`remove ${ssh} 192.0.2.2`)).toEqual(['done'])
    expect(pfctl.held()).toEqual([])
  })

  it('what arrives together in one command', async () => {
    const helper = await start()
    const addresses = Array.from({ length: 100 }, (_, index) => `198.51.100.${index}`)
    helper.write(addresses.map((address, index) => `${index + 1} add ${ssh} ${address} 60\n`).join(''))
    await eventually(() => expect(helper.lines.filter((line) => line.endsWith(' done'))).toHaveLength(100))
    expect(pfctl.calls().map((call) => call.split(' ').slice(0, 5).join(' '))).toEqual(['-q -t knocktail -T show', '-q -t knocktail -T add'])
    expect(pfctl.held()).toEqual(addresses)
  })

  it('in the order asked for at one target, and others meanwhile', async () => {
    const helper = await start()
    helper.write(`1 add ${slow} 192.0.2.2 60\n2 remove ${slow} 192.0.2.2\n3 add ${slow} 192.0.2.3 60\n4 add ${ssh} 192.0.2.2 60\n`)
    await eventually(() => expect(helper.lines).toHaveLength(5))
    expect(helper.lines).toEqual(['- ready 4', '4 done', '1 done', '2 done', '3 done'])
    expect(output()).toBe('start 192.0.2.2\nstop 192.0.2.2\nstart 192.0.2.3\n')
  })

  it('after the configuration was changed for a wrong one, and for a right one', async () => {
    const path = folder.write('changing.conf', CONFIG)
    const helper = await start(path)
    const other = (await targetsOf(otherConfig)).get('ssh')!
    writeFileSync(path, 'nonsense')
    expect(await helper.ask('reload')).toEqual([expect.stringMatching(/^failed ".*changing\.conf:1/)])
    expect(await helper.ask(`add ${ssh} 192.0.2.2 60`)).toEqual(['done'])
    expect(await helper.ask(`add ${other} 192.0.2.3 60`)).toEqual([expect.stringMatching(/^failed/)])
    writeFileSync(path, readFileSync(otherConfig))
    expect(await helper.ask('reload')).toEqual(['done'])
    expect(await helper.ask(`add ${other} 192.0.2.3 60`)).toEqual(['done'])
    expect(await helper.ask(`renew ${ssh} 192.0.2.2 60`)).toEqual(['failed "that target is not in the configuration any more"'])
    expect(await helper.ask(`remove ${ssh} 192.0.2.2`)).toEqual(['done'])
  })
})

describe('a helper refuses', () => {
  const BAD = [
    'add pf.0000000000000000 192.0.2.2 60', `add ${ssh} 192.0.2.2 0`, `add ${ssh} 192.0.2.2 -5`, `add ${ssh} 192.0.2.2 1e3`,
    `add ${ssh} 192.0.2.2`, `add ${ssh} 192.0.2.2 60 60`, `remove ${ssh}`, `list ${ssh} 192.0.2.2`, 'leave now', 'flush', `ADD ${ssh} 192.0.2.2 60`,
    `add ${ssh} 192.0.2.02 60`, `add ${ssh} ::ffff:192.0.2.2 60`, `add ${ssh} 2001:DB8::2 60`, `add ${ssh} 2001:db8:0::2 60`, `add ${ssh} localhost 60`,
    `add ${ssh} 192.0.2.0/24 60`, `add ${ssh} !192.0.2.2 60`, `add ${ssh} fe80::1%lo 60`, `add ${ssh} -F 60`,
    ...['0.0.0.0', '127.0.0.1', '127.8.8.8', '169.254.1.1', '224.0.0.1', '239.1.1.1', '255.255.255.255', '::', '::1', 'fe80::1', 'ff02::1', '203.0.113.7']
      .flatMap((address) => [`add ${ssh} ${address} 60`, `renew ${ssh} ${address} 60`]),
    'renew ../../etc/passwd 192.0.2.2 60', `add  ${ssh} 192.0.2.2 60`, `add ${ssh} 192.0.2.2 60 `, `add ${ssh} 192.0.2.2 60\r`,
  ]

  it('what is wrong in any part, and goes on', async () => {
    const helper = await start()
    for (const request of BAD) expect([request, await helper.ask(request)]).toEqual([request, [expect.stringMatching(/^failed "/)]])
    expect(pfctl.calls()).toEqual([])
    expect(await helper.ask(`add ${none} 192.0.2.2 60`)).toEqual(['done'])
  })

  it('what has no ID, and says so', async () => {
    const helper = await start()
    helper.write(`list ${ssh}\n\n0 list ${ssh}\n01 list ${ssh}\n\xff\n`)
    await eventually(() => expect(helper.lines.slice(1)).toEqual(Array.from({ length: 5 }, () => '0 failed "it is no request"')))
  })

  it('to go on after a line that is too long', async () => {
    const helper = await start()
    helper.write(`1 add ${ssh} 192.0.2.2 60\n${'x'.repeat(600)}`)
    await eventually(() => expect(helper.lines).toContain('1 done'))
    helper.child.kill('SIGTERM')
    expect(await helper.ended).toBe(0)
    expect(pfctl.held()).toEqual([])
  })
})

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
      const helper = await startHelper(${JSON.stringify(helperArgv(config, stateDir))}, { changed() {}, note() {}, ended() {} })
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
    writeFileSync(join(stateDir, 'helper', 'targets'), `${readFileSync(join(stateDir, 'helper', 'targets'), 'utf8')}{"firewall":"pf","set`)
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

describe('a helper does not start', () => {
  const refused = async (): Promise<string> => {
    const { code, stderr } = await run(['helper', '-c', config, '--state-dir', stateDir])
    expect(code).toBe(1)
    return stderr
  }

  it('with a folder that is a link', async () => {
    mkdirSync(join(folder.path, 'elsewhere'), { recursive: true, mode: 0o700 })
    mkdirSync(stateDir)
    symlinkSync(join(folder.path, 'elsewhere'), join(stateDir, 'helper'))
    expect(await refused()).toMatch(/helper cannot be used: it is a link/)
  })

  it('with a folder that others may enter', async () => {
    mkdirSync(join(stateDir, 'helper'), { recursive: true, mode: 0o755 })
    expect(await refused()).toMatch(/belongs to others, too/)
  })

  it('with a file that is a link', async () => {
    mkdirSync(join(stateDir, 'helper'), { recursive: true, mode: 0o700 })
    symlinkSync('/etc/hostname', join(stateDir, 'helper', 'targets'))
    expect(await refused()).toMatch(/targets cannot be used/)
  })

  it('without a configuration that can be read', async () => {
    const { code } = await run(['helper', '-c', folder.write('bad.conf', 'nonsense'), '--state-dir', stateDir])
    expect(code).toBe(78)
  })
})

describe('its client', () => {
  const [first, second] = [parseAddress('192.0.2.2')!, parseAddress('192.0.2.3')!]
  const events = (told: string[]): HelperEvents => ({
    changed: (firewall) => told.push(`changed ${firewall}`), note: (text) => told.push(`note ${text}`), ended: (why) => told.push(`ended ${why}`),
  })

  it('speaks with it', async () => {
    const helper = await startHelper(helperArgv(config, stateDir), events([]))
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
    const helper = await startHelper(['/bin/sh', '-c', `echo $$ > ${folder.path}/pid; exec "$@"`, 'sh', ...helperArgv(config, stateDir)], events(told))
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
