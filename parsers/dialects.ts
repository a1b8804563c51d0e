import { ENVELOPES, SYSLOG } from './envelopes/index.ts'
import { kernelMessage } from './kernel.ts'
import type { Dialect, Outcome, ParseContext } from './parser.ts'
import { ulogdMessage } from './ulogd.ts'

/** Lines longer than this give no event, whoever wrote them. */
export const MAX_LINE_BYTES = 8192

/** Every log dialect. A new one is one file, one sample with its expectation, one entry here. */
export const DIALECTS: readonly Dialect[] = [
  {
    name: 'kernel',
    title: "Linux netfilter LOG: /dev/kmsg, dmesg, syslog files, journalctl's text and JSON",
    envelopes: ['kmsg', 'printk', 'journal', 'journal-text', ...SYSLOG],
    tags: ['kernel'],
    kernelOnly: true,
    message: kernelMessage,
  },
  {
    name: 'ulogd',
    title: 'ulogd2: LOGEMU and JSON',
    envelopes: ['bare'],
    tags: undefined,
    kernelOnly: false,
    message: ulogdMessage,
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

function parseIn(dialect: Dialect, name: keyof typeof ENVELOPES, text: string, context: ParseContext): Outcome {
  const envelope = ENVELOPES[name](text)
  if (envelope === undefined) return 'not-this-dialect'
  if (typeof envelope === 'string') return envelope
  if (name !== 'bare' && dialect.tags && !dialect.tags.includes(envelope.tag ?? '')) return 'other-program'
  if (dialect.kernelOnly && !envelope.fromKernel) return 'not-from-kernel'
  return dialect.message(envelope.text, envelope.at, envelope.stamp, context)
}
