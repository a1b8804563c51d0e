import { hostname } from 'node:os'
import { allChecks } from './cross-check.ts'
import type { Config, DoorRule, FirewallConfig, SourceConfig } from './config.ts'
import { readPositiveDuration } from './duration.ts'
import { firewallKeys, isFirewallName, neededKeys, readFirewallName, readSetting } from './firewalls.ts'
import { SCAN_PORTS } from './guard-keys.ts'
import { readKnockd } from './knockd.ts'
import { readNative } from './native.ts'
import { inOrder, Report, type Problem } from './problem.ts'
import { readRule } from './rule-section.ts'
import { key, keyOr, readSection } from './schema.ts'
import type { SectionKind, SectionText } from './section-text.ts'
import { readSource } from './source-section.ts'
import * as values from './values.ts'
import { readUser, type ReadFile, type UserConfig } from './user-section.ts'
import { allWarnings } from './warnings.ts'

export const DEFAULT_STATE_DIR = '/var/lib/knocktail'
export const DEFAULT_RUN_DIR = process.platform === 'openbsd' ? '/var/run/knocktail' : '/run/knocktail'

const GLOBAL = {
  firewall: key(readFirewallName),
  user: key(values.readText),
  helper: key(values.readArguments),
  on_event: key(values.readProgram),
  on_exit: keyOr(values.readOneOf('keep', 'close'), 'keep'),
  mode: keyOr(values.readOneOf('enforce', 'observe'), 'enforce'),
  log: key(values.readPath),
  require_trusted: keyOr(values.readYesNo, 'no'),
  state_dir: keyOr(values.readPath, DEFAULT_STATE_DIR),
  history_size: keyOr(values.readBytes, '8M'),
  history_keep: keyOr(values.readInteger(0, 1000), '7'),
  run_dir: keyOr(values.readPath, DEFAULT_RUN_DIR),
  always_allow: key(values.readNetworks),
  never_open: key(values.readNetworks),
  proxies: key(values.readNetworks),
  max_attempts: keyOr(values.readInteger(16, 10_000_000), '131072'),
  max_age: keyOr(readPositiveDuration, '60s'),
  scan_ports: keyOr(values.readInteger(0, 500), SCAN_PORTS.native),
  host_id: key(values.readHostId),
  metrics_file: key(values.readPath),
  metrics_port: key(values.readInteger(1024, 65_535)),
}

/** knockd's options may hold Knocktail's too. */
const OPTIONS = {
  ...GLOBAL,
  scan_ports: keyOr(values.readInteger(0, 500), SCAN_PORTS.knockd),
  logfile: key(values.readCommand),
  pidfile: key(values.readCommand),
  interface: key(values.readText),
}

type Globals = NonNullable<ReturnType<typeof readSection<typeof GLOBAL>>> & { readonly interface?: string | undefined }

/** Reads a configuration in the dialect it is written in: the Config, or everything that is wrong with it. */
export function parseConfig(text: string, path: string, read: ReadFile = refuse): Config | Problem[] {
  const report = new Report(path)
  const style: Config['style'] = isNative(text) ? 'native' : 'knockd'
  const sections = style === 'native' ? readNative(text, report) : readKnockd(text, report)
  const globals = readGlobals(sections, style, report)
  const sources = of('source', sections).flatMap((section) => readSource(section, report) ?? [])
  const firewalls = of('firewall', sections).flatMap((section) => readFirewall(section, report) ?? [])
  const readFile: ReadFile = (file, what) => read(file, what, globals?.user)
  const users = of('user', sections).flatMap((section) => readUser(section, { readFile, report }) ?? [])
  const hostId = globals?.host_id ?? hostname()
  const context = {
    style, interface: globals?.interface, hostId, readFile, report,
    users: new Map(users.map((user) => [user.name, user])), userNames: new Set(of('user', sections).map(({ name }) => name)),
  } as const
  if (style === 'knockd') refuseMisspelt(of('rule', sections), report)
  const rules = of('rule', sections).flatMap((section) => readRule(section, context) ?? [])
  const ruleNames = of('rule', sections).map(({ name }) => name)
  const doors = { style, rules, firewalls, firewall: globals?.firewall, ruleNames }
  allChecks(doors, report)
  if (globals === undefined || report.errors.length > 0) return inOrder(report.errors, path)
  allWarnings(doors, report)
  return toConfig(globals, { path, style, rules, sources, firewalls, warnings: inOrder(report.warnings, path), hostId, files: filesOf(users, rules) })
}

