import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Port } from '../../parsers/event.ts'
import type { FixedStep } from '../../rules/rule.ts'
import { waitForAnswer } from './answer.ts'
import type { MadeSequence, Maker } from './made-sequence.ts'
import { sendKnock } from './packets.ts'
import { sendRequest, type Server } from './request.ts'
import type { Route } from './route.ts'

/** How a knock is made. */
export interface Way {
  readonly route: Route
  readonly server: Server
  /** Between one knock and the next, so that they do not overtake each other. */
  readonly delayMs: number
}

/** What is told while it happens. */
export type Progress =
  | { readonly event: 'knocked'; readonly made: MadeSequence }
  | { readonly event: 'answered'; readonly port: Port; readonly afterMs: number }
  | { readonly event: 'silent'; readonly port: Port; readonly afterMs: number; readonly again: boolean }

type Tell = (progress: Progress) => void

/** Takes the next sequence and sends it. Throws a KnocktailError if it cannot be sent. */
export async function knock(maker: Maker, way: Way, tell: Tell): Promise<void> {
  const made = await maker.take()
  for (const [index, step] of made.steps.entries()) {
    if (index > 0) await pause(way.delayMs)
    await send(step, way)
  }
  tell({ event: 'knocked', made })
}

function send(step: FixedStep, { route, server }: Way): Promise<void> {
  return step.kind === 'port' ? sendKnock(step, route) : sendRequest(step, server, route)
}

/** How often in all: packets are lost, but who is refused twice is refused. */
const ROUNDS = 2

/** Knocks and waits for a port, and once more if it stays silent. Undefined: it is silent still. */
export async function enter(maker: Maker, way: Way, port: Port, waitMs: number, tell: Tell): Promise<Socket | undefined> {
  for (let round = 1; round <= ROUNDS; round++) {
    await knock(maker, way, tell)
    const began = performance.now()
    const socket = await waitForAnswer(port, way.route, waitMs)
    const afterMs = Math.round(performance.now() - began)
    if (socket !== undefined) {
      tell({ event: 'answered', port, afterMs })
      return socket
    }
    tell({ event: 'silent', port, afterMs, again: round < ROUNDS })
  }
  return undefined
}
