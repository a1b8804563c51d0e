import { isAbsolute } from 'node:path'
import { DIALECT_NAMES } from '../../parsers/dialect-names.ts'
import { parseZone } from '../../parsers/zone.ts'
import type { Follow, SourceConfig } from './config.ts'
import { readPositiveDuration } from './duration.ts'
import type { Report } from './problem.ts'
import { quoted } from '../printable.ts'
import type { Read } from './read.ts'
import { key, keyOr, readSection } from './schema.ts'
import type { SectionText } from './section-text.ts'
import { didYouMean } from './suggest.ts'
import { readText, readYesNo } from './values.ts'

const KEYS = { follow: key(readFollow), parser: key(readParser), prefix: key(readText), timezone: key(readTimezone), quiet_after: key(readPositiveDuration), canary: keyOr(readYesNo, 'no') }

export function readSource(section: SectionText, report: Report): SourceConfig | undefined {
  const keys = readSection(section, KEYS, report)
  if (keys === undefined) return undefined
  const { follow, parser, prefix, timezone, canary } = keys
  if (follow === undefined) {
    report.error(section.line, `source ${section.name} follows nothing: set follow, for instance follow = kmsg`)
    return undefined
  }
  const fault = incomplete({ follow, parser, prefix }) ?? (canary ? canaryFault(parser) : undefined)
  if (fault !== undefined) {
    report.error(section.line, `source ${section.name} ${fault}`)
    return undefined
  }
  return { name: section.name, follow, parser, prefix, timezone, quietAfter: keys.quiet_after, canary, line: section.line }
}

/** A source as the command line names it. */
export function readSourceSpec(spec: { name: string; follow: string; parser: string | undefined; prefix: string | undefined }): Read<SourceConfig> {
  const follow = readFollow(spec.follow)
  if ('fault' in follow) return follow
  const parser = spec.parser === undefined ? undefined : readParser(spec.parser)
  if (parser && 'fault' in parser) return parser
  const source = { name: spec.name, follow: follow.value, parser: parser?.value, prefix: spec.prefix, timezone: undefined, quietAfter: undefined, canary: false, line: 0 }
  const fault = incomplete(source)
  return fault === undefined ? { value: source } : { fault: `${quoted(spec.follow)} ${fault.replace('set ', 'give ')}` }
}

/** What a source lacks, in words. */
function incomplete({ follow, parser, prefix }: Pick<SourceConfig, 'follow' | 'parser' | 'prefix'>): string | undefined {
  // Without it, any text that users get into the kernel log would be taken for the firewall's.
  if (isKernel(follow, parser) && prefix === undefined) {
    return 'needs a prefix: set it to what your LOG rule prints, for instance prefix = "knock: "'
  }
  return undefined
}

/** Logs in which a packet can show up. */
const OF_PACKETS: ReadonlySet<string> = new Set(['kernel', 'pflog', 'tcpdump', 'filterlog', 'ipfw', 'ulogd'])

function canaryFault(parser: string | undefined): string | undefined {
  const isOfPackets = parser === undefined || isAbsolute(parser) || OF_PACKETS.has(parser)
  return isOfPackets ? undefined : `has canary = yes, but ${parser} is no log of packets: set quiet_after instead`
}

function isKernel(follow: Follow, parser: string | undefined): boolean {
  return follow.kind === 'kmsg' || follow.kind === 'journald' || parser === 'kernel'
}

/** `kmsg`, `journald`, `stdin`, `file:PATH`, `command:CMDLINE`. */
function readFollow(text: string): Read<Follow> {
  if (text === 'kmsg' || text === 'journald' || text === 'stdin') return { value: { kind: text } }
  const [, kind, rest = ''] = /^(file|command):\s*(.*)$/.exec(text) ?? []
  if (kind === 'file' && isAbsolute(rest)) return { value: { kind, path: rest } }
  if (kind === 'command' && rest !== '') return { value: { kind, command: rest } }
  if (kind === 'file') return { fault: `${quoted(rest)} is no absolute path: begin it with /` }
  return { fault: `${quoted(text)} cannot be followed: write kmsg, journald, stdin, file:/PATH or command:CMDLINE` }
}

function readParser(text: string): Read<string> {
  const names: readonly string[] = DIALECT_NAMES
  if (isAbsolute(text) || names.includes(text)) return { value: text }
  const choice = `there are ${names.join(', ')}, or the absolute path of your own`
  return { fault: `${quoted(text)} is no parser${didYouMean(text, names)}; ${choice}` }
}

function readTimezone(text: string): Read<string> {
  if (parseZone(text) !== undefined) return { value: text }
  const advice = 'write UTC, an IANA name such as Europe/Berlin, or an offset such as +02:00'
  return { fault: `${quoted(text)} is no time zone: ${advice}` }
}
