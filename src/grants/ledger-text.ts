import * as v from 'valibot'
import { parseAddress } from '../../parsers/address.ts'
import type { Port } from '../../parsers/event.ts'
import type { Micros } from '../../parsers/time.ts'
import type { Spend } from '../../rules/spent.ts'
import { isFirewallName } from '../config/firewalls.ts'
import { parseTargetId, targetId, type Target } from '../firewalls/target.ts'
import type { Grant } from './grants.ts'
import type { Pending } from './in-hand.ts'
import type { KeyRecord } from './key-records.ts'
import type { LastMatch } from './matches.ts'

/** The ledger's state as text: JSON in which each target stands once. */
export interface LedgerState {
  readonly boot: string
  /** When the ledger was begun, by the wall clock: what was written before counts for nothing, whoever reads it when. */
  readonly begun: Micros
  readonly grants: readonly Grant[]
  readonly keys: readonly KeyRecord[]
  readonly matches: readonly (readonly [string, LastMatch])[]
  /** What was used up for good. */
  readonly spent: readonly Spend[]
  /** See `Paused`. */
  readonly paused: readonly string[]
  /** See `InHand`. */
  readonly inHand: readonly Pending[]
}

export function formatLedger({ boot, begun, grants, keys, matches, spent, paused, inHand }: LedgerState): string {
  const targets = new Set<Target>()
  for (const grant of grants) for (const target of grant.targets) targets.add(target)
  for (const { target } of keys) targets.add(target)
  const members = {
    boot: JSON.stringify(boot),
    begun: String(begun),
    grants: `[${grants.map(grantText).join()}]`,
    keys: `[${keys.map(keyText).join()}]`,
    matches: JSON.stringify(matches.map(([key, { time, line }]) => (line ? [key, time, line.source, line.uptime] : [key, time]))),
    used: JSON.stringify(spent.flatMap((spend) => (spend.kind === 'once' ? [spend.id] : []))),
    timeSteps: JSON.stringify(spent.flatMap((spend) => (spend.kind === 'time-step' ? [[spend.secret, spend.timeStep]] : []))),
    paused: JSON.stringify(paused),
    inHand: JSON.stringify(inHand),
    targets: JSON.stringify(Object.fromEntries([...targets].map((target) => [targetId(target), target]))),
  }
  return `{${Object.entries(members).map(([name, text]) => `"${name}":${text}`).join()}}`
}

/** A grant and a record never change once they are made, and stand in every ledger that is written until they end: most of it is written already. */
const grantText = remembered(({ targets, ...grant }: Grant) => JSON.stringify({ ...grant, targets: targets.map(targetId) }))
const keyText = remembered(({ target, address, foreign, inDoubt, kill }: KeyRecord) => JSON.stringify({ target: targetId(target), address, foreign, inDoubt, kill }))

function remembered<T extends object>(format: (item: T) => string): (item: T) => string {
  const texts = new WeakMap<T, string>()
  return (item) => {
    const text = texts.get(item) ?? format(item)
    texts.set(item, text)
    return text
  }
}

/** Undefined if it is no ledger's text: nothing in it is believed then. */
export function parseLedger(text: string): LedgerState | undefined {
  const read = v.safeParse(LEDGER, parseJson(text))
  if (!read.success) return undefined
  const { boot, begun, grants, keys, matches, used, timeSteps, paused, inHand, targets } = read.output
  const byId = new Map(Object.entries(targets))
  if ([...byId].some(([id, target]) => targetId(target) !== id)) return undefined
  if ([...grants.flatMap((grant) => grant.targets), ...keys.map(({ target }) => target)].some((id) => !byId.has(id))) return undefined
  return {
    boot, begun, paused, inHand,
    matches: matches.map(([key, time, source, uptime]) => [key, { time, line: source === undefined || uptime === undefined ? undefined : { source, uptime } }]),
    spent: [...used.map((id): Spend => ({ kind: 'once', id })), ...timeSteps.map(([secret, timeStep]): Spend => ({ kind: 'time-step', secret, timeStep }))],
    grants: grants.map((grant) => ({ ...grant, user: grant.user, targets: grant.targets.map((id) => byId.get(id)!) })),
    keys: keys.map((key) => ({ ...key, id: key.target, target: byId.get(key.target)! })),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const MICROS = v.pipe(v.number(), v.safeInteger(), v.transform((value) => value as Micros))
const ADDRESS = checked(parseAddress)
const TARGET_ID = checked(parseTargetId)
const PORT = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535), v.transform((value) => value as Port))
const OPEN_PORT = v.object({ proto: v.picklist(['tcp', 'udp']), port: PORT })
const COMMANDS = v.object({
  start: v.string(), stop: v.exactOptional(v.string()), start6: v.exactOptional(v.string()), stop6: v.exactOptional(v.string()),
  port: v.exactOptional(OPEN_PORT),
})
const TARGET = v.strictObject({
  firewall: v.pipe(v.string(), v.rawTransform(({ dataset, addIssue, NEVER }) => {
    if (isFirewallName(dataset.value)) return dataset.value
    addIssue({ message: 'no firewall' })
    return NEVER
  })),
  settings: v.record(v.string(), v.array(v.string())),
  port: v.exactOptional(OPEN_PORT),
  ports: v.exactOptional(v.array(OPEN_PORT)),
  rule: v.exactOptional(v.string()),
  user: v.exactOptional(v.string()),
  commands: v.exactOptional(COMMANDS),
})
const LEDGER = v.object({
  boot: v.string(),
  begun: MICROS,
  grants: v.array(v.object({
    rule: v.string(), user: v.optional(v.string()), address: ADDRESS, openedAt: MICROS, until: MICROS, deadline: MICROS, latest: MICROS,
    targets: v.array(TARGET_ID), kill: v.boolean(),
  })),
  // Ledgers of before there was any doubt have none.
  keys: v.array(v.object({ target: TARGET_ID, address: ADDRESS, foreign: v.boolean(), inDoubt: v.optional(v.boolean(), false), kill: v.boolean() })),
  matches: v.array(v.tuple([v.string(), MICROS, v.optional(v.string()), v.optional(MICROS)])),
  // Ledgers of before there were any have none.
  used: v.optional(v.array(v.string()), []),
  timeSteps: v.optional(v.array(v.tuple([v.string(), v.pipe(v.number(), v.safeInteger())])), []),
  paused: v.optional(v.array(v.string()), []),
  inHand: v.optional(v.array(v.object({ rule: v.string(), user: v.optional(v.string()), address: ADDRESS, time: MICROS, stage: v.picklist(['wanted', 'asked']) })), []),
  targets: v.record(v.string(), TARGET),
})

/** Text that a parser of the vocabulary takes as it stands. */
function checked<T extends string>(parse: (text: string) => T | undefined) {
  return v.pipe(v.string(), v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
    const value = parse(dataset.value)
    if (value === dataset.value) return value
    addIssue({ message: 'not in its one canonical form' })
    return NEVER
  }))
}
