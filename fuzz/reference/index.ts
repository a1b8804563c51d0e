import { unwrap } from './envelopes.ts'
import { agate, gmid, jetforce, mollyBrown } from './gemini.ts'
import { ipfw } from './ipfw.ts'
import { kernel } from './netfilter.ts'
import { filterlog } from './filterlog.ts'
import type { Reader, Shown } from './reading.ts'
import type { Stamp } from './stamps.ts'
import { pflog, tcpdump } from './tcpdump.ts'
import { ulogd } from './ulogd.ts'
import { caddy, clf, openbsdHttpd } from './web.ts'

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
  filterlog: { envelopes: ['bare', ...SYSLOG], tags: ['filterlog'], read: filterlog },
  ipfw: { envelopes: ['bare', ...SYSLOG], tags: ['kernel'], kernelOnly: true, read: ipfw },
  ulogd: { envelopes: ['bare'], read: ulogd },
  clf: { envelopes: ['bare', ...SYSLOG, ...JOURNAL], tags: ['nginx', 'apache2', 'httpd', 'apache', 'lighttpd'], read: clf },
  'openbsd-httpd': { envelopes: ['bare', ...SYSLOG], tags: ['httpd'], read: openbsdHttpd },
  caddy: { envelopes: ['bare', ...SYSLOG, ...JOURNAL], tags: ['caddy'], read: caddy },
  gmid: { envelopes: ['bare', ...SYSLOG, ...JOURNAL], tags: ['gmid'], read: gmid },
  agate: { envelopes: ['bare', ...SYSLOG, ...JOURNAL], tags: ['agate'], read: agate },
  'molly-brown': { envelopes: ['bare'], read: mollyBrown },
  jetforce: { envelopes: ['bare', ...SYSLOG, ...JOURNAL], tags: ['jetforce'], read: jetforce },
}

export const REFERENCE_DIALECTS = Object.keys(DIALECTS)

export interface LineReading {
  readonly fields: Shown
  readonly stamp: Stamp
  readonly forwardedFor?: string | undefined
}

/** Every event, with its stamp, that the line may show. */
export function referenceReadings(dialect: string, line: string, context: { readonly prefix: string | undefined; readonly spans: string }): LineReading[] {
  const { envelopes, tags, kernelOnly, read } = DIALECTS[dialect]!
  return unwrap(line, envelopes)
    .filter(({ envelope, tag, kernel: ofKernel }) => (envelope === 'bare' || tags === undefined || tags.includes(tag ?? '')) && (kernelOnly !== true || ofKernel))
    .flatMap(({ stamp, message }) => read(message, context).flatMap(({ stamp: own, ...reading }) => [
      { ...reading, stamp: own ?? stamp },
      // A stamp without a date tells less than the logger's around it.
      ...(own === undefined || stamp['kind'] === 'none' ? [] : [{ ...reading, stamp }]),
    ]))
}
