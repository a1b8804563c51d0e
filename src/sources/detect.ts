import { DIALECTS, parseLine } from '../../parsers/dialects.ts'
import { DEFAULT_CONTEXT, isParsed, type Dialect, type ParseContext } from '../../parsers/parser.ts'
import { FIRST_INSTANT, type Stamp } from '../../parsers/time.ts'

/**
 * How many lines of a log's beginning are tried: more only while none is understood, since a kernel log begins with
 * the messages of the boot.
 */
const TRIED = [200, 2_000, 10_000]

export interface Detection {
  readonly dialect: Dialect
  readonly understood: number
  readonly tried: number
}

/** The dialect that understands the most of a log's first lines; undefined if none understands any. */
export function detectDialect(lines: readonly string[]): Detection | undefined {
  const written = lines.filter((line) => line !== '')
  for (const count of TRIED) {
    const tried = written.slice(0, count)
    const best = bestDialect(tried)
    if (best.understood > 0) return best
    if (tried.length === written.length) return undefined
  }
  return undefined
}

function bestDialect(tried: readonly string[]): Detection {
  const found = DIALECTS.map((dialect) => {
    const understood = tried.filter((line) => isParsed(parseLine(dialect, line, DEFAULT_CONTEXT))).length
    return { dialect, understood, tried: tried.length }
  })
  return found.reduce((most, next) => (next.understood > most.understood ? next : most))
}

/**
 * Whether a log's spans count from its first line or from the line before: tcpdump prints both alike. Spans from the first
 * line grow; of spans from the line before, every other one is smaller than the one before it.
 */
export function detectSpans(stamps: readonly Stamp[]): ParseContext['spans'] {
  const spans = stamps.flatMap((stamp) => (stamp.kind === 'since-first' && stamp.at >= 0 && stamp.at < FIRST_INSTANT ? [stamp.at] : []))
  // Exactly zero is the first line of a new run.
  const falls = spans.filter((span, index) => index > 0 && span > 0 && span < spans[index - 1]! / 2).length
  return falls > Math.max(0, spans.length - 1) / 10 ? 'since-previous' : 'since-first'
}
