import { parseAddress, type Address } from '../../parsers/address.ts'
import type { Port } from '../../parsers/event.ts'
import type { Read } from '../config/read.ts'
import { readPort } from '../config/values.ts'
import { quoted } from '../printable.ts'
import type { Origin, Trust } from './profile.ts'

export function readOnePort(text: string): Read<Port> {
  const value = readPort(text)
  return value === undefined ? { fault: `${quoted(text)} is no port from 1 to 65535` } : { value }
}

export function readAddress(text: string): Read<Address> {
  const value = parseAddress(text)
  return value === undefined ? { fault: `${quoted(text)} is no address: write 192.0.2.7 or 2001:db8::7` } : { value }
}

const ORIGIN_ADVICE = 'write https://HOST, http://HOST or gemini://HOST, with :PORT if it is another than usual'

const USUAL_PORT: Readonly<Record<Origin['scheme'], number>> = { https: 443, http: 80, gemini: 1965 }

/** As RFC 6454 has it: scheme, host and port, and no path. */
export function readOrigin(text: string): Read<Origin> {
  const [, scheme, rest = ''] = /^(https|http|gemini):\/\/([\w.:[\]-]+)\/?$/.exec(text) ?? []
  // What URL knows of a scheme that it does not know is little: all are read as https.
  const url = scheme === undefined || !URL.canParse(`https://${rest}`) ? undefined : new URL(`https://${rest}`)
  if (url === undefined) return { fault: `${quoted(text)} is no origin: ${ORIGIN_ADVICE}` }
  const usual = USUAL_PORT[scheme as Origin['scheme']]
  // URL leaves out 443, also where it is not the usual one.
  const port = rest.endsWith(':443') ? 443 : url.port === '' ? usual : Number(url.port)
  return { value: { scheme: scheme as Origin['scheme'], host: url.hostname.replace(/^\[|\]$/g, ''), port } }
}

export function usualOrigin(host: string): Origin {
  return { scheme: 'https', host, port: USUAL_PORT.https }
}

/** `any`, or the fingerprint as `openssl x509 -fingerprint -sha256` prints it. */
export function readTrust(text: string): Read<Trust> {
  if (text === 'authorities' || text === 'any') return { value: { kind: text } }
  const sha256 = /^sha256:([0-9a-f:]+)$/i.exec(text)?.[1]?.replaceAll(':', '').toLowerCase()
  if (sha256?.length === 64) return { value: { kind: 'pinned', sha256 } }
  return { fault: `${quoted(text)} is none of authorities, any, and sha256: with the certificate's fingerprint in 64 hexadecimal digits` }
}

export function readHostName(text: string): Read<string> {
  return /^[\w.:%-]{1,253}$/.test(text) ? { value: text } : { fault: `${quoted(text)} is neither a host's name nor an address` }
}
