import { createInterface } from 'node:readline'
import { isFirewallName } from '../config/firewalls.ts'
import { KnocktailError } from '../error.ts'
import type { Finding, Listed, Outcome } from '../firewalls/firewall.ts'
import { printable, quoted } from '../printable.ts'
import { openChannel, type Channel } from './channel.ts'
import type { Helper, HelperEvents } from './helper.ts'
import { formatRequest, parseReply } from './client-protocol.ts'
import type { Reply, Request } from '../wire.ts'

/** So long a helper may take to begin: it may wait for the one before it to finish a command. */
const START_LIMIT_MS = 100_000

/** So long nothing may be answered of one target. Commands end after 60 s. */
const ANSWER_LIMIT_MS = 90_000

type Ask<R> = R extends unknown ? Omit<R, 'id'> : never

interface Answer {
  readonly outcome: Outcome
  readonly entries: readonly Listed[]
  readonly findings: readonly Finding[]
}

interface Pending {
  readonly lane: string
  readonly entries: Listed[]
  readonly findings: Finding[]
  readonly resolve: (answer: Answer) => void
}

/** Starts the privileged part by the words of a command, or reaches it by `unix:PATH`. Rejects with a KnocktailError if it does not begin to serve. */
export function startHelper(argv: readonly string[], events: HelperEvents): Promise<Helper> {
  const channel = openChannel(argv)
  const link = new Link(channel, events)
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(limit)
      reject(new KnocktailError('failed', `the helper could not be started (${printable(argv.join(' '))}): ${why}`))
    }
    const limit = setTimeout(() => {
      channel.input.end()
      fail('it does not answer')
    }, START_LIMIT_MS)
    link.onReady = () => {
      clearTimeout(limit)
      resolve(helperOf(link))
    }
    link.onFailedStart = fail
  })
}

function helperOf(link: Link): Helper {
  const each = async (requests: readonly Ask<Request>[]): Promise<Outcome[]> =>
    (await Promise.all(link.ask(requests))).map(({ outcome }) => outcome)
  return {
    add: (target, entries) => each(entries.map((entry) => ({ verb: 'add', target, ...entry }))),
    renew: (target, entries) => each(entries.map((entry) => ({ verb: 'renew', target, ...entry }))),
    remove: (target, addresses) => each(addresses.map((address) => ({ verb: 'remove', target, address }))),
    kill: async (target, address) => (await each([{ verb: 'kill', target, address }]))[0]!,
    list: async (target) => {
      const { outcome, entries } = await link.ask([{ verb: 'list', target }])[0]!
      return outcome.kind === 'done' ? { kind: 'listed', entries } : { kind: 'failed', why: 'why' in outcome ? outcome.why : outcome.kind }
    },
    check: async (target) => {
      const { outcome, findings } = await link.ask([{ verb: 'check', target }])[0]!
      return outcome.kind === 'done' ? [...findings] : [{ severity: 'error', message: 'why' in outcome ? outcome.why : outcome.kind }]
    },
    spend: async (entry) => (await each([{ verb: 'spend', entry }]))[0]!,
    ping: async () => (await each([{ verb: 'ping' }]))[0]!,
    reload: async () => (await each([{ verb: 'reload' }]))[0]!,
    leave: () => link.leave(),
  }
}

/** A helper at the other end of its pipes: what was asked and not answered yet. */
class Link {
  onReady = (): void => {}
  onFailedStart = (_why: string): void => {}
  readonly #channel: Channel
  readonly #events: HelperEvents
  readonly #pending = new Map<number, Pending>()
  /** A time limit for each lane in which something is asked for, begun anew with every answer in it. */
  readonly #lanes = new Map<string, { count: number; limit?: NodeJS.Timeout }>()
  #count = 0
  #state: 'starting' | 'serving' | 'leaving' | 'over' = 'starting'
  #lastComplaint = ''

