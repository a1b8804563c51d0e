import type { ConnectionEvent } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import { attemptAt } from './attempts.ts'
import { demandMetBy, type Compiled, type SequenceIndex } from './compile.ts'
import { eventKey, keyText, type EventKey } from './key.ts'
import { beyond, isInbound, type Beyond } from './knock.ts'
import type { Note } from './note.ts'
import type { Trail } from './trail.ts'

/**
 * What one event was to the rules. aside: it did not come in, or touched no port; copy: of a packet that was read before; other: no step of any
 * rule; knock: a step of at least one.
 */
export type Look =
  | { readonly kind: 'aside' | 'copy' | 'other' }
  | { readonly kind: 'knock'; readonly steps: readonly LookAtStep[] }

/** An event that touched a step of one sequence. */
export interface LookAtStep {
  readonly rule: string
  readonly user: string | undefined
  /** From 1; the first that it satisfies. */
  readonly step: number
  readonly steps: number
  /** Why it did not count: beyond a limit of the rule, or the rule was deaf. Undefined: it did. */
  readonly passedOver: Beyond | 'deaf' | undefined
  /** How far the attempt has come with it; undefined: there is none, since it was matched or has ended. */
  readonly attempt: { readonly taken: number; readonly next: number } | undefined
}

/** `note`: what was remembered of it, if it was. */
export function lookAt(event: ConnectionEvent, index: SequenceIndex, trail: Trail | undefined, note: Note | undefined): Look {
  const key = eventKey(event)
  if (key === undefined || !isInbound(event)) return { kind: 'aside' }
  // What touched nothing was not remembered: the note is of the event before it.
  const isRead = note !== undefined && note.key === key && note.time === event.time
  const touched = [...new Set([...(index.find(key, event.time) ?? []), ...((isRead && note.knocks) || [])])]
  const mayCount = touched.length === 0 || touched.some(({ rule }) => beyond(event, rule) === undefined)
  // Before its first knock nothing is kept of an address by which a copy could be known.
  if (trail && !isRead && mayCount && event.kind === 'packet') return { kind: 'copy' }
  if (touched.length === 0) return { kind: 'other' }
  return { kind: 'knock', steps: touched.map((compiled) => lookAtStep(compiled, event, trail, isRead ? note : undefined)) }
}

function lookAtStep(compiled: Compiled, event: ConnectionEvent, trail: Trail | undefined, note: Note | undefined): LookAtStep {
  const { rule, sequence, demands } = compiled
  const attempt = trail && attemptAt(trail, compiled)
  return {
    rule: rule.name, user: sequence.user, step: firstStep(compiled, eventKey(event)!) + 1, steps: demands.length,
    passedOver: beyond(event, rule) ?? (note?.knocks?.includes(compiled) ? undefined : 'deaf'),
    attempt: attempt && { taken: attempt.taken, next: attempt.next + 1 },
  }
}

/** Something that an address did a short while ago. */
export interface Remembered {
  readonly time: Micros
  readonly source: string
  readonly what: string
  /** Of which sequences it is a step; of those that prove a secret none is named. */
  readonly steps: readonly { readonly rule: string; readonly step: number; readonly steps: number }[]
}

export function rememberedOf({ notes }: Trail): Remembered[] {
  return notes.map(({ time, source, key, knocks }) => {
    const told = (knocks ?? []).filter(({ rule }) => !rule.secret)
    return { time, source, what: keyText(key), steps: told.map((compiled) => ({ rule: compiled.rule.name, step: firstStep(compiled, key) + 1, steps: compiled.demands.length })) }
  })
}

function firstStep(compiled: Compiled, key: EventKey): number {
  return compiled.stepsOf.get(demandMetBy(compiled, key)!)?.[0] ?? 0
}
