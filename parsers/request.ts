import type { Address } from './address.ts'
import type { Request } from './event.ts'
import type { Reason } from './reason.ts'
import { decodeUtf8 } from './text.ts'

/** What a log shows of a request; all of it but `src` and `status` is the client's own text. */
type Shown = Omit<Request, 'kind'>

const METHOD = /^[A-Z_-]{1,32}$/
/** C0, DEL and C1: nothing that a terminal obeys becomes part of an event. */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/

/** A request whose path is decoded text, or why it is none. */
export function request({ proto, src, method, path, status }: Shown): Request | Reason {
  if (CONTROLS.test(path)) return 'control-characters'
  if (!METHOD.test(method) || path === '' || path.includes(' ')) return 'malformed-request'
  return { kind: 'request', proto, src, method, path, status }
}

/** A request whose path is still one character a byte. */
export function requestOfBytes(shown: Shown): Request | Reason {
  const path = decodeUtf8(shown.path)
  return path === undefined ? 'not-utf8' : request({ ...shown, path })
}

const AUTHORITY = /^gemini:\/\/[^/?#"\s]+/i

/** A Gemini request by the URL that was asked for: it has no method, so it is a GET. Statuses are two digits. */
export function geminiRequest(src: Address, url: string, status: string): Request | Reason {
  const authority = AUTHORITY.exec(url)
  if (authority === null) return 'malformed-request'
  const rest = url.slice(authority[0].length)
  if (rest.startsWith('#')) return 'malformed-request'
  const path = rest.startsWith('/') ? rest : `/${rest}`
  return requestOfBytes({ proto: 'gemini', src, method: 'GET', path, status: Number(status) })
}
