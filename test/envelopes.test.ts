import { describe, expect, it } from 'vitest'
import type { Envelope } from '../parsers/envelopes/envelope.ts'
import { ENVELOPES, type EnvelopeName } from '../parsers/envelopes/index.ts'
import type { Stamp } from '../parsers/time.ts'

const NAMES = (Object.keys(ENVELOPES) as EnvelopeName[]).filter((name) => name !== 'bare')

function open(name: EnvelopeName, text: string): Envelope | string | undefined {
  const { mayOpen, open: opened } = ENVELOPES[name]
  return mayOpen(text) ? opened(text) : undefined
}

/** What the envelope says, and the message in it. */
function shown(name: EnvelopeName, text: string): unknown {
  const opened = open(name, text)
  if (opened === undefined || typeof opened === 'string') return opened
  return { ...opened, text: undefined, at: undefined, message: opened.text.slice(opened.at) }
}

const uptime = (at: number): Stamp => ({ kind: 'uptime', at, resolution: 1 }) as Stamp
const epoch = (iso: string, micros = 0, resolution = 1): Stamp => ({ kind: 'epoch', at: Date.parse(iso) * 1000 + micros, resolution }) as Stamp
const local = (month: number, day: number, seconds: number, more: object = {}): unknown =>
  ({ kind: 'local', at: { year: undefined, month, day, sinceMidnight: seconds * 1e6 }, resolution: 1_000_000, ...more })

const EVENING = 23 * 3600 + 36 * 60 + 56

describe('every envelope', () => {
  const OPENED: readonly (readonly [EnvelopeName, string, unknown])[] = [
    ['kmsg', '4,213748,1318641762,-;knock: x', uptime(1_318_641_762)],
    ['kmsg', '4,213748,1318641762,c,caller=T1;knock: x', uptime(1_318_641_762)],
    ['printk', '[ 1261.704253] knock: x', uptime(1_261_704_253)],
    ['printk', '<4>[ 1261.704253] knock: x', uptime(1_261_704_253)],
    ['printk', 'kern  :warn  : [ 1261.704253] knock: x', uptime(1_261_704_253)],
    ['printk', '[ 1261.704253 <    0.000023>] knock: x', uptime(1_261_704_253)],
    ['printk', '[Fri Nov 20 23:36:56 2026] knock: x', local(11, 20, EVENING, { at: { year: 2026, month: 11, day: 20, sinceMidnight: EVENING * 1e6 } })],
    ['printk', '[Nov20 23:36] knock: x', local(11, 20, EVENING - 56, { resolution: 60_000_000 })],
    ['printk', '[  +0.000023] knock: x', { kind: 'since-previous', at: 23, resolution: 1 }],
    ['printk', '[<    0.010411>] knock: x', { kind: 'since-previous', at: 10_411, resolution: 1 }],
    ['printk', '2026-11-20T23:32:53,704253+00:00 knock: x', epoch('2026-11-20T23:32:53Z', 704_253)],
    ['rfc3164', 'Nov 20 23:36:56 vm kernel: knock: x', local(11, 20, EVENING)],
    ['rfc3164', 'Nov  2 23:36:56 vm kernel: knock: x', local(11, 2, EVENING)],
    ['rfc3164', 'Nov 20 23:36:56 kernel: knock: x', local(11, 20, EVENING)],
    ['rfc3164', '<4>Nov 20 23:36:56 kernel: knock: x', local(11, 20, EVENING)],
    ['rfc3164', 'Nov 20 23:36:56 2001:db8::1 kernel: knock: x', local(11, 20, EVENING)],
    ['rfc3164', 'Nov 20 23:36:56 <kern.warn> vm kernel: knock: x', local(11, 20, EVENING)],
    ['rfc3164', 'Nov 20 23:36:56 <0.4> vm kernel: knock: x', local(11, 20, EVENING)],
    ['rfc3164', 'Nov 20 23:36:56.516506 vm kernel: knock: x',
      local(11, 20, 0, { at: { year: undefined, month: 11, day: 20, sinceMidnight: EVENING * 1e6 + 516_506 }, resolution: 1 })],
    ['iso', '2026-11-20T23:37:59.921334+00:00 vm kernel: knock: x', epoch('2026-11-20T23:37:59Z', 921_334)],
    ['iso', '2026-11-20T23:36:56+0100 vm kernel: knock: x', epoch('2026-11-20T22:36:56Z', 0, 1_000_000)],
    ['iso', '2026-11-20T23:36:56Z vm kernel: knock: x', epoch('2026-11-20T23:36:56Z', 0, 1_000_000)],
    ['rfc5424', '<4>1 2026-11-20T23:37:59.921334+00:00 vm kernel - - - knock: x', epoch('2026-11-20T23:37:59Z', 921_334)],
    ['rfc5424', '<4>1 - vm kernel - - [a b="\\] knock: "][c] knock: x', { kind: 'none' }],
    ['journal', '{"__REALTIME_TIMESTAMP":"1795217816516506","_TRANSPORT":"kernel","SYSLOG_FACILITY":"0","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"knock: x"}',
      { kind: 'epoch', at: 1_795_217_816_516_506, resolution: 1 }],
    ['journal-text', '1795217816.516506 vm kernel: knock: x', { kind: 'epoch', at: 1_795_217_816_516_506, resolution: 1 }],
    ['journal-text', '[ 1504.045137] vm kernel: knock: x', uptime(1_504_045_137)],
    ['journal-text', '[ 1504.045137 <    0.042808 >] vm kernel: knock: x', uptime(1_504_045_137)],
    ['journal-text', 'Fri 2026-11-20 23:36:56 UTC vm kernel: knock: x', epoch('2026-11-20T23:36:56Z', 0, 1_000_000)],
    ['journal-text', 'Fri 2026-11-20 23:36:56 CET vm kernel: knock: x', local(11, 20, EVENING, { at: { year: 2026, month: 11, day: 20, sinceMidnight: EVENING * 1e6 } })],
  ]

  it.each(OPENED)('%s: %s', (name, text, stamp) => {
    expect(shown(name, text)).toEqual({ stamp, tag: 'kernel', fromKernel: true, message: 'knock: x' })
  })

  it.each(OPENED.map(([name, text]) => [text, name] as const))("%s is the kernel's in no other: %s", (text, name) => {
    const kernels = NAMES.filter((other) => {
      const opened = open(other, text)
      return typeof opened === 'object' && opened.tag === 'kernel'
    })
    expect(kernels).toEqual([name])
  })

  it('never throws, whatever it is given', () => {
    for (const [, text] of OPENED) {
      for (let length = 0; length <= text.length; length++) for (const name of NAMES) open(name, text.slice(0, length))
    }
    expect(NAMES.map((name) => open(name, ''))).toEqual(NAMES.map(() => undefined))
  })
})

