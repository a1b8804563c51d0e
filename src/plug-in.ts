import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'
import { findDialect } from '../parsers/dialects.ts'
import { ENVELOPES } from '../parsers/envelopes/index.ts'
import type { Dialect } from '../parsers/parser.ts'
import { KnocktailError, reasonOf } from './error.ts'
import { requireOwn } from './ownership.ts'
import { printable, quoted } from './printable.ts'

type EnvelopeName = keyof typeof ENVELOPES

const PLUG_IN = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/)),
  title: v.string(),
  envelopes: v.pipe(v.array(v.picklist(Object.keys(ENVELOPES) as EnvelopeName[])), v.minLength(1)),
  tags: v.optional(v.array(v.string())),
  kernelOnly: v.optional(v.boolean(), false),
  message: v.custom<Dialect['message']>((value) => typeof value === 'function'),
})

/**
 * The dialect of that name, or the one that a module at that absolute path exports as its default: the contract is `Dialect` of the
 * package's types. Throws a KnocktailError.
 */
export async function loadDialect(parser: string): Promise<Dialect> {
  const known = findDialect(parser)
  if (known) return known
  if (!isAbsolute(parser)) throw new KnocktailError('usage', `there is no parser ${quoted(parser)}: knocktail parsers lists them`)
  // It is code that runs with our rights.
  requireOwn(parser)
  const read = v.safeParse(PLUG_IN, await importDefault(parser))
  if (read.success) return { ...read.output, tags: read.output.tags }
  throw new KnocktailError('config', `${printable(parser)} is no parser: ${v.getDotPath(read.issues[0]) ?? 'its default export'}: ${read.issues[0].message}`)
}

async function importDefault(path: string): Promise<unknown> {
  try {
    return ((await import(pathToFileURL(path).href)) as { default?: unknown }).default
  } catch (error) {
    throw new KnocktailError('config', `${printable(path)} cannot be loaded: ${reasonOf(error)}`)
  }
}
