/**
 * Lines travel as text of one character a byte (latin1), so that nothing is lost and offsets are bytes.
 * What is shown or compared is decoded first.
 */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The UTF-8 text that those bytes spell, or undefined if they are not UTF-8. */
export function decodeUtf8(bytes: string): string | undefined {
  if (!/[\u0080-\u00ff]/.test(bytes)) return bytes
  try {
    return decoder.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return undefined
  }
}

/** The UTF-8 bytes of that text, one character each. */
export function encodeUtf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** C0 controls and DEL: in bytes of UTF-8 these stand for nothing else. */
export function hasControls(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(text)
}

/** The JSON object on the line, or undefined. The line must begin with `{`. */
export function readJsonObject(bytes: string): Record<string, unknown> | undefined {
  if (bytes.charCodeAt(0) !== 123) return undefined
  const text = decodeUtf8(bytes)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}