describe('who wrote it', () => {
  it.each<[EnvelopeName, string, string | undefined, boolean]>([
    ['kmsg', '12,1,2,-;x', 'kernel', false],
    ['kmsg', '7,1,2,-;x', 'kernel', true],
    ['kmsg', '8,1,2,-;x', 'kernel', false],
    ['printk', '<12>[ 1.000000] x', 'kernel', false],
    ['printk', 'user  :notice: [ 1.000000] x', 'kernel', false],
    ['printk', 'daemon:err   : [ 1.000000] x', 'kernel', false],
    ['rfc3164', '<12>Nov 20 23:36:56 vm kernel: x', 'kernel', false],
    ['rfc3164', 'Nov 20 23:36:56 vm kernel[31836]: x', 'kernel', false],
    ['rfc3164', 'Apr  2 17:51:27 <4.3> vm sshd[77]: x', 'sshd', false],
    ['rfc3164', 'Apr  2 17:51:27 <4.3> vm kernel: x', 'kernel', false],
    ['rfc3164', 'Nov 20 23:36:56 sshd[1]: kernel: x', 'sshd', false],
    ['iso', '2026-11-20T23:36:56Z vm nginx: x', 'nginx', true],
    ['rfc5424', '<12>1 2026-11-20T23:36:56Z vm kernel - - - x', 'kernel', false],
    ['rfc5424', '<4>1 2026-11-20T23:36:56Z vm kernel - - -  x', 'kernel', false],
    ['rfc5424', '<4>1 2026-11-20T23:36:56Z vm kernel 77 - - x', 'kernel', false],
    ['rfc5424', '<4>1 2026-11-20T23:36:56Z vm - - - - x', undefined, true],
    ['journal', '{"__REALTIME_TIMESTAMP":"1","_TRANSPORT":"syslog","SYSLOG_FACILITY":"0","MESSAGE":"x"}', undefined, false],
    ['journal', '{"__REALTIME_TIMESTAMP":"1","_TRANSPORT":"kernel","SYSLOG_FACILITY":"1","MESSAGE":"x"}', undefined, false],
    ['journal', '{"__REALTIME_TIMESTAMP":"1","_TRANSPORT":"kernel","SYSLOG_FACILITY":0,"MESSAGE":"x"}', undefined, false],
  ])('%s: %s', (name, text, tag, fromKernel) => {
    expect(shown(name, text)).toMatchObject({ tag, fromKernel })
  })
})