/** The mark of a native file; junk behind it is left to the reader to refuse. */
function isNative(text: string): boolean {
  return /^\ufeff?[ \t]*\[knocktail(?:\]|\s|$)/m.test(text)
}

/** Nobody calls a door so: the file was meant to be native. */
function refuseMisspelt(rules: readonly SectionText[], report: Report): void {
  for (const { name, line } of rules) {
    if (name.toLowerCase() === 'knocktail') report.error(line, `[${name}]: the section that makes a file Knocktail's own is [knocktail], in lower case`)
  }
}

function of(kind: SectionKind, sections: readonly SectionText[]): SectionText[] {
  return sections.filter((section) => section.kind === kind)
}

function readGlobals(sections: readonly SectionText[], style: Config['style'], report: Report): Globals | undefined {
  const parts = of('global', sections)
  const entries = new Map(parts.flatMap((part) => [...part.entries]))
  const section = { kind: 'global', name: parts[0]?.name ?? 'options', line: parts[0]?.line ?? 0, entries } as const
  if (style === 'native') return readSection(section, GLOBAL, report)
  for (const name of ['logfile', 'pidfile']) {
    const entry = entries.get(name)
    const advice = 'Knocktail logs to stderr and keeps its history in state_dir'
    if (entry) report.warning(entry.line, `${name}: has no use here: ${advice}`)
  }
  const options = readSection(section, OPTIONS, report)
  // pcap's `any` is every interface.
  return options?.interface === 'any' ? { ...options, interface: undefined } : options
}

function readFirewall(section: SectionText, report: Report): FirewallConfig | undefined {
  const { name, line } = section
  if (!isFirewallName(name)) {
    const read = readFirewallName(name)
    if ('fault' in read) report.error(line, `firewall ${read.fault}`)
    return undefined
  }
  const forms = Object.entries(firewallKeys(name)).map(([word, form]) => [word, key(readSetting(form))] as const)
  const read = readSection(section, Object.fromEntries(forms), report)
  const needs = neededKeys(name)
  if (read === undefined) return undefined
  const set = Object.entries(read).flatMap(([word, words]) => (words === undefined ? [] : [[word, words] as const]))
  const settings = Object.fromEntries(set)
  if (needs.length > 0 && !needs.some((word) => word in settings)) {
    report.error(line, `firewall ${name} does not know what to fill: set ${needs.join(' or ')}`)
  }
  return { name, settings, line }
}

function filesOf(users: readonly UserConfig[], rules: readonly DoorRule[]): string[] {
  return [...new Set([...users.flatMap(({ secretPath }) => secretPath ?? []), ...rules.flatMap(({ lists }) => lists.map(({ path }) => path))])]
}

interface Parts extends Pick<Config, 'path' | 'style' | 'warnings' | 'hostId' | 'files'> {
  readonly rules: readonly DoorRule[]
  readonly sources: readonly SourceConfig[]
  readonly firewalls: readonly FirewallConfig[]
}

function toConfig(globals: Globals, parts: Parts): Config {
  return {
    ...parts,
    alwaysAllow: globals.always_allow ?? [],
    neverOpen: globals.never_open ?? [],
    proxies: globals.proxies ?? [],
    maxAttempts: globals.max_attempts,
    maxAge: globals.max_age,
    scanPorts: globals.scan_ports,
    stateDir: globals.state_dir,
    historySize: globals.history_size,
    historyKeep: globals.history_keep,
    runDir: globals.run_dir,
    user: globals.user,
    helper: globals.helper,
    onEvent: globals.on_event,
    onExit: globals.on_exit,
    mode: globals.mode,
    log: globals.log,
    requireTrusted: globals.require_trusted,
    metricsFile: globals.metrics_file,
    metricsPort: globals.metrics_port,
    firewall: globals.firewall,
  }
}

function refuse(path: string): never {
  throw new Error(`${path} may not be read here`)
}
