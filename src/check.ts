import type { Config, DoorRule, FirewallConfig, Follow, Opening, SourceConfig } from './config/config.ts'
import { formatDuration } from './config/duration.ts'
import { count } from './count.ts'
import { formatProblem } from './config/problem.ts'
import { guardRows } from './guard-rows.ts'
import { printable } from './printable.ts'
import { knockRows, strengthRows } from './check-knocks.ts'

/** A line of a block: what it is about, and the words. Undefined words: no line. */
type Row = readonly [label: string, text: string | undefined]

const LABEL_WIDTH = 11

/** A configuration as Knocktail understood it, in lines for people. */
export function describeConfig(config: Config): string[] {
  const style = config.style === 'native' ? 'native' : 'knockd.conf'
  return [
    `${printable(config.path)}: ${style}, ${count(config.rules.length, 'rule')}, ${verdict(config)}`,
    ...block('knocktail', globalRows(config)),
    ...config.sources.flatMap((source) => block(`source ${source.name}`, sourceRows(source))),
    ...config.firewalls.flatMap((firewall) => block(`firewall ${firewall.name}`, firewallRows(firewall))),
    ...config.rules.flatMap((rule) => block(rule.match.name, ruleRows(rule, config))),
    ...config.warnings.map((problem) => `warning: ${formatProblem(problem)}`),
  ]
}

function verdict(config: Config): string {
  return config.warnings.length === 0 ? 'no errors' : `no errors, ${count(config.warnings.length, 'warning')}`
}

function block(title: string, rows: readonly Row[]): string[] {
  const lines = rows.flatMap(([label, text]) => {
    return text === undefined ? [] : [`    ${label.padEnd(LABEL_WIDTH)}${printable(text)}`]
  })
  return [`  ${title}`, ...lines]
}

function globalRows(config: Config): Row[] {
  return [
    ['sources', config.sources.length === 0 ? 'none: name one with [source NAME] or --source' : undefined],
    ['firewall', config.firewall],
    ['allows', list(config.alwaysAllow.map(({ text }) => text))],
    ['refuses', list(config.neverOpen.map(({ text }) => text))],
    ['proxies', list(config.proxies.map(({ text }) => text))],
    ['scanners', config.scanPorts === 0 ? undefined : `whoever touches ${config.scanPorts} ports within a minute`],
    ['limits', `${config.maxAttempts} addresses at a time, lines up to ${formatDuration(config.maxAge)} old`],
    ['state', config.stateDir],
    ['runs as', config.user],
    ['helper', config.helper?.join(' ')],
    ['mode', config.mode === 'observe' ? 'observe: nothing is opened' : undefined],
    ['on exit', config.onExit === 'close' ? 'closes all doors' : undefined],
    ['logs to', config.log],
    ['requires', config.requireTrusted ? 'sources that local users cannot write to' : undefined],
  ]
}

function sourceRows({ follow, parser, prefix, timezone, quietAfter, canary }: SourceConfig): Row[] {
  return [
    ['follows', followText(follow)],
    ['parser', parser],
    ['prefix', prefix === undefined ? undefined : `"${prefix}"`],
    ['timezone', timezone],
    ['must speak', quietAfter === undefined ? undefined : `at least every ${formatDuration(quietAfter)}`],
    ['canary', canary ? 'a packet of our own each hour' : undefined],
  ]
}

function followText(follow: Follow): string {
  if (follow.kind === 'file') return follow.path
  return follow.kind === 'command' ? `the output of ${follow.command}` : follow.kind
}

function firewallRows(firewall: FirewallConfig): Row[] {
  return Object.entries(firewall.settings).map(([key, words]) => [key, words.join(' ')])
}

function ruleRows(rule: DoorRule, config: Config): Row[] {
  const { opens } = rule
  return [
    ...knockRows(rule),
    ['only', limitsText(rule)],
    ['opens', opensText(opens, opens.firewall ?? config.firewall)],
    ['runs', commandText(opens.startCommand)],
    ['on IPv6', commandText(opens.startCommand6)],
    ['then', afterwards(opens.stopCommand, opens)],
    ['on IPv6', afterwards(opens.stopCommand6, opens)],
    ['closes', opens.closes === undefined ? undefined : `rule ${opens.closes}`],
    ['until', closeText(opens)],
    ['mode', opens.observe ? 'observe: nothing is opened' : undefined],
    ...guardRows(rule),
    ...strengthRows(rule),
  ]
}

function limitsText({ match: { limits }, target }: DoorRule): string | undefined {
  const parts: (string | undefined)[] = [
    named('from', limits.from?.map(({ text }) => text)),
    target === 'any' ? 'to any address' : named('to', limits.target?.map(({ text }) => text)),
    named('on', limits.interfaces),
    named('with status', limits.status?.map(String)),
    limits.forwarded ? 'forwarded packets too' : undefined,
  ]
  return list(parts.filter((part) => part !== undefined), '; ')
}

function named(what: string, values: readonly string[] | undefined): string | undefined {
  return values && `${what} ${values.join(', ')}`
}

function opensText(opens: Opening, firewall: string | undefined): string | undefined {
  if (opens.ports.length === 0) return undefined
  const ports = opens.ports.map(({ port, proto }) => `${port}/${proto}`).join(', ')
  const means = firewall === undefined ? '' : `, by ${firewall}`
  return `${ports} for ${formatDuration(opens.openFor)}, at most ${formatDuration(opens.maxOpen)}${means}`
}

const CLOSES = { timeout: undefined, connected: 'the first connection stands', disconnected: 'the last connection has ended' } as const

function closeText({ closeWhen, killOnClose }: Opening): string | undefined {
  return list([CLOSES[closeWhen], killOnClose ? 'connections that stand are ended' : undefined].filter((part) => part !== undefined), '; ')
}

function commandText(command: string | undefined): string | undefined {
  return command === '' ? 'nothing' : command
}

function afterwards(command: string | undefined, opens: Opening): string | undefined {
  return command === undefined ? undefined : `after ${formatDuration(opens.openFor)} ${commandText(command)}`
}

function list(items: readonly string[], separator = ', '): string | undefined {
  return items.length === 0 ? undefined : items.join(separator)
}
