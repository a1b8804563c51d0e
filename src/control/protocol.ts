import { reasonOf } from '../error.ts'
import { jsonLine } from '../json-line.ts'
import { quoted } from '../printable.ts'
import type { Controlled } from './controlled.ts'
import { isVerb, VERBS, type Right } from './verbs.ts'

/**
 * One request and one reply a connection, each a JSON object on a line. A request names its verb and what the verb takes; a reply is
 * `{"ok":true, ...}` or `{"ok":false,"why":"..."}`.
 */
export const LONGEST_REQUEST = 4096

/** Does what a line asks for, as far as whoever sent it has the right to. Never rejects. */
export async function answer(line: string, right: Right, controlled: Controlled): Promise<string> {
  return `${jsonLine(await perform(line, right, controlled))}\n`
}

export function refusal(why: string): string {
  return `${jsonLine({ ok: false, why })}\n`
}

async function perform(line: string, right: Right, controlled: Controlled): Promise<Readonly<Record<string, unknown>>> {
  const request = parseObject(line)
  if (request === undefined) return { ok: false, why: 'that is no JSON object on one line' }
  const { verb: name, ...rest } = request
  if (typeof name !== 'string' || !isVerb(name)) return { ok: false, why: `there is no verb ${quoted(String(name))}: ${Object.keys(VERBS).join(', ')}` }
  const verb = VERBS[name]
  if (verb.right === 'change' && right === 'look') return { ok: false, why: `${name} is not asked for here, but at the socket that only root may use` }
  try {
    return await verb.run(controlled, rest)
  } catch (error) {
    return { ok: false, why: reasonOf(error) }
  }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
