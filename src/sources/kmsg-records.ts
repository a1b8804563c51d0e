const COMMA = 44
const SEMICOLON = 59

/** Where a number of a record's header stands. */
export interface RecordHead {
  readonly seq: number
  /** Microseconds of the kernel's local_clock. */
  readonly stamp: number
}

/**
 * Sequence number and stamp of `PRIO,SEQ,USEC,FLAGS;TEXT` (Documentation/ABI/testing/dev-kmsg); undefined for what belongs to the
 * record before: continuation lines begin with a blank.
 */
export function readRecordHead(line: string): RecordHead | undefined {
  const first = line.indexOf(',')
  if (first < 1 || first > 4) return undefined
  const second = line.indexOf(',', first + 1)
  const seq = digits(line, first + 1, second)
  const stamp = digits(line, second + 1, endOfNumber(line, second + 1))
  return seq < 0 || stamp < 0 ? undefined : { seq, stamp }
}

function endOfNumber(line: string, at: number): number {
  for (let end = at; end < at + 20; end++) {
    const code = line.charCodeAt(end)
    if (code === COMMA || code === SEMICOLON) return end
  }
  return at
}

/** -1 if there is no number there. */
function digits(line: string, at: number, end: number): number {
  if (end <= at || end - at > 16) return -1
  let value = 0
  for (; at < end; at++) {
    const digit = line.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/** Text as /dev/kmsg shows it: bytes below a blank, from DEL on, and the backslash as \xNN. */
export function kmsgEscaped(bytes: string): string {
  // oxlint-disable-next-line no-control-regex
  return bytes.replace(/[\u0000-\u001f\u007f-\u00ff\\]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
