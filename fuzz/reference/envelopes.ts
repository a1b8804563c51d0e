import { isoStamp, NONE, spanOf, wallStamp, type Stamp } from './stamps.ts'
import { hasControl } from './values.ts'

/** What a logger wrapped around a message, by whole-line regular expressions written from its own source. */
export interface Wrapped {
  readonly stamp: Stamp
  readonly tag: string | undefined
  /** Nothing shows that user space wrote it. */
  readonly kernel: boolean
  readonly message: string
}

type Groups = Readonly<Record<string, string | undefined>>
type Opener = (line: string) => Wrapped | undefined

const isKernel = (priority: string | undefined): boolean => priority === undefined || Number(priority) < 8

/** `HOST TAG[PID]: message`, as every syslog daemon writes it; `<facility.severity> ` before it is FreeBSD's. */
const PROGRAM = /^(?:<(?<facility>[a-z0-9]+)\.[a-z0-9]+> )?(?:[^\s<>]*[^\s<>:] )?(?<tag>[^\s:[\]]+)(?<pid>\[\d+\])?: (?<message>.*)$/s

function program(stamp: Stamp | undefined, kernel: boolean, text: string): Wrapped | undefined {
  const found = PROGRAM.exec(text)?.groups as Groups | undefined
  if (stamp === undefined || found === undefined || /^message repeated \d+ times: \[/.test(found['message']!)) return undefined
  const ofKernel = found['facility'] === undefined || found['facility'] === '0' || found['facility'] === 'kern'
  return { stamp, tag: found['tag'], kernel: kernel && ofKernel && found['pid'] === undefined, message: found['message']! }
}

/** An opener from one expression. */
function opener(expression: RegExp, read: (groups: Groups) => Wrapped | undefined): Opener {
  return (line) => {
    const found = expression.exec(line)
    return found === null ? undefined : read(found.groups as Groups)
  }
}

const rfc3164 = opener(
  /^(?:<(?<priority>\d{1,3})>)?(?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<clock>\d\d:\d\d:\d\d)(?:\.(?<decimals>\d+))? (?<rest>.*)$/s,
  ({ priority, month, day, clock, decimals, rest }) => program(wallStamp({ month, day, clock: clock!, decimals }), isKernel(priority), rest!),
)

const iso = opener(/^(?<stamp>\d{4}-\S+) (?<rest>.*)$/s, ({ stamp, rest }) => program(isoStamp(stamp!), true, rest!))

const rfc5424 = opener(
  /^<(?<priority>\d{1,3})>1 (?<stamp>\S+) \S+ (?<app>\S+) (?<pid>\S+) \S+ (?:-|(?:\[[^ =\]"]+(?: [^ =\]"]+="(?:[^"\\\]]|\\.)*")*\])+)(?: (?<message>.*))?$/s,
  ({ priority, stamp, app, pid, message = '' }) => {
    const at = stamp === '-' ? NONE : isoStamp(stamp!)
    if (at === undefined || /^ ?message repeated \d+ times: \[/.test(message)) return undefined
    return { stamp: at, tag: app === '-' ? undefined : app, kernel: Number(priority) < 8 && pid === '-' && !message.startsWith(' '), message }
  },
)

const kmsg = opener(/^(?<priority>\d+),\d+,(?<usec>\d+),[^;]+;(?<message>.*)$/s, ({ priority, usec, message }) => {
  // /dev/kmsg writes control characters, bytes from 0x7f on and the backslash as \xNN: a raw one is not its work.
  if (hasControl(message!) || /\\x(?:[01][0-9a-f]|7f)/i.test(message!)) return undefined
  return { stamp: { kind: 'uptime', at: Number(usec), resolution: 1 }, tag: 'kernel', kernel: Number(priority) < 8, message: message! }
})

const PRIORITY = String.raw`^(?:<(?<raw>\d+)>|(?<decoded>[a-z0-9]+) *:[a-z]+ *: )?`
const printkForm = (stamp: string, read: (groups: Groups) => Stamp | undefined): Opener =>
  opener(new RegExp(`${PRIORITY}${stamp} (?<message>.*)$`, 's'), (groups) => {
    const at = read(groups)
    const kernel = isKernel(groups['raw']) && (groups['decoded'] === undefined || groups['decoded'] === 'kern')
    return at && { stamp: at, tag: 'kernel', kernel, message: groups['message']! }
  })

/** dmesg.c of util-linux: the bracket, the delta, --reltime, -T, --time-format=iso. */
const PRINTK: readonly Opener[] = [
  printkForm(String.raw`\[ *(?<s>\d+)\.(?<us>\d{6})(?: < *\d+\.\d{6}>)?\]`, ({ s, us }) => ({ kind: 'uptime', at: spanOf(s!, us!), resolution: 1 })),
  printkForm(String.raw`\[(?:< *| *\+)(?<s>\d+)\.(?<us>\d{6})>?\]`, ({ s, us }) => ({ kind: 'since-previous', at: spanOf(s!, us!), resolution: 1 })),
  printkForm(String.raw`\[(?<month>[A-Z][a-z]{2}) ?(?<day>\d{1,2}) (?<clock>\d\d:\d\d)\]`, ({ month, day, clock }) => wallStamp({ month, day, clock: clock!, resolution: 60_000_000 })),
  printkForm(
    String.raw`\[(?:[A-Z][a-z]{2} )?(?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<clock>\d\d:\d\d:\d\d)(?: (?<year>\d{4}))?\]`,
    ({ month, day, clock, year }) => wallStamp({ month, day, clock: clock!, year }),
  ),
  printkForm(String.raw`(?<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d+(?:Z|[+-]\d\d:?\d\d))`, (groups) => isoStamp(groups['iso']!)),
]

/** journalctl's text: short-unix, short-monotonic and -delta, short-full and with-unit. */
const JOURNAL_TEXT: readonly Opener[] = [
  opener(/^(?<s>\d+)\.(?<us>\d{6}) (?<rest>.*)$/s, ({ s, us, rest }) => program({ kind: 'epoch', at: spanOf(s!, us!), resolution: 1 }, true, rest!)),
  opener(/^\[ *(?<s>\d+)\.(?<us>\d{6})(?: < *\d+\.\d{6} >)?\] (?<rest>.*)$/s, ({ s, us, rest }) =>
    program({ kind: 'uptime', at: spanOf(s!, us!), resolution: 1 }, true, rest!)),
  opener(/^[A-Z][a-z]{2} (?<day>\d{4}-\d\d-\d\d) (?<clock>[\d:.]+) (?<zone>\S+) (?<rest>.*)$/s, ({ day, clock, zone, rest }) =>
    program(isoStamp(`${day}T${clock}${zone === 'UTC' ? 'Z' : ''}`), true, rest!)),
]

function journalJson(line: string): Wrapped | undefined {
  const record = jsonObject(line)
  const [at, message, tag] = [record?.['__REALTIME_TIMESTAMP'], record?.['MESSAGE'], record?.['SYSLOG_IDENTIFIER']]
  if (record === undefined || decimal(at) === undefined || typeof message !== 'string') return undefined
  const kernel = record['_TRANSPORT'] === 'kernel' && record['SYSLOG_FACILITY'] === '0'
  const [uptime, monotonic] = [decimal(record['_SOURCE_MONOTONIC_TIMESTAMP']), decimal(record['__MONOTONIC_TIMESTAMP'])]
  const stamp = kernel && uptime !== undefined && monotonic !== undefined
    ? { kind: 'recorded', at: decimal(at), monotonic, uptime, resolution: 1 }
    : { kind: 'epoch', at: decimal(at), resolution: 1 }
  return { stamp, tag: typeof tag === 'string' ? tag : undefined, kernel, message: Buffer.from(message, 'utf8').toString('latin1') }
}

function decimal(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d+$/.test(value) && Number.isSafeInteger(Number(value)) ? Number(value) : undefined
}

/** The object that a line of one character a byte is in JSON; undefined if it is none, or not UTF-8. */
export function jsonObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(line, 'latin1')))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined
  } catch {
    return undefined
  }
}

const OPENERS: Readonly<Record<string, readonly Opener[]>> = {
  bare: [(line) => ({ stamp: NONE, tag: undefined, kernel: true, message: line })],
  kmsg: [kmsg],
  printk: PRINTK,
  rfc3164: [rfc3164],
  iso: [iso],
  rfc5424: [rfc5424],
  journal: [journalJson],
  'journal-text': JOURNAL_TEXT,
}

/** Every way in which the line may be a message in one of these envelopes. */
export function unwrap(line: string, names: readonly string[]): (Wrapped & { readonly envelope: string })[] {
  return names.flatMap((name) => OPENERS[name]!.flatMap((open) => {
    const wrapped = open(line)
    return wrapped === undefined ? [] : [{ ...wrapped, envelope: name }]
  }))
}
