import { parseAddress } from './address.ts'
import type { Outcome } from './parser.ts'
import { geminiRequest } from './request.ts'
import { matchAt, readIsoStamp } from './stamps.ts'

/** IPv6 keeps the brackets of Go's net.Addr, only the port is cut off. */
const ENTRY = /\t(?:\[([^\]\t]+)\]|([^\t]+))\t(\d\d)\t([^\t]+)$/y

/**
 * Molly Brown (logging.go, writeLogEntry): TIME, ADDR, STATUS and URL with tabs between them. The URL is last, and
 * Go's url.URL has escaped it; it is `-` if there was none.
 */
export function mollyBrownMessage(text: string, at: number): Outcome {
  const time = readIsoStamp(text, at)
  if (time === undefined || time === 'bad-time') return time ?? 'not-this-dialect'
  const entry = matchAt(ENTRY, text, time.end)
  if (!entry) return 'not-this-dialect'
  const src = parseAddress((entry[1] ?? entry[2])!)
  if (src === undefined) return 'bad-address'
  const fields = geminiRequest(src, entry[4]!, entry[3]!)
  return typeof fields === 'string' ? fields : { stamp: time.stamp, fields }
}
