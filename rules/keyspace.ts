import { stepKey, type Rule, type Step } from './rule.ts'

/** What a guesser has to find out, in bits. `left` is what remains of `steps` after the costs. */
export interface Keyspace {
  /** All steps, as if each were a secret of its own. */
  readonly steps: number
  /** Lost to steps that were there before: a guesser sends every port twice. */
  readonly repeats: number
  /** Lost to tolerated swaps: all orders of the same steps open. */
  readonly reorder: number
  /** Lost to tolerated other ports: every packet is tried with every choice of as many before it as may lie between. */
  readonly otherPorts: number
  /** Lost to the window: every packet is tried with every choice of those before it. */
  readonly window: number
  /** Lost to several sequences, users and time steps that are good at a time. */
  readonly valid: number
  readonly left: number
}

/** What of a rule makes guessing easier. */
export interface Tolerances extends Pick<Rule, 'reorder' | 'otherPorts' | 'window'> {
  /** How many sequences or codes open at a time. @default 1 */
  readonly validAtATime?: number
  /** What was tried may be right a moment later: nothing is gained by not trying it again. @default false */
  readonly isTimeBased?: boolean
}

/** Ports 1 to 65535. */
const PORT_BITS = Math.log2(65_535)
/** RFC 4226 asks for 128 bits of a secret; a token is cut to as many. */
const TOKEN_BITS = 128

/**
 * Counts as if the guesser knew everything but the steps: how many there are, what kinds, and every tolerance.
 * Each cost is what a guesser saves at most. `reorder` costs the same however short it is, since anyone may send fast.
 * A sequence that somebody has seen has no secret left; this is only about guessing.
 */
export function keyspace(steps: readonly Step[], tolerances: Tolerances): Keyspace {
  const distinct = distinctSteps(steps)
  const counted = bitsOf(steps) + protocolBits(distinct)
  const costs = {
    repeats: bitsOf(steps) - bitsOf(distinct),
    reorder: tolerances.reorder === 0 ? 0 : orderBits(distinct),
    otherPorts: tolerances.window === undefined ? otherPortsBits(distinct, tolerances.otherPorts) : 0,
    window: tolerances.window === undefined ? 0 : log2Choose(tolerances.window - 1, steps.length - 1),
    valid: Math.log2(tolerances.validAtATime ?? 1),
  }
  return { steps: counted, ...costs, left: Math.max(0, counted - sum(Object.values(costs))) }
}

/** What a guesser may send, from as many addresses as he likes. */
export const GUESSER_PACKETS_PER_SECOND = 20_000

/**
 * How long a guesser needs on average, in seconds. With ports he sends one after the other without a pause, and each packet is a try with
 * those before it; else a try is all of the steps. Of what stays he has to try half; of what changes with time, the whole.
 */
export function meanGuessSeconds(steps: readonly Step[], tolerances: Tolerances): number {
  const { left } = keyspace(steps, tolerances)
  const tries = 2 ** left * (tolerances.isTimeBased ? 1 : 0.5)
  const packets = tolerances.window === undefined && portCount(steps) === 0 ? steps.length : 1
  return (tries * packets) / GUESSER_PACKETS_PER_SECOND
}

/** Ports and requests each once; of ranges every one, since each time another port of it is asked for. */
function distinctSteps(steps: readonly Step[]): Step[] {
  const fixed = new Map(steps.filter(isFixed).map((step) => [stepKey(step), step]))
  return [...fixed.values(), ...steps.filter((step) => !isFixed(step))]
}

function isFixed({ kind }: Step): boolean {
  return kind === 'port' || kind === 'request'
}

function bitsOf(steps: readonly Step[]): number {
  return sum(steps.map((step, index) => stepBits(step, steps.slice(0, index))))
}

/** Ports that are drawn from one range are all different. */
function stepBits(step: Step, before: readonly Step[]): number {
  switch (step.kind) {
    case 'port': return PORT_BITS
    case 'range': return Math.log2(step.count - before.filter((other) => stepKey(other) === stepKey(step)).length)
    case 'request': return pathBits(step.path)
    case 'token': return TOKEN_BITS
  }
}

/** Which of several steps a knock is meant for costs as much as their orders; a port of a range of its own says it by itself. */
function orderBits(distinct: readonly Step[]): number {
  const ranges = distinct.filter(({ kind }) => kind === 'range').map(stepKey)
  const shared = [...new Set(ranges)].map((range) => ranges.filter((other) => other === range).length)
  return log2Factorial(distinct.length - ranges.length) + sum(shared.map(log2Factorial))
}

function otherPortsBits(distinct: readonly Step[], otherPorts: number): number {
  const ports = portCount(distinct)
  return ports === 0 ? 0 : log2Choose(ports - 1 + otherPorts, ports - 1)
}

/**
 * How many steps are single ports, with which others may be tried at once: also those that are drawn from one range. Where each step has a range of
 * its own, as a code's groups have, any port of it is a knock, never another port.
 */
function portCount(steps: readonly Step[]): number {
  return steps.filter((step) => step.kind === 'port' || isDrawn(step, steps)).length
}

function isDrawn(step: Step, steps: readonly Step[]): boolean {
  return step.kind === 'range' && steps.some((other) => other !== step && stepKey(other) === stepKey(step))
}

/** Which of the ports are UDP's; nothing if all are of one protocol. */
function protocolBits(distinct: readonly Step[]): number {
  const ports = distinct.filter((step) => step.kind === 'port')
  return log2Choose(ports.length, ports.filter((step) => step.proto === 'udp').length)
}

/**
 * A path is a text that somebody chose, so it counts little: 1.5 bits a character, about what English has, none a slash.
 * Only a run of 8 or more hexadecimal digits, with letters and decimals among them, counts as random: 4 bits each.
 */
function pathBits(path: string): number {
  const runs = [...path.matchAll(/[0-9a-f]{8,}/gi)].map(([run]) => run)
  const random = runs.filter((run) => /\d/.test(run) && /[a-f]/i.test(run))
  const randomLength = sum(random.map((run) => run.length))
  return 4 * randomLength + 1.5 * (path.replaceAll('/', '').length - randomLength)
}

function log2Factorial(count: number): number {
  return sum(Array.from({ length: count }, (_, index) => Math.log2(index + 1)))
}

/** log2 of the number of ways to choose so many of all. */
function log2Choose(all: number, chosen: number): number {
  const fewer = Math.min(chosen, all - chosen)
  return sum(Array.from({ length: fewer }, (_, index) => Math.log2((all - index) / (index + 1))))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
