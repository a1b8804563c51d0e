import { SECOND, MILLISECOND, type Micros } from '../../parsers/time.ts'
import type { Network } from '../../parsers/network.ts'
import type { Limits, Rule, Sequence, Step } from '../../rules/rule.ts'
import type { DoorRule, Opening } from './config.ts'
import { formatDuration, readKnockdSeconds, readPositiveDuration, readPositiveKnockdSeconds } from './duration.ts'
import { readFirewallName } from './firewalls.ts'
import { guardOf, KNOCKD_GUARD, NATIVE_GUARD } from './guard-keys.ts'
import { loadOneTime, type ReadFile } from './one-time.ts'
import type { Report } from './problem.ts'
import { key, keyOr, readSection } from './schema.ts'
import { lineOf, type SectionText } from './section-text.ts'
import { readKnockdSequence, readSequence } from './sequence.ts'
import * as values from './values.ts'

/** Every key of a rule, as a native file has it. */
const NATIVE = {
  sequence: key(readSequence),
  one_time_sequences: key(values.readText),
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
  sequence: key(readKnockdSequence),
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
export interface RuleContext {
  readonly style: 'native' | 'knockd'
  /** knockd's `interface`, which holds for all its doors. */
  readonly interface: string | undefined
  readonly readFile: ReadFile
  readonly report: Report
}

type Keys = NonNullable<ReturnType<typeof readSection<typeof NATIVE>>> & { readonly cmd_timeout?: Micros | undefined }

/** The rule that a section describes, or undefined after its errors were reported. */
export function readRule(section: SectionText, context: RuleContext): DoorRule | undefined {
  const keys = readKeys(section, context)
  const knocks = keys === undefined ? undefined : readKnocks(keys, section, context)
  if (keys === undefined || knocks === undefined) return undefined
  const opens = readOpening(keys, section, context)
  const match: Rule = {
    name: section.name,
    ...knocks.rule,
    seqTimeout: keys.seq_timeout,
    reorder: keys.reorder,
    otherPorts: keys.other_ports,
    flags: keys.tcpflags,
    limits: readLimits(keys, context),
    secret: keys.one_time_sequences !== undefined,
  }
  return opens && { match, target: targetOf(keys.target), opens, guard: guardOf(keys), sequences: knocks.sequences, lists: knocks.lists, line: section.line, text: textOf(section, context), warnBelow: keys.warn_below }
}

function textOf(section: SectionText, context: RuleContext): string {
  const entries = [...section.entries.values()].map((entry) => [entry.key, entry.value])
  return JSON.stringify([context.style, context.interface ?? null, entries.toSorted()])
}

function readKeys(section: SectionText, context: RuleContext): Keys | undefined {
  if (context.style === 'native') return readSection(section, NATIVE, context.report)
  const keys = readSection(section, KNOCKD, context.report)
  return keys && { ...keys, tcpflags: keys.tcpflags ?? { set: 0, clear: 0 } }
}

interface Knocks {
  readonly sequences: readonly Sequence[]
  readonly rule: Pick<Rule, 'sequencesAt' | 'onSpend'>
  readonly lists: readonly string[]
}

function readKnocks(keys: Keys, section: SectionText, context: RuleContext): Knocks | undefined {
  const { sequence, one_time_sequences: file } = keys
  if ((sequence === undefined) === (file === undefined)) {
    const both = 'has both sequence and one_time_sequences: keep one of them'
    const neither = 'has neither sequence nor one_time_sequences: nothing could open it'
    context.report.error(section.line, `rule ${section.name} ${sequence ? both : neither}`)
    return undefined
  }
  if (sequence) return staticKnocks(sequence)
  if (file === undefined) return undefined
  return loadOneTime({ path: file, line: lineOf(section, 'one_time_sequences'), ruleName: section.name, warnBelow: keys.warn_below }, context)
}

function staticKnocks(steps: readonly Step[]): Knocks {
  const sequences: readonly Sequence[] = [{ id: 'static', user: undefined, steps }]
  return { sequences, rule: { sequencesAt: () => sequences }, lists: [] }
}

function readLimits(keys: Keys, context: RuleContext): Limits {
  const everyDoors = context.interface === undefined ? undefined : [context.interface]
  return {
    target: listed(keys.target),
    interfaces: keys.interface === undefined ? everyDoors : listed(keys.interface),
    from: listed(keys.from),
    status: keys.status,
    methods: undefined,
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

