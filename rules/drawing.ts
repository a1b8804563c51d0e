import type { Compiled, SequenceIndex } from './compile.ts'
import type { Note } from './note.ts'
import type { Trail } from './trail.ts'

/**
 * Sequences for one address cost a MAC each, so none are drawn before it has knocked often enough to have completed one. Its earlier knocks
 * are looked through only for a sequence that it touches: a flood touches none.
 */
export function draw(trail: Trail, note: Note, index: SequenceIndex): void {
  for (const rule of note.drawnFrom!) {
    if (trail.notes.length < rule.drawn!.knocks) continue
    for (const compiled of index.drawn(rule, trail.address, note.key, note.time)) markKnocks(trail, compiled)
  }
}

function markKnocks(trail: Trail, compiled: Compiled): void {
  for (const note of trail.notes) {
    if (!note.drawnFrom?.includes(compiled.rule) || !compiled.stepsOf.has(note.key) || note.knocks?.includes(compiled)) continue
    note.knocks = [...(note.knocks ?? []), compiled]
  }
}
