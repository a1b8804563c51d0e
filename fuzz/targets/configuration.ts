import { readFileSync } from 'node:fs'
import type { Config } from '../../src/config/config.ts'
import { unusedEntries } from '../../src/config/one-time.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { formatProblem, Report, type Problem } from '../../src/config/problem.ts'
import { readProfiles } from '../../src/client/profiles.ts'
import { crossOut } from '../../src/one-time/cross-out.ts'
import { formatSecret, parseSecret } from '../../rules/derive/secret.ts'
import { decoded, filesIn, require, type Target } from '../target.ts'

const PATH = '/etc/knocktail.conf'
const LIST = '# used\n#7001,7002\n7003, 7004\n7005:udp, 7006, 7007\n'
const SECRET = 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U\n'

/** The files that a configuration names: their lines are counted too. */
const FILES: Readonly<Record<'list' | 'secret', string>> = { list: LIST, secret: SECRET }

function run(bytes: string): string {
  const text = decoded(bytes)
  const lengths = new Map([[PATH, linesOf(text)]])
  const result = parseConfig(text, PATH, (path, what) => {
    lengths.set(path, Math.max(lengths.get(path) ?? 0, linesOf(FILES[what])))
    return FILES[what]
  })
  if (!Array.isArray(result)) return checkConfig(result as Config, lengths)
  require(result.length > 0, 'refused without a word')
  checkProblems(result as Problem[], lengths)
  return `refused ${Math.min(result.length, 4)}`
}

function linesOf(text: string): number {
  return text.split('\n').length
}

function checkProblems(problems: readonly Problem[], lengths: ReadonlyMap<string, number>): void {
  for (const problem of problems) {
    const { file, line, message } = problem
    require(Number.isInteger(line) && line >= 0 && line <= (lengths.get(file) ?? 0), `a line that is not in the file: ${file}:${line} ${message}`)
    require(message !== '' && !/\p{Cc}/u.test(formatProblem(problem)), `a message that no terminal should get: ${JSON.stringify(message)}`)
  }
}

function checkConfig({ rules, warnings, style, stateDir, runDir, maxAttempts }: Config, lengths: ReadonlyMap<string, number>): string {
  checkProblems(warnings, lengths)
  require([stateDir, runDir].every((path) => path.startsWith('/')), 'a folder that is not absolute')
  require(Number.isInteger(maxAttempts) && maxAttempts > 0, 'no number of attempts')
  for (const { kind, match, sequences, opens, validAtATime } of rules) {
    // Lists may be used up, and ports may be drawn for each address: every other rule can be knocked.
    require(kind === 'one-time' || kind === 'hmac' || sequences.length > 0, `a rule without a sequence: ${match.name}`)
    require(sequences.every(({ steps }) => steps.length > 0), `a sequence without a step: ${match.name}`)
    require(match.seqTimeout > 0 && opens.openFor >= 0 && validAtATime >= 0, `a rule without time: ${match.name}`)
  }
  return `${style} ${[...new Set(rules.map(({ kind }) => kind))].join()} ${warnings.length > 0 ? 'warned' : ''}`
}

const SECRET_KNOCKS = `[knocktail]
firewall = null
[user alice]
secret = alice.secret
[user bob]
one_time_sequences = bob.list
[t]
sequence = 7412, 31877, totp
users = alice
bases = 20000, 40000
ports = 22/tcp
[h]
sequence = hmac
users = alice
ports = 443/tcp
[w]
sequence = token
users = alice
token_path = /knock
ports = 80/tcp
[o]
sequence = one-time
users = bob
ports = 25/tcp
`

export const configurationTargets: readonly Target[] = [
  {
    name: 'config-native',
    seeds: () => [...['samples/config', 'samples/run', 'samples/replay'].flatMap((folder) => filesIn(folder, '.conf')), SECRET_KNOCKS],
    run,
  },
  { name: 'config-knockd', seeds: () => filesIn('test/fixtures/knockd', '.conf'), run },
  {
    name: 'profiles',
    seeds: () => ['[home]\nhost = 192.0.2.31\nsequence = 7000, 8000:udp, 9000\n', '[web]\nhost = example.org\nsequence = GET /knock\ndelay = 1s\n'],
    run: (bytes) => {
      const text = decoded(bytes)
      const report = new Report(PATH)
      const profiles = readProfiles(text, '/home/a', report)
      checkProblems([...report.errors, ...report.warnings], new Map([[PATH, linesOf(text)]]))
      return `${profiles.map(({ recipe }) => recipe.kind)[0] ?? 'none'} ${Math.min(report.errors.length, 4)}`
    },
  },
  { name: 'one-time-list', seeds: () => [LIST, readFileSync('samples/config/knocktail.conf', 'latin1').slice(0, 400)], run: runList },
  {
    name: 'secret',
    seeds: () => [SECRET, 'mfrg gzdf mztw q2lk\n', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====', ''],
    run: (bytes) => {
      const secret = parseSecret(decoded(bytes))
      if (secret === undefined) return 'none'
      require(Buffer.from(parseSecret(formatSecret(secret))!).equals(Buffer.from(secret)), 'formats to another secret')
      return secret.length < 16 ? 'short' : 'secret'
    },
  },
]

/** Crossing out takes exactly the lines that it must, in either dialect, and nothing is ever used twice. */
function runList(bytes: string): string {
  return (['native', 'knockd'] as const).map((style) => {
    const unused = unusedEntries(decoded(bytes), PATH, style)
    if (unused.length === 0) return 'empty'
    const { id: wanted } = unused[Math.floor(unused.length / 2)]!
    const at = unused.findIndex(({ id }) => id === wanted)
    const edited = crossOut(bytes, wanted, unused)
    require(edited !== undefined, 'an unused sequence that cannot be crossed out')
    const used = new Set(unused.slice(0, at + 1).map(({ id }) => id))
    const left = unusedEntries(decoded(edited), PATH, style)
    require(left.every(({ id }) => !used.has(id)), 'a sequence that stays good after it was used')
    require(left.map(({ id }) => id).join() === unused.map(({ id }) => id).filter((id) => !used.has(id)).join(), 'a sequence that was crossed out with another')
    require(edited.split('\n').map((line, index) => line === bytes.split('\n')[index] || line === `#${bytes.split('\n')[index]}`).every(Boolean), 'a line that was changed otherwise')
    return unused.length > 3 ? 'many' : 'some'
  }).join(' ')
}
