import { readIsoStamp } from '../stamps.ts'
import { openHostTag } from './host-tag.ts'
import type { Opened } from './envelope.ts'

/** `2026-11-20T23:37:59.921334+00:00 HOST TAG[PID]: message`: rsyslog's own format, `journalctl -o short-iso`. */
export function openIso(text: string): Opened {
  const read = readIsoStamp(text, 0)
  if (read === undefined || read === 'bad-time') return read
  if (text.charCodeAt(read.end) !== 32) return undefined
  return openHostTag(text, read.end + 1, read.stamp, true)
}
