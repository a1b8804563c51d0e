import { matchAt, readIsoStamp } from '../stamps.ts'
import { NO_STAMP } from '../time.ts'
import { isKernelPriority, type Opened } from './envelope.ts'
import { REPEATED_TEXT } from './host-tag.ts'

const HEADER = /<(\d{1,3})>1 (-|\S{1,40}) \S{1,255} (\S{1,48}) (\S{1,128}) \S{1,32} /y
/** SD-ELEMENT with its quoted values: `"`, `\` and `]` are escaped inside them (RFC 5424, section 6.3). */
const STRUCTURED_DATA = /(?:-|(?:\[[^\s\]"=]{1,32}(?: [^\s\]"=]{1,32}="(?:[^"\\\]]|\\.)*")*\])+)(?: |$)/y

/**
 * `<PRI>1 STAMP HOST APP PROCID MSGID SD message` (RFC 5424, section 6). rsyslog keeps the blank that followed
 * a tag which came through the socket: a kernel message has none.
 */
export function openRfc5424(text: string): Opened {
  const header = matchAt(HEADER, text, 0)
  if (!header) return undefined
  const afterHeader = HEADER.lastIndex
  const [, priority, stamp, app, pid] = header
  const read = stamp === '-' ? { stamp: NO_STAMP } : readIsoStamp(stamp!, 0)
  if (read === undefined || read === 'bad-time' || ('end' in read && read.end !== stamp!.length)) return 'bad-time'
  if (!matchAt(STRUCTURED_DATA, text, afterHeader)) return 'not-this-dialect'
  const at = STRUCTURED_DATA.lastIndex
  const cameThroughSocket = text.charCodeAt(at) === 32
  if (matchAt(REPEATED_TEXT, text, cameThroughSocket ? at + 1 : at)) return 'repeat-notice'
  const fromKernel = isKernelPriority(Number(priority)) && pid === '-' && !cameThroughSocket
  return { stamp: read.stamp, tag: app === '-' ? undefined : app, fromKernel, text, at }
}
