import * as v from 'valibot'
import { parseAddress, type Address } from '../../parsers/address.ts'
import { DAY, MILLISECOND, type Micros } from '../../parsers/time.ts'
import { quoted } from '../printable.ts'
import type { Controlled } from './controlled.ts'

/** `look`: by both sockets; `change`: only by root's. */
export type Right = 'look' | 'change'

interface Verb {
  readonly right: Right
  /** Answers a record, or why the request is none. */
  readonly run: (controlled: Controlled, request: unknown) => Promise<Readonly<Record<string, unknown>>>
}

const ADDRESS = v.pipe(v.string(), v.maxLength(64), v.rawTransform<string, Address>(({ dataset, addIssue, NEVER }) => {
  const address = parseAddress(dataset.value)
  if (address !== undefined) return address
  addIssue({ message: `${quoted(dataset.value)} is no address` })
  return NEVER
}))
const NAME = v.pipe(v.string(), v.minLength(1), v.maxLength(200))
const FOR = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue((366 * DAY) / MILLISECOND), v.transform((ms) => (ms * MILLISECOND) as Micros))
const RULE = { rule: v.optional(NAME) }

/** All that can be asked of a daemon: `{"verb":"open","address":"192.0.2.7","rule":"ssh","forMs":60000}`. */
export const VERBS = {
  status: verb('look', {}, async (controlled) => ({ ok: true, status: controlled.status() })),
  list: verb('look', {}, async (controlled) => ({ ok: true, list: controlled.list() })),
  story: verb('look', { address: ADDRESS }, async (controlled, { address }) => ({ ok: true, story: controlled.story(address) })),
  open: verb('change', { address: ADDRESS, rule: NAME, user: v.optional(NAME), forMs: v.optional(FOR) },
    (controlled, { address, rule, user, forMs }) => controlled.open({ address, rule, user, openFor: forMs })),
  close: verb('change', { address: ADDRESS, ...RULE }, (controlled, { address, rule }) => controlled.close(address, rule)),
  'close-all': verb('change', {}, (controlled) => controlled.closeAll()),
  pause: verb('change', RULE, (controlled, { rule }) => controlled.pause(rule)),
  resume: verb('change', RULE, (controlled, { rule }) => controlled.resume(rule)),
  reload: verb('change', { force: v.optional(v.boolean(), false) }, (controlled, { force }) => controlled.reload(force)),
  reconcile: verb('change', {}, (controlled) => controlled.reconcile()),
} as const satisfies Readonly<Record<string, Verb>>

export type VerbName = keyof typeof VERBS

export function isVerb(name: string): name is VerbName {
  return Object.hasOwn(VERBS, name)
}

function verb<E extends v.ObjectEntries>(
  right: Right, takes: E, run: (controlled: Controlled, values: v.InferOutput<v.StrictObjectSchema<E, undefined>>) => Promise<object>,
): Verb {
  const schema = v.strictObject(takes)
  return {
    right,
    run: async (controlled, request) => {
      const read = v.safeParse(schema, request)
      if (read.success) return { ...await run(controlled, read.output) }
      const [issue] = read.issues
      return { ok: false, why: `${v.getDotPath(issue) ?? 'the request'}: ${issue.message}` }
    },
  }
}