describe('lines that give nothing', () => {
  it.each<[EnvelopeName, string, string | undefined]>([
    ['kmsg', ' SUBSYSTEM=net', undefined],
    ['kmsg', '4,213748,1318641762;knock: x', undefined],
    ['kmsg', '-1,213748,1318641762,-;knock: x', undefined],
    ['printk', '[ 1261.704] knock: x', undefined],
    ['printk', '[ 1504.230778] vm evil[31836]: x', undefined],
    ['printk', '[ 1504.230778] vm evil x[31836]: x', undefined],
    ['printk', '[<99999999999999999999.000000>] x', undefined],
    ['printk', '[Fri Nov 31 23:36:56 2026] x', 'bad-time'],
    ['printk', '[Foo20 23:36] x', 'bad-time'],
    ['rfc3164', 'Nov 31 23:36:56 vm kernel: x', 'bad-time'],
    ['rfc3164', 'Nov 20 24:00:00 vm kernel: x', 'bad-time'],
    ['rfc3164', 'Foo 20 23:36:56 vm kernel: x', 'bad-time'],
    ['rfc3164', 'Nov 20 23:36:56', undefined],
    ['rfc3164', 'Nov 20 23:36:56\tvm kernel: x', undefined],
    ['rfc3164', 'Nov 20 23:36:56 vm evil kernel: x', 'other-program'],
    ['rfc3164', 'Nov 20 23:36:56 vm kernel:x', 'other-program'],
    ['rfc3164', 'Nov 20 23:36:56 localhost last message repeated 3 times', 'repeat-notice'],
    ['rfc3164', 'Nov 20 23:36:56 last message repeated 3 times', 'repeat-notice'],
    ['rfc3164', 'Nov 20 23:36:56 localhost last message repeated 3 times by evil', 'other-program'],
    ['rfc3164', 'Nov 20 23:36:56 vm kernel: message repeated 4 times: [ x]', 'repeat-notice'],
    ['iso', '2026-02-30T23:36:56Z vm kernel: x', 'bad-time'],
    ['iso', '2026-11-20T23:36:56+24:00 vm kernel: x', 'bad-time'],
    ['iso', '2026-11-20T23:36:56Z', undefined],
    ['rfc5424', '<4>2 2026-11-20T23:36:56Z vm kernel - - - x', undefined],
    ['rfc5424', '<4>1 yesterday vm kernel - - - x', 'bad-time'],
    ['rfc5424', '<4>1 2026-11-20T23:36:56Zx vm kernel - - - x', 'bad-time'],
    ['rfc5424', '<4>1 2026-11-20T23:36:56Z vm kernel - - [a b="c] x', 'not-this-dialect'],
    ['rfc5424', '<4>1 2026-11-20T23:36:56Z vm kernel - - - message repeated 4 times: [ x]', 'repeat-notice'],
    ['journal', '{"MESSAGE":"x"}', undefined],
    ['journal', '{"__REALTIME_TIMESTAMP":"1","MESSAGE":[120,10]}', 'control-characters'],
    ['journal', '{"__REALTIME_TIMESTAMP":"-1","MESSAGE":"x"}', 'bad-time'],
    ['journal', '{"__REALTIME_TIMESTAMP":"99999999999999999999","MESSAGE":"x"}', 'bad-time'],
    ['journal', '{"__REALTIME_TIMESTAMP":"1","MESSAGE":"x"', undefined],
    ['journal', '{"__REALTIME_TIMESTAMP":"0x10","MESSAGE":"x"}', 'bad-time'],
    ['journal', '{"__REALTIME_TIMESTAMP":"1e3","MESSAGE":"x"}', 'bad-time'],
    ['journal', '{"__REALTIME_TIMESTAMP":"","MESSAGE":"x"}', 'bad-time'],
    ['printk', '2026-11-20T23:32:53,70 TTL=64 knock: x', undefined],
    ['journal-text', 'Fri 2026-11-31 23:36:56 UTC vm kernel: x', 'bad-time'],
    ['journal-text', 'Fri 2026-11-20 23:36:56 vm kernel: x', undefined],
    ['journal-text', '1795217816.516506', undefined],
  ])('%s: %j', (name, text, outcome) => {
    expect(shown(name, text)).toBe(outcome)
  })
})

it('hands on the bytes of a message that journald decoded', () => {
  expect(shown('journal', '{"__REALTIME_TIMESTAMP":"1","MESSAGE":"caf\\u00e9"}')).toMatchObject({ message: 'caf\u00c3\u00a9' })
})
