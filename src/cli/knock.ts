import { MILLISECOND, type Micros } from '../../parsers/time.ts'
import { enter, knock, type Way } from '../client/enter.ts'
import { openRecipe, type Maker } from '../client/made-sequence.ts'
import { relay } from '../client/relay.ts'
import { findRoute } from '../client/route.ts'
import { runThen } from '../client/then.ts'
import { KnocktailError } from '../error.ts'
import { ownAddress, planKnock, serverOf, type KnockOptions, type Plan } from './knock-plan.ts'
import { dryRunRecord, tellDryRun, voiceOf, whySilent, type Voice } from './knock-words.ts'
import { jsonLine } from '../json-line.ts'
import { Output } from './output.ts'

/** `knocktail knock`: knocks, and goes in. `rest`: the words of --then's command after its first. Answers the exit code. */
export async function runKnock(host: string, what: readonly string[], options: KnockOptions, rest: readonly string[]): Promise<number> {
  const plan = planKnock(host, what, options, rest)
  const route = await findRoute(plan.host, plan.family)
  const way: Way = { route, server: serverOf(plan), delayMs: plan.delayMs }
  const now = (): Micros => (Date.now() * MILLISECOND) as Micros
  const maker = openRecipe(plan.recipe, { address: ownAddress(plan, route), scheme: way.server.origin.scheme, now })
  if (options.dryRun) return dryRun(plan, way, maker, options)
  const voice = voiceOf(way.route, plan.goal, options)
  const code = await reach(plan, way, maker, voice)
  await voice.flush()
  return code
}

async function dryRun(plan: Plan, way: Way, maker: Maker, { json, reveal }: KnockOptions): Promise<number> {
  const output = new Output()
  const shown = { plan, way, made: maker.peek(), isOpen: plan.profile === undefined || reveal === true }
  for (const line of json ? [jsonLine(dryRunRecord(shown))] : tellDryRun(shown)) output.line(line)
  await output.flush()
  return 0
}

async function reach(plan: Plan, way: Way, maker: Maker, voice: Voice): Promise<number> {
  const { goal } = plan
  if (goal.kind === 'knock' || plan.waitMs === 0) {
    await knock(maker, way, voice.tell)
    return goal.kind === 'run' ? runThen(goal.command, way.route) : 0
  }
  const socket = await enter(maker, way, goal.port, plan.waitMs, voice.tell)
  await voice.flush()
  if (socket === undefined) throw new KnocktailError('failed', whySilent(plan, way, goal.port))
  if (goal.kind === 'proxy') {
    await relay(socket, process.stdin, process.stdout)
    return 0
  }
  socket.destroy()
  return goal.kind === 'run' ? runThen(goal.command, way.route) : 0
}
