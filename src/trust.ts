import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { findDialect, parseLine } from '../parsers/dialects.ts'
import { DEFAULT_CONTEXT, isParsed, type Dialect } from '../parsers/parser.ts'
import type { Config, SourceConfig } from './config/config.ts'
import { KnocktailError } from './error.ts'
import { lastLines } from './log-end.ts'
import { printable } from './printable.ts'
import { otherWriters } from './writers.ts'

/** Netfilter writes what other network namespaces log into the one kernel log: any local user can make such a namespace. */
const ALL_NETNS = '/proc/sys/net/netfilter/nf_log_all_netns'

/** nginx and Apache print there what clients sent, newlines decoded. */
const ERROR_LOG = /error[._-]?log/

/** Why others can write lines into that source that look like its own, each with what mends it. None: they cannot, as far as can be seen. */
export function forgeableBy({ follow, parser }: SourceConfig): string[] {
  const dialect = parser === undefined ? undefined : findDialect(parser)
  switch (follow.kind) {
    case 'kmsg': return allNamespaces()
    case 'journald': return [...allNamespaces(), ...anyJournal(dialect)]
    case 'file': return [...syslogFile(follow.path, dialect), ...errorLog(follow.path), ...otherWriters(follow.path)]
    default: return []
  }
}

/** Throws a KnocktailError if only trusted sources are wanted, and one is not. */
export function requireTrusted({ sources, requireTrusted: isRequired }: Pick<Config, 'sources' | 'requireTrusted'>): void {
  for (const source of isRequired ? sources : []) {
    const [why] = forgeableBy(source)
    if (why !== undefined) throw new KnocktailError('failed', `source ${source.name} is refused, since require_trusted = yes: ${why}`)
  }
}

function allNamespaces(): string[] {
  return logsAllNamespaces() ? ['net.netfilter.nf_log_all_netns is 1, so any local user can log packets of a network namespace of his own: sysctl -w net.netfilter.nf_log_all_netns=0'] : []
}

function logsAllNamespaces(): boolean {
  try {
    return readFileSync(ALL_NETNS, 'latin1').trim() !== '0'
  } catch {
    // Only the first namespace shows it; in any other one, packets are in the kernel's log only if it is 1.
    return existsSync(dirname(ALL_NETNS))
  }
}

/** Only of kernel records journald says who wrote them in a way that a tag does not. */
function anyJournal(dialect: Dialect | undefined): string[] {
  if (dialect === undefined || dialect.kernelOnly) return []
  return [`any local user can write to the journal in the name of ${dialect.tags?.[0] ?? 'any program'} (logger -t): let it log to a file of its own, and follow that`]
}

function syslogFile(path: string, dialect: Dialect | undefined): string[] {
  if (dialect?.kernelOnly) return ['it is a syslog file, and any local user can write lines that look like the kernel\'s into it: follow = kmsg, or follow = journald']
  if (dialect === undefined || !lastLines(path).some((line) => isFromSyslog(dialect, line))) return []
  return [`it is a syslog file, and any local user can write lines that look like ${dialect.name}'s into it (logger -t): let the program log to a file of its own, and follow that`]
}

/** A line that is understood in a syslog daemon's envelope, and is not without. */
function isFromSyslog(dialect: Dialect, line: string): boolean {
  const isRead = (envelopes: Dialect['envelopes']): boolean => isParsed(parseLine({ ...dialect, envelopes }, line, DEFAULT_CONTEXT))
  return !isRead(['bare']) && isRead(dialect.envelopes)
}

function errorLog(path: string): string[] {
  if (!ERROR_LOG.test(basename(path))) return []
  const access = join(dirname(path), basename(path).replace('error', 'access'))
  return [`it looks like a web server's error log, into which any client can have whole lines printed: follow = file:${printable(access)}`]
}
