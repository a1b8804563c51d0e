import { agateMessage } from './agate.ts'
import { textAt, type Line } from './bytes.ts'
import { caddyMessage } from './caddy.ts'
import { clfMessage } from './clf.ts'
import { ENVELOPES, JOURNAL, SYSLOG } from './envelopes/index.ts'
import { filterlogMessage } from './filterlog.ts'
import { gmidMessage } from './gmid.ts'
import { ipfwMessage } from './ipfw.ts'
import { jetforceMessage } from './jetforce.ts'
import { kernelMessage } from './kernel.ts'
import { kernelLineReader } from './kernel-line.ts'
import { mollyBrownMessage } from './molly-brown.ts'
import { openbsdHttpdMessage } from './openbsd-httpd.ts'
import type { Dialect, Outcome, ParseContext } from './parser.ts'
import { pflogMessage } from './pflog.ts'
import { tcpdumpMessage } from './tcpdump.ts'
import { ulogdMessage } from './ulogd.ts'

/** Lines longer than this give no event, whoever wrote them. */
export const MAX_LINE_BYTES = 8192

/** Every log dialect. A new one is one file, one sample with its expectation, one entry here. */
export const DIALECTS: readonly Dialect[] = [
  {
    name: 'kernel',
    title: "Linux netfilter LOG: /dev/kmsg, dmesg, syslog files, journalctl's text and JSON",
    envelopes: ['kmsg', 'printk', ...JOURNAL, ...SYSLOG],
    tags: ['kernel'],
    kernelOnly: true,
    message: kernelMessage,
    quick: kernelLineReader(),
  },
  {
    name: 'pflog',
    title: "pf's log as text: tcpdump -n -e -i pflog0, OpenBSD's and tcpdump.org's, any -t form, also through logger",
    envelopes: ['bare', ...SYSLOG],
    tags: ['pf', 'pflog', 'tcpdump'],
    kernelOnly: false,
    message: pflogMessage,
  },
  {
    name: 'tcpdump',
    title: "tcpdump -n without the pflog header: OpenBSD's and tcpdump.org's, also -i any",
    envelopes: ['bare', ...SYSLOG],
    tags: ['tcpdump'],
    kernelOnly: false,
    message: tcpdumpMessage,
  },
  {
    name: 'filterlog',
    title: 'pfSense and OPNsense: filterlog CSV',
    envelopes: ['bare', ...SYSLOG],
    tags: ['filterlog'],
    kernelOnly: false,
    message: filterlogMessage,
  },
  {
    name: 'ipfw',
    title: 'FreeBSD ipfw with net.inet.ip.fw.verbose=1',
    envelopes: ['bare', ...SYSLOG],
    tags: ['kernel'],
    kernelOnly: true,
    message: ipfwMessage,
  },
  {
    name: 'ulogd',
    title: 'ulogd2: LOGEMU and JSON',
    envelopes: ['bare'],
    tags: undefined,
    kernelOnly: false,
    message: ulogdMessage,
  },
  {
    name: 'clf',
    title: 'Common and combined log format: nginx, Apache, lighttpd, with or without a host in front',
    envelopes: ['bare', ...SYSLOG, ...JOURNAL],
    tags: ['nginx', 'apache2', 'httpd', 'apache', 'lighttpd'],
    kernelOnly: false,
    message: clfMessage,
  },
  {
    name: 'openbsd-httpd',
    title: 'OpenBSD httpd(8): common, combined, forwarded',
    envelopes: ['bare', ...SYSLOG],
    tags: ['httpd'],
    kernelOnly: false,
    message: openbsdHttpdMessage,
  },
  {
    name: 'caddy',
    title: "Caddy's JSON access log",
    envelopes: ['bare', ...SYSLOG, ...JOURNAL],
    tags: ['caddy'],
    kernelOnly: false,
    message: caddyMessage,
  },
  {
    name: 'gmid',
    title: 'gmid (Gemini): legacy, condensed, common, combined',
    envelopes: ['bare', ...SYSLOG, ...JOURNAL],
    tags: ['gmid'],
    kernelOnly: false,
    message: gmidMessage,
  },
  {
    name: 'agate',
    title: 'agate (Gemini), run with --log-ip',
    envelopes: ['bare', ...SYSLOG, ...JOURNAL],
    tags: ['agate'],
    kernelOnly: false,
    message: agateMessage,
  },
  {
    name: 'molly-brown',
    title: 'Molly Brown (Gemini)',
    envelopes: ['bare'],
    tags: undefined,
    kernelOnly: false,
    message: mollyBrownMessage,
  },
  {
    name: 'jetforce',
    title: 'jetforce (Gemini)',
    envelopes: ['bare', ...SYSLOG, ...JOURNAL],
    tags: ['jetforce'],
    kernelOnly: false,
    message: jetforceMessage,
  },
]

export function findDialect(name: string): Dialect | undefined {
  return DIALECTS.find((dialect) => dialect.name === name)
}

/** Reads one line of that dialect: the event it shows, or the reason why it shows none. Never throws. */
export function parseLine(dialect: Dialect, text: string, context: ParseContext): Outcome {
  if (text.length > MAX_LINE_BYTES) return 'too-long'
  let reason: Outcome = 'not-this-dialect'
  for (const name of dialect.envelopes) {
    const outcome = parseIn(dialect, name, text, context)
    if (typeof outcome !== 'string') return outcome
    if (reason === 'not-this-dialect') reason = outcome
  }
  return reason
}

/** The same of a line that lies in a buffer, its first byte at `at`. */
export function parseBytes(dialect: Dialect, line: Line, at: number, context: ParseContext): Outcome {
  return dialect.quick?.(line, at, context) ?? parseLine(dialect, textAt(line.bytes, at, line.end), context)
}

function parseIn(dialect: Dialect, name: keyof typeof ENVELOPES, text: string, context: ParseContext): Outcome {
  const { mayOpen, open } = ENVELOPES[name]
  const envelope = mayOpen(text) ? open(text) : undefined
  if (envelope === undefined) return 'not-this-dialect'
  if (typeof envelope === 'string') return envelope
  if (name !== 'bare' && dialect.tags && !dialect.tags.includes(envelope.tag ?? '')) return 'other-program'
  if (dialect.kernelOnly && !envelope.fromKernel) return 'not-from-kernel'
  const outcome = dialect.message(envelope.text, envelope.at, envelope.stamp, context)
  const isSpan = envelope.stamp.kind === 'since-previous'
  return typeof outcome === 'string' && isSpan ? { stamp: envelope.stamp, reason: outcome } : outcome
}
