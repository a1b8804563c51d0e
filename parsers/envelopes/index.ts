import { NO_STAMP } from '../time.ts'
import type { Opened } from './envelope.ts'
import { openIso } from './iso.ts'
import { openJournalJson, openJournalText } from './journal.ts'
import { openKmsg } from './kmsg.ts'
import { openPrintk } from './printk.ts'
import { openRfc3164 } from './rfc3164.ts'
import { openRfc5424 } from './rfc5424.ts'

interface Opener {
  /** Whether the line may be of this kind, by one character and at no cost: most lines are of one kind. */
  readonly mayOpen: (text: string) => boolean
  readonly open: (text: string) => Opened
}

const openBare = (text: string): Opened => ({ stamp: NO_STAMP, tag: undefined, fromKernel: true, text, at: 0 })

/** Every envelope by the name that the dialects' table uses; `bare` is a line without one. */
export const ENVELOPES = {
  bare: { mayOpen: () => true, open: openBare },
  kmsg: { mayOpen: (text) => isDigit(text, 0) && text.charAt(4) !== '-', open: openKmsg },
  printk: { mayOpen: (text) => !isDigit(text, 0) || text.charAt(19) === ',', open: openPrintk },
  rfc3164: { mayOpen: (text) => !isDigit(text, 0), open: openRfc3164 },
  iso: { mayOpen: (text) => text.charAt(4) === '-', open: openIso },
  rfc5424: { mayOpen: (text) => text.charAt(0) === '<', open: openRfc5424 },
  journal: { mayOpen: (text) => text.charAt(0) === '{', open: openJournalJson },
  'journal-text': { mayOpen: (text) => text.charAt(4) !== '-', open: openJournalText },
} as const satisfies Record<string, Opener>

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}

export type EnvelopeName = keyof typeof ENVELOPES

/** All that syslog daemons write into files. */
export const SYSLOG: readonly EnvelopeName[] = ['rfc3164', 'iso', 'rfc5424']

/** journalctl's JSON, and its text forms that no syslog file has. */
export const JOURNAL: readonly EnvelopeName[] = ['journal', 'journal-text']
