import type { ConnectionEvent } from '../../parsers/event.ts'
import type { Micros } from '../../parsers/time.ts'
import { isInbound, isKnock } from '../../rules/knock.ts'
import { eventKey, keyText, type EventKey } from '../../rules/key.ts'
import type { Rule, Step } from '../../rules/rule.ts'

/**
 * The formal definition of matching, word by word and without a thought for speed: one rule with one sequence
 * that stays valid, one address. Every choice is tried.
 */

interface Read { event: ConnectionEvent; order: number; key: EventKey; lastCopy: number; used: boolean; knock: boolean; other: boolean }

/** Whether a knock with that key satisfies that step. */
function satisfies(key: EventKey, step: Step): boolean {
  const [, port, proto] = /^(\d+)\/(tcp|udp)$/.exec(keyText(key)) ?? []
  if (step.kind === 'range') return proto === step.proto && Number(port) >= step.from && Number(port) < step.from + step.count
  return step.kind === 'port' ? proto === step.proto && Number(port) === step.port : step.kind === 'request' && keyText(key) === `${step.method} ${step.path}`
}

/** For each event, in reading order, the reading numbers of f(1)..f(n) if it completed a match. */
export function referenceMatches(rule: Rule, events: readonly ConnectionEvent[]): (number[] | undefined)[] {
  const [sequence] = rule.sequencesAt(events[0]?.time ?? (0 as never))
  const { steps, proof } = sequence!
  const read: Read[] = []
  return events.map((event, order) => {
    const key = eventKey(event)
    if (key === undefined || !isInbound(event)) return undefined
    const isStep = steps.some((step) => satisfies(key, step))
    const entry: Read = {
      event, order, key, lastCopy: event.time, used: false, knock: isStep && isKnock(event, rule), other: !isStep && event.kind === 'packet',
    }
    if (!entry.knock && !entry.other) return undefined
    const original = read.find((earlier) => isCopy(earlier, entry))
    if (original) {
      original.lastCopy = Math.max(original.lastCopy, event.time)
      return undefined
    }
    read.push(entry)
    const f = entry.knock ? complete(rule, steps, read, entry) : undefined
    const last = Math.max(...(f ?? []).map((knock) => knock.event.time)) as Micros
    const proved = f && (proof?.(f.map((knock) => knock.key), event.src, last).kind ?? 'proved') === 'proved'
    return proved ? f.map((knock) => knock.order) : undefined
  })
}

function isCopy(earlier: Read, { event, key }: Read): boolean {
  const before = earlier.event
  if (event.kind === 'request' || before.kind === 'request') return false
  if (earlier.key !== key || before.sport !== event.sport) return false
  const apart = event.time - before.time
  if (event.proto === 'tcp') {
    const differs = before.seq !== undefined && event.seq !== undefined && before.seq !== event.seq
    return !differs && event.time - earlier.lastCopy < 65e6 && -apart < 65e6
  }
  if (apart === 0) return true
  if (event.ipId && before.ipId) return event.ipId === before.ipId && Math.abs(apart) < 65e6
  return before.source !== event.source && Math.abs(apart) <= 1e6 + Math.max(before.resolution, event.resolution)
}

function inOrder(a: Read, b: Read): boolean {
  return a.event.time < b.event.time || (a.event.time === b.event.time && a.order < b.order)
}

function complete(rule: Rule, steps: readonly Step[], all: Read[], k: Read): Read[] | undefined {
  const read = rule.window === undefined ? all : all.toSorted((a, b) => (inOrder(a, b) ? -1 : 1)).slice(-rule.window)
  const knocks = read.filter(({ knock }) => knock)
  let best: Read[] | undefined
  for (const f of assignments(steps, knocks.filter(({ used }) => !used))) {
    if (!f.includes(k) || !qualifies(rule, read, knocks, f)) continue
    const differs = best ? f.findIndex((knock, step) => knock !== best![step]) : 0
    if (!best || (differs >= 0 && inOrder(f[differs]!, best[differs]!))) best = f
  }
  for (const knock of best ?? []) knock.used = true
  return best
}

function* assignments(steps: readonly Step[], knocks: readonly Read[]): Generator<Read[]> {
  if (steps.length === 0) {
    yield []
    return
  }
  for (const knock of knocks) {
    if (!satisfies(knock.key, steps[0]!)) continue
    for (const rest of assignments(steps.slice(1), knocks.filter((other) => other !== knock))) yield [knock, ...rest]
  }
}

function qualifies(rule: Rule, read: readonly Read[], knocks: readonly Read[], f: readonly Read[]): boolean {
  const sorted = f.toSorted((a, b) => (inOrder(a, b) ? -1 : 1))
  const [first, last] = [sorted[0]!, sorted.at(-1)!]
  const between = (other: Read): boolean => inOrder(first, other) && inOrder(other, last)
  const a = f.every((fi, i) => f.every((fj, j) => i >= j || keepsOrder(rule, fi, fj)))
  const b = last.event.time - first.event.time < rule.seqTimeout
  const c = knocks.every((other) => f.includes(other) || !between(other) || f.some((fi) => fi.key === other.key && inOrder(fi, other)))
  const d = new Set(read.filter((other) => other.other && between(other)).map(({ key }) => key)).size <= rule.otherPorts
  const newest = Math.max(...knocks.map(({ event }) => event.time))
  const inSpan = knocks.filter(({ event }) => newest - event.time < rule.seqTimeout)
  const e = f.every((fi) => inSpan.includes(fi))
  return a && b && e && (rule.window !== undefined || (c && d && inSpan.length <= 16 * f.length))
}

function keepsOrder({ reorder }: Rule, fi: Read, fj: Read): boolean {
  if (inOrder(fi, fj) || reorder === 'any') return true
  if (reorder === 0 && fi.event.source === fj.event.source) return false
  return fi.event.time - fj.event.time <= reorder + Math.max(fi.event.resolution, fj.event.resolution)
}
