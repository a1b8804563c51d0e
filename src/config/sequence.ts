import { stepKey, type FixedStep, type PortStep, type RequestStep, type Step } from '../../rules/rule.ts'
import { quoted } from '../printable.ts'
import type { Read } from './read.ts'
import { readPort } from './values.ts'

/** As in knockd, which has room for as many. */
const MOST_STEPS = 32

/** Upper case only: a client sends `GET`, never `get`. */
const REQUEST = /^([A-Z][A-Z-]{0,31}) +(\S+)$/

/** Kinds of knocks that prove a secret, as they stand in a sequence. */
const SECRET_WORDS = ['totp', 'hmac', 'token', 'one-time'] as const

/** A sequence as a rule has it: fixed steps, and what each user must add. */
export interface WrittenSequence {
  readonly steps: readonly FixedStep[]
  readonly secret: (typeof SECRET_WORDS)[number] | undefined
}

/** `7000, 8000:udp`, `7412, 31877, totp`, `hmac`: with a word for what proves a secret as the last. */
export function withSecret(read: (text: string) => Read<FixedStep[]>): (text: string) => Read<WrittenSequence> {
  return (text) => {
    const comma = text.lastIndexOf(',')
    const word = text.slice(comma + 1).trim()
    const secret = SECRET_WORDS.find((known) => known === word)
    if (secret === undefined) return withoutSecret(read(text))
    if (comma < 0) return { value: { steps: [], secret } }
    if (secret !== 'totp') return { fault: `${quoted(text)}: ${secret} stands alone, since it needs no fixed steps` }
    const prefix = read(text.slice(0, comma))
    return 'fault' in prefix ? prefix : { value: { steps: prefix.value, secret } }
  }
}

function withoutSecret(read: Read<FixedStep[]>): Read<WrittenSequence> {
  return 'fault' in read ? read : { value: { steps: read.value, secret: undefined } }
}

/** `7000, 8000:udp, GET /some/path`: ports (TCP unless said) and requests, separated by commas. */
export function readSequence(text: string): Read<FixedStep[]> {
  return readSteps(text, /^(\d+)(?:\s*[:/]\s*(tcp|udp))?$/)
}

/** In any case and with leading zeros, as knockd reads ports; what its atoi would misread is refused. */
export function readKnockdSequence(text: string): Read<FixedStep[]> {
  return readSteps(text, /^\+?0*([1-9]\d*)(?:\s*:\s*(tcp|udp))?$/i)
}

/** How a sequence is written in a configuration. */
export function formatSequence(steps: readonly Step[]): string {
  return steps.map(formatStep).join(', ')
}

export function formatStep(step: Step): string {
  if (step.kind !== 'port') return stepKey(step)
  return step.proto === 'tcp' ? `${step.port}` : `${step.port}:${step.proto}`
}

function readSteps(text: string, portPattern: RegExp): Read<FixedStep[]> {
  const elements = text.split(',').map((element) => element.trim())
  if (elements.length > MOST_STEPS) return { fault: `has ${elements.length} steps: at most ${MOST_STEPS} are possible` }
  const steps: FixedStep[] = []
  for (const element of elements) {
    const step = /^[a-z][a-z-]*\s/i.test(element) ? readRequest(element) : readPortStep(element, portPattern)
    if ('fault' in step) return step
    steps.push(step.value)
  }
  return { value: steps }
}

function readPortStep(element: string, pattern: RegExp): Read<PortStep> {
  if (element === '') return { fault: 'has an empty step: there is a comma too many' }
  const [, number = '', proto = 'tcp'] = pattern.exec(element) ?? []
  const port = readPort(number)
  if (port !== undefined) return { value: { kind: 'port', proto: proto.toLowerCase() as PortStep['proto'], port } }
  const advice = 'write a port from 1 to 65535 as 7000 or 8000:udp, a request as GET /path, or at the end totp'
  return { fault: `${quoted(element)} is no step: ${advice}` }
}

function readRequest(element: string): Read<RequestStep> {
  const [, method, path] = REQUEST.exec(element) ?? []
  if (method === undefined || path === undefined) {
    const advice = 'write the method in capitals, one blank, and a path without blanks, as GET /path'
    return { fault: `${quoted(element)} is no request: ${advice}` }
  }
  const sent = readRequestPath(path)
  return 'fault' in sent ? sent : { value: { kind: 'request', method, path: sent.value } }
}

/** A path as a client sends it. */
export function readRequestPath(path: string): Read<string> {
  if (/^\/[!-~]*$/.test(path) && !path.includes('#')) return { value: path }
  return { fault: `${quoted(path)} is no path as a client sends it: begin it with /, percent-encode what is not plain ASCII, leave out any #` }
}
