import { readSyslogStamp } from '../stamps.ts'
import { openHostTag, readPriority } from './host-tag.ts'
import type { Opened } from './envelope.ts'

/**
 * `[<PRI>]Nov 20 23:36:56[.516506] HOST TAG[PID]: message` (RFC 3164, section 4.1): traditional syslog files,
 * `journalctl -o short` and `short-precise`, and what journald forwards, which has no host.
 */
export function openRfc3164(text: string): Opened {
  const priority = readPriority(text)
  const read = readSyslogStamp(text, priority?.end ?? 0)
  if (read === undefined || read === 'bad-time') return read
  if (text.charCodeAt(read.end) !== 32) return undefined
  return openHostTag(text, read.end + 1, read.stamp, priority?.kernel ?? true)
}
