import { existsSync } from 'node:fs'
import { isIPv6 } from '../../parsers/address.ts'
import type { Port } from '../../parsers/event.ts'
import { MILLISECOND, type Micros } from '../../parsers/time.ts'
import { usualOrigin } from '../client/profile-values.ts'
import type { Profile, Recipe } from '../client/profile.ts'
import { findProfile, loadProfiles, profilesPath } from '../client/profiles.ts'
import type { Server } from '../client/request.ts'
import type { Family, Route } from '../client/route.ts'
import { formatDuration, readDuration } from '../config/duration.ts'
import { readSequence } from '../config/sequence.ts'
import { readPort } from '../config/values.ts'
import { KnocktailError } from '../error.ts'
import { printable, quoted } from '../printable.ts'

export interface KnockOptions {
  readonly ipv4?: boolean
  readonly ipv6?: boolean
  readonly udp?: boolean
  readonly delay?: string
  readonly waitPort?: string
  readonly wait?: string
  /** Its first word. */
  readonly then?: readonly string[]
  readonly proxy?: string
  readonly profiles?: string
  readonly dryRun?: boolean
  readonly reveal?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
}

/** What is wanted behind the door. */
export type Goal =
  | { readonly kind: 'knock' }
  | { readonly kind: 'wait' | 'proxy'; readonly port: Port }
  | { readonly kind: 'run'; readonly port: Port; readonly command: readonly string[] }

/** A command line that was understood. */
export interface Plan {
  readonly host: string
  readonly family: Family | undefined
  /** Undefined: the ports are on the command line. */
  readonly profile: Profile | undefined
  readonly recipe: Recipe
  readonly delayMs: number
  readonly goal: Goal
  readonly waitMs: number
}

const DELAY = 50_000 as Micros
const WAIT = 5_000_000 as Micros
const LONGEST = 3_600_000_000 as Micros
const SSH = 22 as Port

/** Throws a KnocktailError `usage` for what cannot be meant, `config` for a profiles file that is wrong. */
export function planKnock(host: string, what: readonly string[], options: KnockOptions, rest: readonly string[]): Plan {
  refuseBoth(options)
  const { profile, recipe, ...found } = findDoor(host, what, options)
  const delay = optionalSpan('--delay', options.delay) ?? profile?.delay ?? DELAY
  const wait = optionalSpan('--wait', options.wait) ?? WAIT
  const goal = goalOf(options, rest, profile?.waitPort)
  if (wait === 0 && goal.kind === 'proxy') throw new KnocktailError('usage', '--proxy has to wait for the port: --wait 0 leaves it no time')
  return { host: found.host, family: options.ipv4 ? 4 : options.ipv6 ? 6 : undefined, profile, recipe, delayMs: delay / MILLISECOND, goal, waitMs: wait / MILLISECOND }
}

/** Options that exclude each other, and why. */
const EXCLUSIVE: readonly (readonly [one: keyof KnockOptions, other: keyof KnockOptions, why: string])[] = [
  ['ipv4', 'ipv6', '-4 and -6 leave no family: give one of them, or none'],
  ['proxy', 'then', '--proxy and --then cannot both have the connection: ssh runs the one, you the other'],
  ['proxy', 'waitPort', '--proxy says already which port is waited for: leave out --wait-port'],
  ['proxy', 'json', '--proxy needs standard output for the connection: leave out --json'],
  ['then', 'json', '--then leaves standard output to the command: leave out --json'],
  ['quiet', 'json', '--json is for programs, --quiet for people: give one of them'],
]

function refuseBoth(options: KnockOptions): void {
  const found = EXCLUSIVE.find(([one, other]) => options[one] !== undefined && options[other] !== undefined)
  if (found) throw new KnocktailError('usage', found[2])
  if (options.reveal && !options.dryRun) throw new KnocktailError('usage', '--reveal belongs to --dry-run: what is really sent is not shown')
}

type Door = Pick<Plan, 'host' | 'profile' | 'recipe'>

/** A step begins with a digit, or is a request, which has a blank in it; all else names a profile. */
function findDoor(host: string, what: readonly string[], { udp, profiles: given }: KnockOptions): Door {
  const [first] = what
  if (first !== undefined && (what.length > 1 || /^\d|\s|,/.test(first))) return typedDoor(host, what, udp ?? false)
  const path = given ?? profilesPath()
  // Who never made the file is told so in the words of what he wanted.
  const profiles = given === undefined && !existsSync(path) ? [] : loadProfiles(path)
  const profile = first === undefined ? profileOf(host, profiles, path) : findProfile(first, profiles, path)
  return { host: first === undefined ? (profile.host ?? host) : host, profile, recipe: profile.recipe }
}

function typedDoor(host: string, what: readonly string[], isUdp: boolean): Door {
  const read = readSequence(what.map((step) => (isUdp && /^\d+$/.test(step) ? `${step}:udp` : step)).join(','))
  if ('fault' in read) throw new KnocktailError('usage', `${read.fault}; a profile stands alone`)
  return { host, profile: undefined, recipe: { kind: 'static', steps: read.value } }
}

function profileOf(host: string, profiles: readonly Profile[], path: string): Profile {
  const found = profiles.find(({ name }) => name === host)
  if (found) return found
  throw new KnocktailError('usage', `what is to be knocked at ${quoted(host)}? Give ports, or a profile of ${printable(path)}, which has none of that name`)
}

function goalOf(options: KnockOptions, rest: readonly string[], profilePort: Port | undefined): Goal {
  const waitPort = optionalPort('--wait-port', options.waitPort)
  const proxy = optionalPort('--proxy', options.proxy)
  if (proxy !== undefined) return { kind: 'proxy', port: proxy }
  if (options.then !== undefined) return { kind: 'run', port: waitPort ?? profilePort ?? SSH, command: [...options.then, ...rest] }
  const port = waitPort ?? profilePort
  return port === undefined ? { kind: 'knock' } : { kind: 'wait', port }
}

function optionalPort(option: string, text: string | undefined): Port | undefined {
  const port = text === undefined ? undefined : readPort(text)
  if (text !== undefined && port === undefined) throw new KnocktailError('usage', `${option}: ${quoted(text)} is no port: write a number from 1 to 65535`)
  return port
}

function optionalSpan(option: string, text: string | undefined): Micros | undefined {
  if (text === undefined) return undefined
  const read = readDuration(text)
  if ('fault' in read) throw new KnocktailError('usage', `${option}: ${read.fault}`)
  if (read.value <= LONGEST) return read.value
  throw new KnocktailError('usage', `${option}: ${formatDuration(read.value)} is longer than an hour`)
}

/** Where the plan's requests are made. */
export function serverOf({ profile, host }: Plan): Server {
  return { origin: profile?.origin ?? usualOrigin(host), trust: profile?.trust ?? { kind: 'authorities' } }
}

/** Ours, as the server sees it: what the profile says holds for its own family only, since there is no such translation between them. */
export function ownAddress({ profile }: Plan, { source, family }: Route): Route['source'] {
  const said = profile?.address
  return said !== undefined && isIPv6(said) === (family === 6) ? said : source
}
