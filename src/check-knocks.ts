import { flagNames, type TcpFlags } from '../parsers/event.ts'
import { GUESSER_PACKETS_PER_SECOND, keyspace, type Keyspace } from '../rules/keyspace.ts'
import { stepKey, type FlagTest } from '../rules/rule.ts'
import type { DoorRule, KnockKind } from './config/config.ts'
import { formatDuration } from './config/duration.ts'
import { guessSeconds, tolerancesOf } from './config/guessing.ts'
import { formatSequence } from './config/sequence.ts'

/** What a rule is knocked with. */
export function knockRows(rule: DoorRule): (readonly [label: string, text: string | undefined])[] {
  return [
    ['sequence', `${SEQUENCE_TEXTS[rule.kind](rule)} ${toleranceText(rule)}`],
    ['users', rule.users.length === 0 ? undefined : rule.users.join(', ')],
  ]
}

/** How hard it is to guess. */
export function strengthRows(rule: DoorRule): (readonly [label: string, text: string | undefined])[] {
  return [['keyspace', keyspaceText(rule)], ['guessed', guessText(rule)]]
}

const SEQUENCE_TEXTS: Readonly<Record<KnockKind, (rule: DoorRule) => string>> = {
  static: ({ sequences }) => formatSequence(sequences[0]!.steps),
  // One that is still to be used is a secret; the output of check gets mailed around.
  'one-time': ({ sequences }) => (sequences[0] ? `${sequences.length} unused one-time sequence${sequences.length === 1 ? '' : 's'}, the next on ${sequences[0].id.replace('-', ' ')},` : 'none left in its one-time list,'),
  totp: ({ sequences }) => {
    const { steps } = sequences[0]!
    const prefix = steps.filter(({ kind }) => kind !== 'range')
    const ranges = steps.filter(({ kind }) => kind === 'range').map(stepKey)
    return `${prefix.map((step) => `${formatSequence([step])}, `).join('')}then a code of the moment as ports of ${ranges.join(' and ')},`
  },
  hmac: ({ sequences }) => `${sequences[0]!.steps.length} ports of the moment from ${stepKey(sequences[0]!.steps[0]!)},`,
  token: ({ sequences, match }) => `a token of the moment below ${stepKey(sequences[0]!.steps[0]!).replace('/...', '')}, by ${match.limits.methods?.join(' or ')} or Gemini input,`,
}

function toleranceText({ match, sequences }: DoorRule): string {
  const reorder = typeof match.reorder === 'number' ? formatDuration(match.reorder) : match.reorder
  const times = `within ${formatDuration(match.seqTimeout)}, reorder ${reorder}`
  const hasPorts = sequences.some(({ steps }) => steps.some(({ kind }) => kind === 'port' || kind === 'range'))
  const between = match.window === undefined ? `other_ports ${match.otherPorts}` : `among the last ${match.window} events of an address`
  return hasPorts ? `${times}, ${between}, flags ${flagsText(match.flags)}` : times
}

function flagsText({ set, clear }: FlagTest): string {
  const names = [...flagNames(set as TcpFlags), ...flagNames(clear as TcpFlags).map((name) => `!${name}`)]
  return names.length === 0 ? 'any' : names.join(',').toLowerCase()
}

/** The weakest sequence's: the door is as strong as that. */
function keyspaceText(rule: DoorRule): string | undefined {
  const spaces = rule.sequences.map(({ steps }) => keyspace(steps, tolerancesOf(rule)))
  const [weakest] = spaces.toSorted((one, other) => one.left - other.left)
  return weakest && sumText(weakest)
}

/** Of who knows nothing of the sequence: whoever has seen a static one need not guess. */
function guessText(rule: DoorRule): string | undefined {
  if (rule.sequences.length === 0) return undefined
  return `after ${longText(guessSeconds(rule))} on average, at ${GUESSER_PACKETS_PER_SECOND.toLocaleString('en')} packets a second`
}

const LONG_UNITS = [['year', 31_557_600], ['day', 86_400], ['hour', 3600], ['minute', 60]] as const

/** Beyond this the number says nothing more. */
const MOST_YEARS = 1e9

function longText(seconds: number): string {
  if (seconds > MOST_YEARS * LONG_UNITS[0][1]) return 'more than a billion years'
  const [name, size] = LONG_UNITS.find((unit) => seconds >= 2 * unit[1]) ?? ['second', 1]
  return `${Number((seconds / size).toPrecision(2)).toLocaleString('en')} ${name}s`
}

function sumText(space: Keyspace): string {
  const all = Object.entries({ repeats: space.repeats, reorder: space.reorder, 'other ports': space.otherPorts, 'valid at a time': space.valid, window: space.window })
  const costs = all.filter(([, bits]) => bits > 0).map(([what, bits]) => ` - ${what} ${bits.toFixed(1)}`)
  const left = `${space.left.toFixed(1)} bits`
  return costs.length === 0 ? left : `${space.steps.toFixed(1)} bits${costs.join('')} = ${left}`
}
