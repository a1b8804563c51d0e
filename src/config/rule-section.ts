import { SECOND, MILLISECOND, type Micros } from '../../parsers/time.ts'
import type { Network } from '../../parsers/network.ts'
import type { Limits, Rule } from '../../rules/rule.ts'
import { Spent } from '../../rules/spent.ts'
import type { DoorRule, KnockKind, Opening } from './config.ts'
import { formatDuration, readKnockdSeconds, readPositiveDuration, readPositiveKnockdSeconds } from './duration.ts'
import { readFirewallName } from './firewalls.ts'
import { tooWeak, windowOf } from './guessing.ts'
import { guardOf, KNOCKD_GUARD, NATIVE_GUARD } from './guard-keys.ts'
import type { KnockContext, Knocks } from './knock-keys.ts'
import { readKnocks } from './knocks.ts'
import { key, keyOr, readSection } from './schema.ts'
import { lineOf, type SectionText } from './section-text.ts'
import { readKnockdSequence, readRequestPath, readSequence, withSecret } from './sequence.ts'
import * as values from './values.ts'

/** Every key of a rule, as a native file has it. */
const NATIVE = {
  sequence: key(withSecret(readSequence)),
  one_time_sequences: key(values.readText),
  passphrase_sha256: key(values.readSha256),
  users: key(values.readWords),
  digits: key(values.readOneOf('8', '6')),
  bases: key(values.readPorts),
  knocks: key(values.readInteger(2, 16)),
  port_range: key(values.readPortRange),
  proto: key(values.readOneOf('tcp', 'udp')),
  bind_address: key(values.readYesNo),
  token_path: key(readRequestPath),
  method: key(values.readMethods),
  warn_below: keyOr(values.readInteger(0, 10_000), '3'),
  seq_timeout: keyOr(readPositiveDuration, '25s'),
  reorder: keyOr(values.readReorder, '500ms'),
  other_ports: keyOr(values.readInteger(0, 1024), '3'),
  tcpflags: keyOr(values.readFlags, 'syn,!ack'),
  target: key(values.orAny(values.readNetworks)),
  interface: key(values.orAny(values.readWords)),
  from: key(values.orAny(values.readNetworks)),
  status: key(values.readStatuses),
  forwarded: keyOr(values.readYesNo, 'no'),
  ports: key(values.readOpenPorts),
  open_for: key(readPositiveDuration),
  max_open: key(readPositiveDuration),
  start_command: key(values.readCommand),
  stop_command: key(values.readCommand),
  start_command_6: key(values.readCommand),
  stop_command_6: key(values.readCommand),
  closes: key(values.readText),
  close_when: keyOr(values.readOneOf('timeout', 'connected', 'disconnected'), 'timeout'),
  kill_on_close: keyOr(values.readYesNo, 'no'),
  mode: keyOr(values.readOneOf('enforce', 'observe'), 'enforce'),
  firewall: key(readFirewallName),
  ...NATIVE_GUARD,
}

/** The same keys as knockd reads them, with its defaults, and the one that is only its own. */
const KNOCKD = {
  ...NATIVE,
  ...KNOCKD_GUARD,
  sequence: key(withSecret(readKnockdSequence)),
  seq_timeout: keyOr(readPositiveKnockdSeconds, '25'),
  reorder: keyOr(values.readReorder, '0'),
  tcpflags: key(values.readKnockdFlags),
  target: key(values.readKnockdTarget),
  cmd_timeout: key(readKnockdSeconds),
}

const OPEN_FOR = (30 * SECOND) as Micros
const CMD_TIMEOUT = (10 * SECOND) as Micros
const MAX_OPEN = (28_800 * SECOND) as Micros

/** What a rule's section is read with. */
export interface RuleContext extends KnockContext {
  /** knockd's `interface`, which holds for all its doors. */
  readonly interface: string | undefined
}

type Keys = NonNullable<ReturnType<typeof readSection<typeof NATIVE>>> & { readonly cmd_timeout?: Micros | undefined }

