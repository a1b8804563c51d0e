import { parseAddress } from '../../parsers/address.ts'
import { unquote, type Reply, type Request } from '../wire.ts'

const REPLY = /^(\d{1,15}|-) (\w+)(?: (.*))?$/
const MARKS = ['ours', 'foreign', 'unmarked'] as const

/** A request as its line, with the line break. */
export function formatRequest(request: Request): string {
  const { id, verb, target, address, seconds, entry } = { target: undefined, address: undefined, seconds: undefined, entry: undefined, ...request }
  return `${[id, verb, target, address, seconds, entry].filter((word) => word !== undefined).join(' ')}\n`
}

/** What the helper says in one line; undefined if it is none of its words. */
export function parseReply(line: string): Reply | undefined {
  const [, id, kind, rest = ''] = REPLY.exec(line) ?? []
  if (kind === undefined) return undefined
  return id === '-' ? parseUnasked(kind, rest) : parseAnswer(Number(id), kind, rest)
}

function parseUnasked(kind: string, rest: string): Reply | undefined {
  if (kind === 'ready' && /^\d{1,15}$/.test(rest)) return { kind, count: Number(rest) }
  if (kind === 'changed') return { kind, firewall: rest }
  const text = kind === 'note' ? unquote(rest) : undefined
  return text === undefined ? undefined : { kind: 'note', text }
}

function parseAnswer(id: number, kind: string, rest: string): Reply | undefined {
  if (kind === 'done' || kind === 'foreign') return rest === '' ? { id, kind } : undefined
  if (kind === 'entry') return parseEntry(id, rest.split(' '))
  if (kind === 'finding') return parseFinding(id, rest)
  const why = kind === 'failed' || kind === 'unserved' ? unquote(rest) : undefined
  return why === undefined || (kind !== 'failed' && kind !== 'unserved') ? undefined : { id, kind, why }
}

function parseEntry(id: number, [text = '', seconds = '', word, ...more]: readonly string[]): Reply | undefined {
  const address = parseAddress(text)
  const mark = MARKS.find((known) => known === word)
  if (address === undefined || mark === undefined || more.length > 0 || !/^(?:\d{1,12}|-)$/.test(seconds)) return undefined
  return { id, kind: 'entry', address, seconds: seconds === '-' ? undefined : Number(seconds), mark }
}

function parseFinding(id: number, rest: string): Reply | undefined {
  const [, severity, quoted = ''] = /^(error|warning) (.*)$/.exec(rest) ?? []
  const message = unquote(quoted)
  if (message === undefined) return undefined
  return { id, kind: 'finding', severity: severity === 'error' ? 'error' : 'warning', message }
}
