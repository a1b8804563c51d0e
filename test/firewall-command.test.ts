import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import type { Port } from '../parsers/event.ts'
import { openCommand } from '../src/firewalls/command.ts'
import type { Firewall } from '../src/firewalls/firewall.ts'
import { labelOf } from '../src/firewalls/label.ts'
import { openNull } from '../src/firewalls/null.ts'
import { findProgram, runCommand, type Runner } from '../src/firewalls/run.ts'
import type { TargetCommands } from '../src/firewalls/target.ts'
import { CLIENTS } from './support/firewall-suite.ts'
import { useFolder } from './support/run.ts'

const folder = useFolder()
const file = join(folder.path, 'out')
const { first, second, sixth } = CLIENTS
const DONE = { kind: 'done' }

function open(commands: Partial<TargetCommands>, rule = 'ssh', run: Runner = runCommand): Firewall {
  return openCommand({ firewall: 'command', settings: {}, rule, commands: { start: '', ...commands } }, '', { run, find: findProgram })
}
const written = (): string => readFileSync(file, 'utf8').trim()
const entry = { address: first, seconds: 60 }

beforeEach(() => rmSync(file, { force: true }))

describe('start_command and stop_command', () => {
  it('run by the shell, with tokens in them', async () => {
    const port = { proto: 'udp', port: 53 as Port } as const
    const firewall = open({ start: `echo "%IP% %PORT% %PROTO% %RULE%" 100%% %X% > ${file}`, stop: `echo stop %IP% > ${file}`, port })
    expect(await firewall.add([entry])).toEqual([DONE])
    expect(written()).toBe('192.0.2.2 53 udp ssh 100%% %X%')
    expect(await firewall.remove([first])).toEqual([DONE])
    expect(written()).toBe('stop 192.0.2.2')
  })

  it('find the same in their environment', async () => {
    await open({ start: `echo $KNOCKTAIL_IP $KNOCKTAIL_RULE $KNOCKTAIL_UNTIL %UNTIL% > ${file}` }).add([entry])
    const [address, rule, until, again] = written().split(' ')
    expect([address, rule, until]).toEqual(['192.0.2.2', 'ssh', again])
    expect(until).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    const aheadMs = Date.parse(until!) - Date.now()
    expect(aheadMs).toBeGreaterThan(50_000)
    expect(aheadMs).toBeLessThanOrEqual(60_000)
  })

  it('know whose door it is, where a rule has users', async () => {
    await openCommand({ firewall: 'command', settings: {}, rule: 'ssh', user: 'alice', commands: { start: `echo %USER% $KNOCKTAIL_USER > ${file}` } }, '', { run: runCommand, find: findProgram }).add([entry])
    expect(written()).toBe('alice alice')
  })

  it.each(['$(touch x)', 'a; reboot', '`id`', 'a b', '"\'', '> x', 'name#2', 'ü\u202e', '%IP%'])('take a rule\'s name %j for no command', async (rule) => {
    await open({ start: `echo [%RULE%] > ${file}` }, rule).add([entry])
    expect(written()).toMatch(/^\[[A-Za-z0-9_.-]+\]$/)
  })

  it('have others for IPv6', async () => {
    const firewall = open({ start: 'exit 9', stop: 'exit 9', start6: `echo six %IP% > ${file}`, stop6: `echo gone %IP% > ${file}` })
    expect(await firewall.add([{ address: sixth, seconds: 5 }])).toEqual([DONE])
    expect(written()).toBe('six 2001:db8::2')
    expect(await firewall.remove([sixth])).toEqual([DONE])
    expect(written()).toBe('gone 2001:db8::2')
  })

  it('serve IPv6 as IPv4 where there are no others, and not at all where they are empty', async () => {
    expect(await open({ start: `echo %IP% > ${file}` }).add([{ address: sixth, seconds: 5 }])).toEqual([DONE])
    expect(written()).toBe('2001:db8::2')
    expect(await open({ start: 'exit 9', start6: '' }).add([{ address: sixth, seconds: 5 }])).toEqual([expect.objectContaining({ kind: 'unserved' })])
  })

  it('fail with what they said first', async () => {
    const outcomes = await open({ start: 'if [ %IP% = 192.0.2.2 ]; then echo "no \x1b[31mroute" >&2; echo more >&2; exit 4; fi' }).add([entry, { ...entry, address: second }])
    expect(outcomes).toEqual([{ kind: 'failed', why: 'start_command: no \\x1b[31mroute' }, DONE])
  })

  it('fail when they do not end', async () => {
    const hurried: Runner = (command) => runCommand({ ...command, timeLimitMs: 200 })
    const firewall = open({ start: 'sleep 60', stop: 'sleep 60 & wait' }, 'ssh', hurried)
    expect(await firewall.add([entry])).toEqual([{ kind: 'failed', why: 'start_command did not end in time' }])
    expect(await firewall.remove([first])).toEqual([{ kind: 'failed', why: 'stop_command did not end in time' }])
  })

  it('are not run again to renew', async () => {
    expect(await open({ start: 'exit 1' }).renew([entry])).toEqual([DONE])
  })

  it('may have no stop', async () => {
    expect(await open({ start: 'true' }).remove([first])).toEqual([DONE])
  })
})

describe('null', () => {
  it('does nothing, and is content', async () => {
    const run: Runner = () => Promise.reject(new Error('it ran something'))
    const firewall = openNull({ firewall: 'null', settings: {} }, '', { run, find: findProgram })
    expect(await firewall.add([entry, { address: parseAddress('2001:db8::2')!, seconds: 1 }])).toEqual([DONE, DONE])
    expect([await firewall.renew([entry]), await firewall.remove([first]), await firewall.kill(first)]).toEqual([[DONE], [DONE], DONE])
    expect([await firewall.list(), await firewall.check()]).toEqual([{ kind: 'listed', entries: [] }, []])
  })
})

describe('labels', () => {
  it.each([
    [['ssh'], 'knocktail ssh'],
    [['ssh', 'web'], 'knocktail ssh.web'],
    [['a b"; flush ruleset', 'ü#2'], 'knocktail a_b___flush_ruleset._#2'],
    [['x'.repeat(200)], `knocktail ${'x'.repeat(50)}`],
    [[], 'knocktail'],
  ])('of %j', (rules, label) => {
    expect(labelOf(rules)).toBe(label)
  })
})