/** The rule that a section describes, or undefined after its errors were reported. */
export function readRule(section: SectionText, context: RuleContext): DoorRule | undefined {
  const keys = readKeys(section, context)
  const knocks = keys === undefined ? undefined : readKnocks(keys, section, context)
  if (keys === undefined || knocks === undefined) return undefined
  const opens = readOpening(keys, section, context)
  const { kind, sequences, lists, users, secretIds, validAtATime, given } = knocks
  const match: Rule = {
    name: section.name,
    ...given(new Spent()),
    seqTimeout: keys.seq_timeout,
    reorder: keys.reorder,
    otherPorts: keys.other_ports,
    flags: keys.tcpflags,
    limits: readLimits(keys, kind, context),
    secret: kind !== 'static',
  }
  const known = { kind, sequences, validAtATime, match: { ...match, ...windowOf({ kind, sequences, validAtATime, match }) } }
  const weak = tooWeak(known)
  if (weak !== undefined) context.report.error(lineOf(section, 'sequence'), weak)
  const text = textOf(section, context, knocks)
  return opens && { ...known, lists, users, secretIds, given, guard: guardOf(keys), target: targetOf(keys.target), opens, line: section.line, text, warnBelow: keys.warn_below }
}

/** What secrets hold belongs to it: that may change while the section stays. */
function textOf(section: SectionText, context: RuleContext, { secretIds }: Knocks): string {
  const entries = [...section.entries.values()].map((entry) => [entry.key, entry.value])
  return JSON.stringify([context.style, context.interface ?? null, context.hostId, entries.toSorted(), secretIds])
}

function readKeys(section: SectionText, context: RuleContext): Keys | undefined {
  if (context.style === 'native') return readSection(section, NATIVE, context.report)
  const keys = readSection(section, KNOCKD, context.report)
  return keys && { ...keys, tcpflags: keys.tcpflags ?? { set: 0, clear: 0 } }
}

function readLimits(keys: Keys, kind: KnockKind, context: RuleContext): Limits {
  const everyDoors = context.interface === undefined ? undefined : [context.interface]
  return {
    target: listed(keys.target),
    interfaces: keys.interface === undefined ? everyDoors : listed(keys.interface),
    from: listed(keys.from),
    status: keys.status,
    methods: kind === 'token' ? (keys.method ?? ['POST']) : undefined,
    forwarded: keys.forwarded,
  }
}

function listed<T>(list: T[] | 'any' | undefined): T[] | undefined {
  return list === 'any' ? undefined : list
}

function targetOf(target: Network[] | 'any' | undefined): DoorRule['target'] {
  if (target === undefined) return 'own'
  return target === 'any' ? 'any' : 'listed'
}

function readOpening(keys: Keys, section: SectionText, context: RuleContext): Opening | undefined {
  const { report, style } = context
  // An empty command is none.
  if (!keys.ports && !keys.start_command && !keys.closes) {
    const nothing = `rule ${section.name} opens nothing: give it ports, start_command or closes`
    // knockd runs a door without a command, which then only logs.
    if (style === 'knockd') report.warning(section.line, nothing)
    else report.error(section.line, nothing)
  }
  if (keys.stop_command && !keys.start_command) {
    const never = `stop_command: is never run: rule ${section.name} has no start_command`
    report.warning(lineOf(section, 'stop_command'), never)
  }
  const times = readTimes(keys, section, context)
  return times && {
    ports: keys.ports ?? [],
    ...times,
    startCommand: keys.start_command,
    stopCommand: keys.stop_command,
    startCommand6: keys.start_command_6,
    stopCommand6: keys.stop_command_6,
    closes: keys.closes,
    closeWhen: keys.close_when,
    killOnClose: keys.kill_on_close,
    observe: keys.mode === 'observe',
    firewall: keys.firewall,
  }
}

type Times = Pick<Opening, 'openFor' | 'maxOpen'>

function readTimes(keys: Keys, section: SectionText, { report, style }: RuleContext): Times | undefined {
  if (keys.open_for !== undefined && keys.cmd_timeout !== undefined) {
    report.error(lineOf(section, 'open_for'), 'open_for: says the same as cmd_timeout: keep one of them')
    return undefined
  }
  const usual = style === 'knockd' && keys.stop_command !== undefined ? CMD_TIMEOUT : OPEN_FOR
  // knockd's 0 runs the stop command at once; a grant must last for a moment.
  const cmdTimeout = keys.cmd_timeout === 0 ? MILLISECOND : keys.cmd_timeout
  const openFor = keys.open_for ?? cmdTimeout ?? (Math.min(usual, keys.max_open ?? usual) as Micros)
  const maxOpen = keys.max_open ?? (cmdTimeout === undefined ? MAX_OPEN : (Math.max(MAX_OPEN, cmdTimeout) as Micros))
  if (openFor <= maxOpen) return { openFor, maxOpen }
  const name = keys.open_for === undefined ? 'cmd_timeout' : 'open_for'
  const longer = `${formatDuration(openFor)} is longer than max_open, ${formatDuration(maxOpen)}`
  report.error(lineOf(section, name), `${name}: ${longer}: set max_open at least as long`)
  return undefined
}

