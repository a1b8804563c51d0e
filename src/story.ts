import picocolors from 'picocolors'
import type { Address } from '../parsers/address.ts'
import { formatTime, forPeople, MILLISECOND, SECOND, type Micros } from '../parsers/time.ts'
import type { Config, DoorRule } from './config/config.ts'
import { formatDuration } from './config/duration.ts'
import { commandsFor } from './grants/commands.ts'
import type { Happening } from './happening.ts'
import { printable } from './printable.ts'

type Told<E extends Happening['event']> = Extract<Happening, { event: E }>
/** What happens at one rule. */
type AtRule = Exclude<Happening, { event: 'scanner' }>

/** Picocolors also colours where CI is set: a file or a pipe wants none, whoever runs us. */
const colors = picocolors.createColors(process.stdout.isTTY === true && picocolors.isColorSupported)

type Tone = 'good' | 'bad' | 'plain'
const PAINT: Readonly<Record<Tone, (text: string) => string>> = { good: colors.green, bad: colors.yellow, plain: (text) => text }

/** How each happening is told, and in which tone. */
const TOLD: { readonly [E in AtRule['event']]: (happening: Told<E>, door: DoorRule) => readonly [Tone, string] } = {
  open: ({ time, until, address }, door) =>
    ['good', until === null ? `ran ${commandText(door, address)}` : `opened ${doorText(door, address)} for ${span(time, until)}`],
  extend: ({ time, until, admin }) => ['good', `${admin ? '' : 'knocked again: '}open for ${until === null ? 'ever' : span(time, until)} from now`],
  close: ({ by, roomFor }) => ['plain', by !== undefined ? `closed by rule ${by}` : roomFor !== undefined ? `closed to make room for ${roomFor}` : 'closed'],
  failure: (happening) => ['bad', `failed at step ${stepText(happening)}${instead(happening)}`],
  scan: (happening) => ['bad', `failed at step ${stepText(happening)}: touched too many other ports, which is a scan`],
  timeout: (happening) => ['bad', `failed at step ${stepText(happening)}: it did not come in time`],
  allowed: () => ['plain', 'knocked, but is in always_allow and needs no door'],
  paused: () => ['bad', 'knocked rightly; nothing is opened, since opening is paused'],
  observed: () => ['plain', 'knocked rightly; nothing is opened, since only observed'],
  refused: ({ why }) => ['bad', `knocked rightly, but no door is opened for it: ${why}`],
  lockout: ({ network, time, until }) => ['bad', `failed too often: deaf to ${network === 'any' ? 'everybody' : network} for ${span(time, until)}`],
  trapped: ({ port, time, until }) => ['bad', `touched the trap ${port}: deaf to it for ${span(time, until)}`],
  capped: ({ cap, limit }) => ['bad', `knocked rightly, but no door is opened for it: ${cap} is ${limit}${cap === 'max_grants' ? ', and all are connected' : ''}`],
  cooled: ({ time, until }) => ['plain', `knocked rightly again, which counts for nothing for another ${span(time, until)}`],
}

function tellScanner({ ports, time, until }: Told<'scanner'>): readonly [Tone, string] {
  return ['bad', `touched ${ports} ports within a minute, which is a scan: rules without secrets are deaf to it for ${span(time, until)}`]
}

/** One line for people. */
export function tellHappening(happening: Happening, config: Config): string {
  const door = config.rules.find(({ match }) => match.name === happening.rule)
  const [tone, text] = told(happening, door)
  const who = happening.user === undefined ? happening.address : `${happening.address} (${printable(happening.user)})`
  return `${forPeople(formatTime(happening.time))}  ${(happening.rule ?? '').padEnd(nameWidth(config))}  ${who.padEnd(15)}  ${PAINT[tone](text)}`
}

/** What happened, without who and when. */
export function happeningText(happening: Happening, config: Config): string {
  const door = config.rules.find(({ match }) => match.name === happening.rule)
  const [, text] = told(happening, door)
  return 'admin' in happening ? `${text}, as an administrator asked` : text
}

function told(happening: Happening, door: DoorRule | undefined): readonly [Tone, string] {
  if (happening.event === 'scanner') return tellScanner(happening)
  // A rule that a reload took away may still close.
  if (!door) return ['plain', happening.event]
  return (TOLD[happening.event] as (happening: Happening, door: DoorRule) => readonly [Tone, string])(happening, door)
}

function nameWidth({ rules }: Config): number {
  return Math.min(20, Math.max(...rules.map(({ match }) => match.name.length)))
}

/** What is long is told in whole seconds: clocks that are not read in the same instant make 30001ms of 30s. */
function span(from: Micros, until: Micros): string {
  const unit = until - from < 10 * SECOND ? MILLISECOND : SECOND
  return formatDuration((Math.round((until - from) / unit) * unit) as Micros)
}

function doorText(door: DoorRule, address: Address): string {
  const ports = door.opens.ports.map(({ port, proto }) => `${port}/${proto}`)
  return ports.length > 0 ? ports.join(', ') : `by ${commandText(door, address)}`
}

function commandText({ opens }: DoorRule, address: Address): string {
  return printable(commandsFor(opens, address).start ?? '')
}

function stepText({ step, steps, expected }: Told<'failure' | 'scan' | 'timeout'>): string {
  return `${step} of ${steps}, ${printable(expected)}`
}

function instead({ got, expected, why }: Told<'failure' | 'scan' | 'timeout'>): string {
  if (why === 'spent') return ': that code counts as used: it, or one after it, was, or may have been before the ledger was begun'
  if (got === undefined) return ''
  return got === expected ? ': it came too late to be a swapped one' : `: ${printable(got)} came instead`
}
