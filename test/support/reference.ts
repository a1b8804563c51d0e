import type { ConnectionEvent } from '../../parsers/event.ts'
import { isInbound, isKnock } from '../../rules/knock.ts'
import { eventKey, type EventKey } from '../../rules/key.ts'
import { stepEventKey } from '../../rules/compile.ts'
import type { Rule } from '../../rules/rule.ts'

/**
 * The formal definition of matching, word by word and without a thought for speed: one rule with one static
 * sequence, one address. Every choice is tried.
 */

interface Read { event: ConnectionEvent; order: number; key: EventKey; lastCopy: number; used: boolean; knock: boolean; other: boolean }

/** For each event, in reading order, the reading numbers of f(1)..f(n) if it completed a match. */
export function referenceMatches(rule: Rule, events: readonly ConnectionEvent[]): (number[] | undefined)[] {
  const keys = rule.sequencesAt(events[0]?.time ?? (0 as never))[0]!.steps.map(stepEventKey)
  const read: Read[] = []
  return events.map((event, order) => {
    const key = eventKey(event)
    if (key === undefined || !isInbound(event)) return undefined
    const isStep = keys.includes(key)
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
    return entry.knock ? complete(rule, keys, read, entry) : undefined
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

function complete(rule: Rule, keys: readonly EventKey[], read: Read[], k: Read): number[] | undefined {
  const knocks = read.filter(({ knock }) => knock)
  let best: Read[] | undefined
  for (const f of assignments(keys, knocks.filter(({ used }) => !used))) {
    if (!f.includes(k) || !qualifies(rule, keys, read, knocks, f)) continue
    const differs = best ? f.findIndex((knock, step) => knock !== best![step]) : 0
    if (!best || (differs >= 0 && inOrder(f[differs]!, best[differs]!))) best = f
  }
  for (const knock of best ?? []) knock.used = true
  return best?.map(({ order }) => order)
}

function* assignments(keys: readonly EventKey[], knocks: readonly Read[]): Generator<Read[]> {
  if (keys.length === 0) {
    yield []
    return
  }
  for (const knock of knocks) {
    if (knock.key !== keys[0]) continue
    for (const rest of assignments(keys.slice(1), knocks.filter((other) => other !== knock))) yield [knock, ...rest]
  }
}

function qualifies(rule: Rule, keys: readonly EventKey[], read: readonly Read[], knocks: readonly Read[], f: readonly Read[]): boolean {
  const sorted = f.toSorted((a, b) => (inOrder(a, b) ? -1 : 1))
  const [first, last] = [sorted[0]!, sorted.at(-1)!]
  const between = (other: Read): boolean => inOrder(first, other) && inOrder(other, last)
  const a = f.every((fi, i) => f.every((fj, j) => i >= j || keepsOrder(rule, fi, fj)))
  const b = last.event.time - first.event.time < rule.seqTimeout
  const c = knocks.every((other) => f.includes(other) || !between(other) || f.some((fi, i) => keys[i] === other.key && inOrder(fi, other)))
  const d = new Set(read.filter((other) => other.other && between(other)).map(({ key }) => key)).size <= rule.otherPorts
  const newest = Math.max(...knocks.map(({ event }) => event.time))
  const inSpan = knocks.filter(({ event }) => newest - event.time < rule.seqTimeout)
  const e = f.every((fi) => inSpan.includes(fi)) && inSpan.length <= 16 * f.length
  return a && b && c && d && e
}

function keepsOrder({ reorder }: Rule, fi: Read, fj: Read): boolean {
  if (inOrder(fi, fj) || reorder === 'any') return true
  if (reorder === 0 && fi.event.source === fj.event.source) return false
  return fi.event.time - fj.event.time <= reorder + Math.max(fi.event.resolution, fj.event.resolution)
}
