import { stepKey, type Rule, type Step } from './rule.ts'

/** What a guesser has to find out, in bits. `left` is what remains of `steps` after the costs. */
export interface Keyspace {
  /** All steps, as if each were a secret of its own. */
  readonly steps: number
  /** Lost to steps that were there before: a guesser sends every port twice. */
  readonly repeats: number
  /** Lost to tolerated swaps: all orders of the same steps open. */
  readonly reorder: number
  /** Lost to tolerated other ports: a burst tries every choice of the ports in it. */
  readonly otherPorts: number
  /** Lost to a list of which several sequences are good at a time. */
  readonly lookAhead: number
  readonly left: number
}

/** Ports 1 to 65535. */
const PORT_BITS = Math.log2(65_535)

/**
 * Counts as if the guesser knew everything but the steps: how many there are, what kinds, and every tolerance.
 * Each cost is what a guesser saves at most. `reorder` costs the same however short it is, since anyone may send fast.
 * A sequence that somebody has seen has no secret left; this is only about guessing.
 */
export function keyspace(steps: readonly Step[], tolerances: Pick<Rule, 'reorder' | 'otherPorts'>, validAtATime = 1): Keyspace {
  const seen = new Map(steps.map((step) => [stepKey(step), step]))
  const distinct = [...seen.values()]
  const ports = distinct.filter((step) => step.kind === 'port').length
  const counted = sum(steps.map(stepBits)) + protocolBits(distinct)
  const repeats = sum(steps.map(stepBits)) - sum(distinct.map(stepBits))
  const reorder = tolerances.reorder === 0 ? 0 : log2Factorial(distinct.length)
  const otherPorts = log2Choose(ports + tolerances.otherPorts, ports)
  const lookAhead = Math.log2(validAtATime)
  return { steps: counted, repeats, reorder, otherPorts, lookAhead, left: Math.max(0, counted - repeats - reorder - otherPorts - lookAhead) }
}

/** What a guesser may send, from as many addresses as he likes. */
export const GUESSER_PACKETS_PER_SECOND = 20_000

/** How long a guesser needs on average, in seconds: half of what is left, each try a burst of all steps and of the other ports that do no harm. */
export function meanGuessSeconds(steps: readonly Step[], tolerances: Pick<Rule, 'reorder' | 'otherPorts'>, validAtATime = 1): number {
  const { left } = keyspace(steps, tolerances, validAtATime)
  return (2 ** (left - 1) * (steps.length + tolerances.otherPorts)) / GUESSER_PACKETS_PER_SECOND
}

function stepBits(step: Step): number {
  return step.kind === 'port' ? PORT_BITS : pathBits(step.path)
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
