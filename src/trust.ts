import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { findDialect } from '../parsers/dialects.ts'
import type { SourceConfig } from './config/config.ts'

/** Netfilter writes what other network namespaces log into the one kernel log: any local user can make such a namespace. */
const ALL_NETNS = '/proc/sys/net/netfilter/nf_log_all_netns'

/** nginx and Apache print there what clients sent, newlines decoded. */
const ERROR_LOG = /error[._-]?log/

/** Why others can write lines into that source that look like its own; undefined: they cannot, as far as can be seen. */
export function forgeableBy({ follow, parser }: SourceConfig): string | undefined {
  if (follow.kind === 'kmsg' || follow.kind === 'journald') {
    return logsAllNamespaces() ? 'net.netfilter.nf_log_all_netns is 1, so any local user can log packets of a network namespace of his own: set it to 0' : undefined
  }
  if (follow.kind !== 'file') return undefined
  if (findDialect(parser ?? '')?.kernelOnly) return 'it is a syslog file, and any local user can write lines that look like the kernel\'s into it: follow kmsg or journald'
  if (ERROR_LOG.test(basename(follow.path))) return "it looks like a web server's error log, into which any client can have whole lines printed: follow the access log"
  return isWritableByOthers(follow.path) ? 'others may write to it: chmod o-w' : undefined
}

function logsAllNamespaces(): boolean {
  try {
    return readFileSync(ALL_NETNS, 'latin1').trim() !== '0'
  } catch {
    // Only the first namespace shows it; in any other one, packets are in the kernel's log only if it is 1.
    return existsSync(dirname(ALL_NETNS))
  }
}

function isWritableByOthers(path: string): boolean {
  try {
    return (statSync(path).mode & 0o002) !== 0
  } catch {
    return false
  }
}
