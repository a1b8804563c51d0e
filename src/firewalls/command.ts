import type { Address } from '../../parsers/address.ts'
import { chooseCommands } from './command-choice.ts'
import type { Outcome } from './firewall.ts'
import { reducedName } from './label.ts'
import { DONE, failed, unserved, whyFailed } from './outcome.ts'
import type { Runner } from './run.ts'
import type { Target } from './target.ts'
import type { Opener } from './tools.ts'

const SHELL = '/bin/sh'
const LIMIT_MS = 60_000

/** What the tokens may stand for: `%IP%` in a command, `KNOCKTAIL_IP` in its environment. */
type Values = Readonly<Record<'IP' | 'PORT' | 'RULE' | 'USER' | 'PROTO' | 'UNTIL', string>>

const TOKEN = /%(IP|PORT|RULE|USER|PROTO|UNTIL)%/g

/** Nothing that means something to a shell. */
const HARMLESS = /^[A-Za-z0-9_.:+-]*$/

/** Runs start_command and stop_command as knockd does, by the shell. What they open expires by nothing but stop_command. */
export const openCommand: Opener = (target, _label, { run }) => ({
  add: (entries) => inTurn(entries, ({ address, seconds }) => perform('start', target, { address, seconds }, run)),
  renew: async (entries) => entries.map(() => DONE),
  remove: (addresses) => inTurn(addresses, (address) => perform('stop', target, { address, seconds: 0 }, run)),
  list: async () => ({ kind: 'failed', why: 'commands cannot tell what is open' }),
  check: async () => [],
  kill: async () => unserved('commands cannot end flows'),
})

async function inTurn<T>(items: readonly T[], act: (item: T) => Promise<Outcome>): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const item of items) outcomes.push(await act(item))
  return outcomes
}

async function perform(kind: 'start' | 'stop', target: Target, about: { address: Address; seconds: number }, run: Runner): Promise<Outcome> {
  const command = target.commands && chooseCommands(target.commands, about.address)[kind]
  if (command === undefined) return kind === 'stop' ? DONE : unserved('no command for that kind of address is configured')
  const values = valuesOf(target, about)
  const env = Object.fromEntries(Object.entries(values).map(([name, value]) => [`KNOCKTAIL_${name}`, value]))
  const ran = await run({ program: SHELL, args: ['-c', expand(command, values)], env, timeLimitMs: LIMIT_MS, onTimeLimit: 'group' })
  return ran.code === 0 && !ran.timedOut ? DONE : failed(whyFailed(`${kind}_command`, ran))
}

/** The tokens' values in the command's text; all else in it stays, `%%` too. */
function expand(command: string, values: Values): string {
  return command.replaceAll(TOKEN, (_, name: keyof Values) => values[name])
}

function valuesOf({ rule, user, commands }: Target, { address, seconds }: { address: Address; seconds: number }): Values {
  const values: Values = {
    IP: address,
    PORT: String(commands?.port?.port ?? ''),
    PROTO: commands?.port?.proto ?? '',
    // A second rule of one name is `name#2`, and behind a blank that would be a comment.
    RULE: reducedName(rule ?? '').replaceAll('#', '_'),
    USER: user ?? '',
    UNTIL: new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
  }
  const odd = Object.values(values).find((value) => !HARMLESS.test(value))
  if (odd !== undefined) throw new TypeError(`a token's value is not harmless: ${odd}`)
  return values
}
