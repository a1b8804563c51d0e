import { SECOND, type Micros } from '../../parsers/time.ts'

/**
 * So far back lines are read again after a restart: max_age's default (60 s), and as long as a packet's copies may follow it (70 s).
 * Without them a sequence begun before the restart could not be completed after it.
 */
export const RESUME_SPAN = (130 * SECOND) as Micros
const STEP = (5 * SECOND) as Micros

/** Remembers where it was every few seconds, to tell where it was `RESUME_SPAN` ago. Times are of a clock that nobody steps. */
export class ResumePoints<Point> {
  readonly #points: { readonly at: Micros; readonly point: Point }[] = []

  passed(at: Micros, point: () => Point): void {
    const last = this.#points.at(-1)
    if (last !== undefined && at - last.at < STEP) return
    this.#points.push({ at, point: point() })
    // The first of them must be as old as the span, or the oldest there is.
    while (this.#points.length > 1 && at - this.#points[1]!.at >= RESUME_SPAN) this.#points.shift()
  }

  get oldest(): Point | undefined {
    return this.#points[0]?.point
  }
}

/** A number of a position that was read back: it may have been written by anyone. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
