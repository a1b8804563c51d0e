/** Escapes that a logger prints, undone once. What the logger never prints makes the whole text undefined. */
interface Escaping {
  /** One escape, its code behind the backslash captured; it must match at every backslash. */
  readonly escape: RegExp
  readonly bytes: (code: string) => string | undefined
}

const SINGLE: Readonly<Record<string, string>> = {
  '"': '"', '\\': '\\', a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
}

/**
 * `\xHH` for what is not printable: nginx in upper case (ngx_http_log_escape), Apache in lower case
 * (server/util.c, ap_escape_logitem), lighttpd. The latter two also print `\"`, `\\` and C's letters.
 */
const CLF: Escaping = {
  escape: /\\(x[0-9a-fA-F]{2}|[^]|$)/g,
  bytes: (code) => (code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : SINGLE[code]),
}

const RUST_SINGLE: Readonly<Record<string, string>> = {
  '"': '"', "'": "'", '\\': '\\', n: '\n', r: '\r', t: '\t',
}

/** Rust's str::escape_default: everything but printable ASCII is `\u{HEX}`, a code point and not a byte. */
const RUST: Escaping = {
  escape: /\\(u\{[0-9a-f]{1,6}\}|[^]|$)/g,
  bytes: (code) => (code.length > 1 ? utf8Bytes(Number.parseInt(code.slice(2, -1), 16)) : RUST_SINGLE[code]),
}

export function unescapeClf(text: string): string | undefined {
  return unescape(text, CLF)
}

export function unescapeRust(text: string): string | undefined {
  return unescape(text, RUST)
}

function unescape(text: string, { escape, bytes }: Escaping): string | undefined {
  if (!text.includes('\\')) return text
  let valid = true
  const plain = text.replace(escape, (_all, code: string) => {
    const unescaped = bytes(code)
    valid &&= unescaped !== undefined
    return unescaped ?? ''
  })
  return valid ? plain : undefined
}

/** A char of Rust is never a surrogate. */
function utf8Bytes(point: number): string | undefined {
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined
  return Buffer.from(String.fromCodePoint(point), 'utf8').toString('latin1')
}
