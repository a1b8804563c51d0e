import { NO_STAMP } from '../time.ts'
import type { Opened } from './envelope.ts'
import { openIso } from './iso.ts'
import { openJournalJson, openJournalText } from './journal.ts'
import { openKmsg } from './kmsg.ts'
import { openPrintk } from './printk.ts'
import { openRfc3164 } from './rfc3164.ts'
import { openRfc5424 } from './rfc5424.ts'

/** Every envelope by the name that the dialects' table uses; `bare` is a line without one. */
export const ENVELOPES = {
  bare: (text: string): Opened => ({ stamp: NO_STAMP, tag: undefined, fromKernel: true, text, at: 0 }),
  kmsg: openKmsg,
  printk: openPrintk,
  rfc3164: openRfc3164,
  iso: openIso,
  rfc5424: openRfc5424,
  journal: openJournalJson,
  'journal-text': openJournalText,
} as const

export type EnvelopeName = keyof typeof ENVELOPES

/** All that syslog daemons write into files. */
export const SYSLOG: readonly EnvelopeName[] = ['rfc3164', 'iso', 'rfc5424']

/** journalctl's JSON, and its text forms that no syslog file has. */
export const JOURNAL: readonly EnvelopeName[] = ['journal', 'journal-text']
