import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { wholeProgram } from '../src/cli/program.ts'
import { readProfiles } from '../src/client/profiles.ts'
import { formatProblem, Report } from '../src/config/problem.ts'
import { problems } from './support/config.ts'

/** The man pages against what is understood: nothing is missing there, and nothing is there that is not. */

const page = (name: string): string => readFileSync(fileURLToPath(new URL(`../man/${name}`, import.meta.url)), 'utf8')
/** The text between the line that begins so and the next of its kind. */
const parts = (text: string, start: RegExp): string[] => text.split(new RegExp(`^(?=${start.source})`, 'm')).filter((part) => new RegExp(`^${start.source}`).test(part))
/** The flags of a line of mdoc: `-c`, `--config`. */
const flagsIn = (line: string): string[] => [...line.matchAll(/\bFl (\S+)/g)].map(([, name]) => `-${name}`)

describe('knocktail.8', () => {
  const program = wholeProgram(() => {})
  const help = program.createHelp()
  const commands = help.visibleCommands(program)
  const described = new Map(parts(page('knocktail.8'), /\.It Xo\n/).map((part) => [/^\.Cm (.*)$/m.exec(part)![1]!, part.split(/^\.S[hs] /m)[0]!]))
  const optionsOf = (command: Command) => help.visibleOptions(command).filter(({ long }) => long !== '--help')

  it('has every command and no other', () => {
    expect([...described.keys()].toSorted()).toEqual(commands.map((command) => command.name()).toSorted())
  })

  it.each(commands.map((command) => [command.name(), command] as const))('%s has its options and arguments, and no other', (name, command) => {
    const [head, body] = described.get(name)!.split('.Xc\n') as [string, string]
    const items = body.split('\n').filter((line) => line.startsWith('.It '))
    expect(items.map(flagsIn)).toEqual(optionsOf(command).map(({ short, long }) => [short, long].filter((one) => one !== undefined)))
    const given = head.split('\n').filter((line) => /^\.(?:Op )?(?:Fl|Ar) /.test(line))
    const expected = [
      ...optionsOf(command).map(({ short, long, flags, mandatory }) => {
        const value = /[<[]([\w-]+)/.exec(flags)?.[1]
        return `.${mandatory ? '' : 'Op '}Fl ${(short ?? long!).slice(1)}${value === undefined ? '' : ` Ar ${value}`}`
      }),
      ...command.registeredArguments.map((argument) => `.${argument.required ? '' : 'Op '}Ar ${argument.name()}${argument.variadic ? ' ...' : ''}`),
    ]
    expect(given).toEqual(expected)
  })

  it('has what holds for all commands', () => {
    const common = page('knocktail.8').split('.Ss ')[0]!
    const known = help.visibleOptions(program).map(({ short, long }) => [short, long])
    expect(common.split('\n').filter((line) => line.startsWith('.It Fl')).map(flagsIn).toSorted()).toEqual(known.toSorted())
  })
})

describe('knocktail.conf.5', () => {
  const text = page('knocktail.conf.5')
  const sections = parts(text, /\.S[hs] .*\n/).map((part) => [/^\.S[hs] (.*)$/m.exec(part)![1]!, part] as const)
  const keysOf = (title: RegExp): string[] => {
    const found = sections.filter(([name]) => title.test(name)).flatMap(([, part]) => [...part.matchAll(/^\.It Cm (\w+) /gm)].map(([, key]) => key!))
    return found.toSorted()
  }
  /** What a section takes, as it says itself when it is given something else. */
  const taken = (messages: readonly string[]): string[] => {
    const list = messages.map((message) => /"qqqqqqqq" in .*: it takes (.*)$/.exec(message)?.[1]).find((one) => one !== undefined)
    expect(list, messages.join('\n')).toBeDefined()
    return list!.split(', ')
  }
  const ask = (header: string, file = '[knocktail]\n'): string[] => taken(problems(header === 'knocktail' ? '[knocktail]\nqqqqqqqq = 1\n' : `${file}[${header}]\nqqqqqqqq = 1\n`))
  const FIREWALLS = ['nftables', 'pf', 'ufw', 'ipset', 'firewalld', 'hosts.allow']
  const unique = (keys: readonly string[]): string[] => [...new Set(keys)].toSorted()

  it.each([
    ['knocktail', /^\[knocktail\]/, () => ask('knocktail')],
    ['source', /^\[source NAME\]/, () => ask('source s')],
    ['user', /^\[user NAME\]/, () => ask('user u')],
    ['firewall', /^\[firewall NAME\]/, () => FIREWALLS.flatMap((name) => ask(`firewall ${name}`))],
    ['rule', /^Rules:/, () => ask('r')],
    ['profile', /^PROFILES/, () => {
      const report = new Report('profiles.conf')
      readProfiles('[p]\nqqqqqqqq = 1\n', '/', report)
      return taken(report.errors.map((error) => formatProblem({ ...error, file: 'profiles.conf' })))
    }],
    ['knockd.conf', /^KNOCKD/, () => {
      const own = [...ask('options', ''), ...ask('r', '')]
      return [...own.filter((key) => ![...ask('knocktail'), ...ask('r')].includes(key)), 'interface']
    }],
  ] as const)('has every key of a section %s and no other', (_name, title, known) => {
    expect(keysOf(title)).toEqual(unique(known()))
  })

  it('names every firewall', () => {
    const [message] = problems('[knocktail]\nfirewall = qqqqqqqq\n')
    for (const name of /there are (.*)$/.exec(message!)![1]!.split(', ')) expect(text).toContain(name)
  })
})
