import type { Port } from '../../parsers/event.ts'
import type { Progress, Way } from '../client/enter.ts'
import type { MadeSequence } from '../client/made-sequence.ts'
import type { Recipe } from '../client/profile.ts'
import type { Route } from '../client/route.ts'
import { stepKey, type FixedStep } from '../../rules/rule.ts'
import { jsonLine } from '../json-line.ts'
import { printable } from '../printable.ts'
import { ownAddress, type Goal, type KnockOptions, type Plan } from './knock-plan.ts'
import { Output, tell } from './output.ts'

export interface Voice {
  readonly tell: (progress: Progress) => void
  readonly flush: () => Promise<void>
}

/** With so few unused sequences it is time for a new list. */
const FEW = 5

/** People are told on stderr; programs by JSON lines, after each of which a flush is due. Under ssh only what is out of the ordinary is told. */
export function voiceOf(route: Route, goal: Goal, { json, quiet }: KnockOptions): Voice {
  const output = new Output()
  const flush = (): Promise<void> => output.flush()
  if (json) return { flush, tell: (progress) => output.line(jsonLine(progressRecord(progress, route))) }
  return {
    flush,
    tell: (progress) => {
      const isOdd = progress.event === 'silent' || (progress.event === 'knocked' && (progress.made.left ?? FEW) < FEW)
      const text = quiet !== true && (isOdd || goal.kind !== 'proxy') ? progressText(progress, route) : undefined
      if (text !== undefined) tell(printable(text))
    },
  }
}

/** The ports are not told: who reads them here could use them again. */
function progressRecord(progress: Progress, { host, address, source }: Route): Record<string, unknown> {
  if (progress.event !== 'knocked') return { event: progress.event, address, port: progress.port, ms: progress.afterMs }
  const { steps, left, timeStep } = progress.made
  return { event: 'knocked', host, address, source, knocks: steps.length, timeStep, left }
}

/** Undefined: that is said by the error that follows. */
function progressText(progress: Progress, route: Route): string | undefined {
  switch (progress.event) {
    case 'knocked':
      return `knocked ${times(progress.made.steps.length)} at ${place(route)}, from ${route.source}${leftText(progress.made.left)}`
    case 'answered':
      return `port ${progress.port} answers after ${seconds(progress.afterMs)}: come in`
    case 'silent':
      return progress.again ? `port ${progress.port} does not answer within ${seconds(progress.afterMs)}: knocking once more` : undefined
  }
}

/** Rounded to what a person can tell apart. */
function seconds(ms: number): string {
  return `${Math.round(ms / 10) / 100} s`
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`
}

function place({ host, address }: Route): string {
  return host === address ? address : `${host} (${address})`
}

function leftText(left: number | undefined): string {
  if (left === undefined) return ''
  return `; one-time sequences left: ${left}${left < FEW ? ', get a new list' : ''}`
}

/** What each kind of sequence fails by most. */
const USUAL_CAUSE: Readonly<Record<Recipe['kind'], string>> = {
  static: 'is it the right sequence?',
  'one-time': 'has the server the same list?',
  totp: 'is this the clock and the secret that the server has?',
  hmac: 'is this the clock, and are secret, host_id, rule and user as the server has them?',
  token: 'is this the clock, and are secret, host_id, rule and user as the server has them?',
}

/** Why a door may have stayed shut, as far as it can be known from here. */
export function whySilent(plan: Plan, { route }: Way, port: Port): string {
  const { recipe } = plan
  const causes = [
    `port ${port} at ${place(route)} does not answer after two knocks: ${USUAL_CAUSE[recipe.kind]}`,
    ...('secretFile' in recipe ? [`Here it is ${new Date().toISOString()}, and what was knocked once is good no more.`] : []),
    ...('user' in recipe && recipe.form.bindAddress ? [`It holds only if the server sees us as ${ownAddress(plan, route)} (set address, if it does not).`] : []),
    ...route.otherFamilies.map((family) => `${route.host} has IPv${family} addresses, too: try -${family}.`),
    `The server's log tells how far ${route.source} came`,
  ]
  return printable(causes.join(' '))
}

export interface DryRun {
  readonly plan: Plan
  readonly way: Way
  readonly made: MadeSequence
  /** Whether what opens the door may be shown. */
  readonly isOpen: boolean
}

export function tellDryRun({ plan, way, made, isOpen }: DryRun): string[] {
  const head = `would knock at ${place(way.route)}, from ${way.route.source}, ${plan.delayMs} ms apart:`
  const steps = made.steps.map((step, index) => `  ${index + 1}  ${stepText(step, way, isOpen)}`)
  const hidden = isOpen ? [] : ['what makes up a profile\'s sequence is not shown: with --reveal it is, to whoever looks']
  return [head, ...steps, ...leftLines(made), ...hidden, ...goalLines(plan.goal)].map(printable)
}

function stepText(step: FixedStep, { server: { origin } }: Way, isOpen: boolean): string {
  if (step.kind === 'port') return isOpen ? stepKey(step) : step.proto
  const path = isOpen ? step.path : '/...'
  return `${origin.scheme === 'gemini' ? '' : `${step.method} `}${origin.scheme}://${origin.host}:${origin.port}${path}`
}

function leftLines({ left, timeStep }: MadeSequence): string[] {
  if (left !== undefined) return [`one-time sequences left then: ${left}`]
  return timeStep === undefined ? [] : [`made for the time step ${timeStep}`]
}

function goalLines(goal: Goal): string[] {
  if (goal.kind === 'knock') return []
  const act = { wait: '', proxy: ', and join standard input and output to it', run: goal.kind === 'run' ? `, and run ${goal.command.join(' ')}` : '' }
  return [`then wait for port ${goal.port}${act[goal.kind]}`]
}

export function dryRunRecord({ plan, way: { route }, made, isOpen }: DryRun): Record<string, unknown> {
  const steps = made.steps.map((step) => (step.kind === 'port' ? { proto: step.proto, ...(isOpen && { port: step.port }) } : { method: step.method, ...(isOpen && { path: step.path }) }))
  const { host, address, source } = route
  return { event: 'would-knock', host, address, source, profile: plan.profile?.name, kind: plan.recipe.kind, timeStep: made.timeStep, left: made.left, steps }
}