  constructor(channel: Channel, events: HelperEvents) {
    this.#channel = channel
    this.#events = events
    const { input, output, complaints } = channel
    input.on('error', () => {})
    channel.onOver((why) => this.#over(this.#lastComplaint || why))
    // A reader of lines passes its stream's errors on; the channel tells of them.
    createInterface({ input: output }).on('line', (line) => this.#read(line)).on('error', () => {})
    if (complaints) createInterface({ input: complaints }).on('line', (line) => this.#complained(line)).on('error', () => {})
  }

  ask(requests: readonly Ask<Request>[]): Promise<Answer>[] {
    const lines: string[] = []
    const answers = requests.map((request) => new Promise<Answer>((resolve) => {
      if (this.#state !== 'serving' && this.#state !== 'leaving') return resolve(failedAnswer('the helper is not running'))
      const id = ++this.#count
      const lane = 'target' in request ? request.target : request.verb
      this.#pending.set(id, { lane, entries: [], findings: [], resolve })
      this.#begin(lane)
      lines.push(formatRequest({ id, ...request } as Request))
    }))
    if (lines.length > 0) this.#channel.input.write(lines.join(''))
    return answers
  }

  /** It may linger for what it has taken over from one before it: that is not waited for. */
  async leave(): Promise<void> {
    if (this.#state !== 'serving') return
    this.#state = 'leaving'
    await Promise.all(this.ask([{ verb: 'leave' }]))
    this.#state = 'over'
    this.#channel.release()
  }

  #read(line: string): void {
    const reply = parseReply(line)
    if (!reply) return this.#events.note(`the helper said ${quoted(line)}`)
    if ('id' in reply) return this.#answer(reply)
    if (reply.kind === 'note') this.#events.note(reply.text)
    if (reply.kind === 'changed' && isFirewallName(reply.firewall)) this.#events.changed(reply.firewall)
    if (reply.kind === 'ready' && this.#state === 'starting') {
      this.#state = 'serving'
      this.onReady()
    }
  }

  #answer(reply: Extract<Reply, { id: number }>): void {
    const pending = this.#pending.get(reply.id)
    if (!pending) return
    this.#limit(pending.lane)
    if (reply.kind === 'entry') pending.entries.push(reply)
    else if (reply.kind === 'finding') pending.findings.push(reply)
    else this.#settle(reply.id, reply)
  }

  #settle(id: number, outcome: Outcome): void {
    const { lane, entries, findings, resolve } = this.#pending.get(id)!
    this.#pending.delete(id)
    this.#finish(lane)
    resolve({ outcome: withoutId(outcome), entries: entries.map(({ address, seconds, mark }) => ({ address, seconds, mark })), findings: findings.map(({ severity, message }) => ({ severity, message })) })
  }

  #begin(lane: string): void {
    const state = this.#lanes.get(lane) ?? { count: 0 }
    state.count++
    this.#lanes.set(lane, state)
    if (state.count === 1) this.#limit(lane)
  }

  #finish(lane: string): void {
    const state = this.#lanes.get(lane)
    if (!state || --state.count > 0) return
    clearTimeout(state.limit)
    this.#lanes.delete(lane)
  }

  #limit(lane: string): void {
    const state = this.#lanes.get(lane)
    if (!state) return
    clearTimeout(state.limit)
    state.limit = setTimeout(() => this.#fail('the helper does not answer', lane), ANSWER_LIMIT_MS)
  }

  #fail(why: string, lane?: string): void {
    for (const [id, pending] of this.#pending) if (lane === undefined || pending.lane === lane) this.#settle(id, { kind: 'failed', why })
  }

  #complained(line: string): void {
    this.#lastComplaint = printable(line)
    if (this.#state !== 'starting') this.#events.note(this.#lastComplaint)
  }

  #over(why: string): void {
    const before = this.#state
    this.#state = 'over'
    if (before === 'over') return
    this.#fail('the helper has ended')
    if (before === 'starting') this.onFailedStart(why)
    if (before === 'serving') this.#events.ended(why)
  }
}

function withoutId(outcome: Outcome): Outcome {
  return 'why' in outcome ? { kind: outcome.kind, why: outcome.why } : { kind: outcome.kind }
}

function failedAnswer(why: string): Answer {
  return { outcome: { kind: 'failed', why }, entries: [], findings: [] }
}
