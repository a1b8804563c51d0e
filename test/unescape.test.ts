import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { unescapeClf, unescapeRust } from '../parsers/unescape.ts'

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'))
const hex = (byte: string): string => byte.charCodeAt(0).toString(16).padStart(2, '0')

/** ngx_http_log_escape. */
const nginx = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f"\\\u007f-\u00ff]/g, (byte) => `\\x${hex(byte).toUpperCase()}`)

const LETTERS: Record<string, string> = { '\b': 'b', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v', '"': '"', '\\': '\\' }
/** ap_escape_logitem. */
const apache = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f"\\\u007f-\u00ff]/g, (byte) => `\\${LETTERS[byte] ?? `x${hex(byte)}`}`)

/** str::escape_default. */
const escapeDefault = (text: string): string => [...text].map((char) =>
  /[ -~]/.test(char) ? char.replace(/["'\\]/, '\\$&') : `\\u{${char.codePointAt(0)!.toString(16)}}`).join('')

it('undoes what nginx and Apache print, once', () => {
  fc.assert(fc.property(bytes, (text) => {
    expect(unescapeClf(nginx(text))).toBe(text)
    expect(unescapeClf(apache(text))).toBe(text)
    expect(unescapeClf(nginx(nginx(text)))).toBe(nginx(text))
  }))
})

it('undoes what Rust prints, into UTF-8', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    expect(unescapeRust(escapeDefault(text))).toBe(Buffer.from(text, 'utf8').toString('latin1'))
  }))
})

it.each(['\\', 'a\\', '\\x', '\\x4', '\\xg0', '\\q', '\\u{41}', '\\\\\\'])('CLF has no escape %s', (text) => {
  expect(unescapeClf(text)).toBeUndefined()
})

it.each(['\\', '\\x41', '\\u', '\\u{}', '\\u{1234567}', '\\u{dfff}', '\\b'])('Rust has no escape %s', (text) => {
  expect(unescapeRust(text)).toBeUndefined()
})
