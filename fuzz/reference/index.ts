import { unwrap } from './envelopes.ts'
import { kernel } from './netfilter.ts'
import type { Reader, Shown } from './reading.ts'
import type { Stamp } from './stamps.ts'
import { pflog, tcpdump } from './tcpdump.ts'

interface Dialect {
  readonly envelopes: readonly string[]
  /** Whose messages count; undefined: every program's. */
  readonly tags?: readonly string[]
  readonly kernelOnly?: true
  readonly read: Reader
}

const SYSLOG = ['rfc3164', 'iso', 'rfc5424']
const JOURNAL = ['journal', 'journal-text']

/**
 * Slow reference parsers of every dialect, written from the facts of the formats in another technique than `parsers/`: they say which
 * events a line may show at all. What `parsers/` reads must be among them; it may refuse more.
 */
const DIALECTS: Readonly<Record<string, Dialect>> = {
  kernel: { envelopes: ['kmsg', 'printk', ...JOURNAL, ...SYSLOG], tags: ['kernel'], kernelOnly: true, read: kernel },
  pflog: { envelopes: ['bare', ...SYSLOG], tags: ['pf', 'pflog', 'tcpdump'], read: pflog },
  tcpdump: { envelopes: ['bare', ...SYSLOG], tags: ['tcpdump'], read: tcpdump },
}

export const REFERENCE_DIALECTS = Object.keys(DIALECTS)

export interface LineReading {
  readonly fields: Shown
  readonly stamp: Stamp
}

/** Every event, with its stamp, that the line may show. */
export function referenceReadings(dialect: string, line: string, context: { readonly prefix: string | undefined; readonly spans: string }): LineReading[] {
  const { envelopes, tags, kernelOnly, read } = DIALECTS[dialect]!
  return unwrap(line, envelopes)
    .filter(({ envelope, tag, kernel: ofKernel }) => (envelope === 'bare' || tags === undefined || tags.includes(tag ?? '')) && (kernelOnly !== true || ofKernel))
    .flatMap(({ stamp, message }) => read(message, context).flatMap((reading) => [
      { fields: reading.fields, stamp: reading.stamp ?? stamp },
      // A stamp without a date tells less than the logger's around it.
      ...(reading.stamp === undefined || stamp['kind'] === 'none' ? [] : [{ fields: reading.fields, stamp }]),
    ]))
}
