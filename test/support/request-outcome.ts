import { readFileSync } from 'node:fs'
import { DEFAULT_CONTEXT, type Dialect, type Outcome } from '../../parsers/parser.ts'
import { formatTime, NO_STAMP } from '../../parsers/time.ts'

type Message = Dialect['message']

/** `client method path status`, or the reason why there is no event. */
export function shown(outcome: Outcome): string {
  if (typeof outcome === 'string') return outcome
  if (!('fields' in outcome)) return outcome.reason
  const { fields } = outcome
  return fields.kind === 'request' ? `${fields.src} ${fields.method} ${fields.path} ${fields.status}` : 'a packet'
}

export function reading(message: Message): (line: string) => string {
  return (line) => shown(message(line, 0, NO_STAMP, DEFAULT_CONTEXT))
}

/** When the line says it was; `none` if it does not. */
export function timing(message: Message): (line: string) => string {
  return (line) => {
    const outcome = message(line, 0, NO_STAMP, DEFAULT_CONTEXT)
    if (typeof outcome === 'string') return outcome
    return outcome.stamp.kind === 'epoch' ? formatTime(outcome.stamp.at) : outcome.stamp.kind
  }
}

/** The lines of samples/formats/NAME. */
export function sample(name: string): string[] {
  const text = readFileSync(new URL(`../../samples/formats/${name}`, import.meta.url), 'latin1')
  return text.split('\n').filter((line) => line !== '')
}

/** How often each reason, or `event`, comes up. */
export function tally(message: Message, lines: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const line of lines) {
    const outcome = message(line, 0, NO_STAMP, DEFAULT_CONTEXT)
    const key = typeof outcome === 'string' ? outcome : 'event'
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}
