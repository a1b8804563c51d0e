import { findDialect } from '../../parsers/dialects.ts'
import { encodeUtf8 } from '../../parsers/text.ts'
import type { Dialect, ParseContext } from '../../parsers/parser.ts'
import { DEFAULT_CONTEXT } from '../../parsers/parser.ts'
import { parseZone, UTC, type Zone } from '../../parsers/zone.ts'
import type { SourceConfig } from '../config/config.ts'
import { quoted } from '../printable.ts'
import { kmsgEscaped } from './kmsg-records.ts'

/** The envelope that a source's lines wear, where they all wear the same: the text of a record is never taken for another one. */
const ENVELOPE = { kmsg: 'kmsg', journald: 'journal', file: undefined, command: undefined, stdin: undefined } as const

/** The dialect in which a source's lines are read; or why they cannot be. `given` is one that no table has. */
export function dialectOf({ follow, parser }: SourceConfig, given: Dialect | undefined): Dialect | { readonly why: string } {
  const envelope = ENVELOPE[follow.kind]
  const name = parser ?? (envelope === undefined ? undefined : 'kernel')
  const dialect = given ?? (name === undefined ? undefined : findDialect(name))
  if (dialect === undefined) return { why: name === undefined ? 'it has no parser: set parser to the format of its lines' : `there is no parser ${quoted(name)}` }
  if (envelope === undefined) return dialect
  if (!dialect.envelopes.includes(envelope)) return { why: `${dialect.name} lines are not read from ${follow.kind}` }
  return { ...dialect, envelopes: [envelope], quick: undefined }
}

/** The configured prefix, as the source's lines show it. */
export function parseContextOf({ follow, prefix }: SourceConfig): ParseContext {
  if (prefix === undefined) return DEFAULT_CONTEXT
  const bytes = encodeUtf8(prefix)
  return { ...DEFAULT_CONTEXT, prefix: follow.kind === 'kmsg' ? kmsgEscaped(bytes) : bytes }
}

/** Whose wall clock stamps without a zone show: the configured one's, or else this machine's. */
export function zoneOf({ timezone }: SourceConfig): Zone {
  return timezone === undefined ? machineZone() : (parseZone(timezone) ?? UTC)
}

/** Looked up only when a stamp needs it, as few do: what Node reads for that takes more memory than all code of ours. */
function machineZone(): Zone {
  let zone: Zone | undefined
  const known = (): Zone => (zone ??= parseZone(new Intl.DateTimeFormat().resolvedOptions().timeZone) ?? UTC)
  return {
    get name() {
      return known().name
    },
    offsetAt: (time) => known().offsetAt(time),
  }
}
