import type { Port } from '../../parsers/event.ts'
import type { Network } from '../../parsers/network.ts'
import type { Micros } from '../../parsers/time.ts'
import type { Rule, Sequence } from '../../rules/rule.ts'
import type { Spent } from '../../rules/spent.ts'
import type { FirewallName } from './firewalls.ts'
import type { Problem } from './problem.ts'

/** A configuration that was read without an error, from either dialect. */
export interface Config {
  readonly path: string
  readonly style: 'native' | 'knockd'
  readonly rules: readonly DoorRule[]
  readonly sources: readonly SourceConfig[]
  readonly firewalls: readonly FirewallConfig[]
  /** The files of secrets and one-time sequences that it names, by their absolute paths. */
  readonly files: readonly string[]
  /** What hmac and token knocks are made of, beside their user's secret. @default the host's name */
  readonly hostId: string
  /** Never locked out and never in need of a grant. */
  readonly alwaysAllow: readonly Network[]
  /** Never opened, whatever they knock. */
  readonly neverOpen: readonly Network[]
  /** Ours, before web servers: what they forward is its client's, by X-Forwarded-For. Never opened themselves. */
  readonly proxies: readonly Network[]
  /** How many addresses may be amid a sequence at a time. @default 131072 */
  readonly maxAttempts: number
  /** Who touches so many different ports within a minute is a scanner; 0: nobody is. @default 100; in a knockd.conf 0 */
  readonly scanPorts: number
  /** Live, a line older than this takes no part in matching. @default 60s */
  readonly maxAge: Micros
  /** @default /var/lib/knocktail */
  readonly stateDir: string
  /** So large a file of the history becomes, in bytes. @default 8M */
  readonly historySize: number
  /** How many of them are kept beside the one that is being written. @default 7 */
  readonly historyKeep: number
  /** Where the sockets of `status`, `open` and their like are. @default /run/knocktail */
  readonly runDir: string
  /** As whom the daemon runs once it has what only root may open. Undefined: knocktail, or nobody where there is no such user. */
  readonly user: string | undefined
  /** The words of the command that starts the privileged part. Undefined: it is started as the daemon was. */
  readonly helper: readonly string[] | undefined
  /** The words of a command that is run for what happens, the first an absolute path. Undefined: none is. */
  readonly onEvent: readonly string[] | undefined
  /** What becomes of open doors when the daemon is stopped. keep: each closes at its time. @default keep */
  readonly onExit: 'keep' | 'close'
  /** enforce; observe: all is decided and told, nothing is opened. @default enforce */
  readonly mode: Mode
  /** Where the log goes: a path; undefined: standard output. */
  readonly log: string | undefined
  /** Where metrics are written for node_exporter's textfile collector. */
  readonly metricsFile: string | undefined
  /** The port of 127.0.0.1 at which Prometheus finds them. */
  readonly metricsPort: number | undefined
  /** Refuse sources that local users can write to. @default no */
  readonly requireTrusted: boolean
  /** Of the rules that name none themselves. */
  readonly firewall: FirewallName | undefined
  readonly warnings: readonly Problem[]
}

type Mode = 'enforce' | 'observe'

/** A file of one-time sequences. */
export interface OneTimeList {
  /** Absolute. */
  readonly path: string
  /** Whose it is; undefined: everybody's. */
  readonly user: string | undefined
  /** Those that are not crossed out, each once. */
  readonly sequences: readonly Sequence[]
}

/** How a rule is knocked: by a sequence that stays, or by one that proves a user's secret. */
export type KnockKind = 'static' | 'one-time' | 'totp' | 'hmac' | 'token'

export interface DoorRule {
  readonly kind: KnockKind
  /** What must be knocked. */
  readonly match: Rule
  /**
   * Whose address must be knocked on: `own`: this host's, as far as that is known (nothing was configured);
   * `any`: it does not matter; `listed`: `match.limits.target` says. That is undefined for the first two.
   */
  readonly target: 'own' | 'any' | 'listed'
  readonly opens: Opening
  readonly guard: GuardLimits
  /** Those known beforehand, or what they have in common: not all of them are valid at a time. */
  readonly sequences: readonly Sequence[]
  /** The lists of one-time sequences that it takes them from. */
  readonly lists: readonly OneTimeList[]
  /** How many sequences or codes are good at a time. */
  readonly validAtATime: number
  /** What is valid, when that was used up. */
  readonly given: (spent: Spent) => Pick<Rule, 'sequencesAt' | 'drawn' | 'onSpend'>
  /** Who may knock, if it is not everybody who knows the sequence. */
  readonly users: readonly string[]
  /** The ids of the users' secrets, in their order; none where they have lists. */
  readonly secretIds: readonly string[]
  /** Of the section's header. */
  readonly line: number
  /** Two rules of one name with the same text are the same rule, as far as their lists hold the same. */
  readonly text: string
  /** With fewer unused one-time sequences than this, it is time to add some. @default 3 */
  readonly warnBelow: number
}

/** What a rule bears of guessers and floods. Of the numbers 0 is no limit. */
export interface GuardLimits {
  /** Failures of one IPv4 address or IPv6 /64 within the window. An IPv6 /48 has ten times as many. @default 10; in a knockd.conf 0 */
  readonly maxFailures: number
  /** Failures of all together. @default 0 */
  readonly maxRuleFailures: number
  /** Begins with the first failure. @default 10m */
  readonly failureWindow: Micros
  /** For how long the rule is deaf then. @default 10m */
  readonly lockout: Micros
  /** Who touches one of these is not heard for a minute. @default none */
  readonly trapPorts: readonly OpenPort[]
  /** Of one user, or of the rule if it has none, within a minute. @default 1200; in a knockd.conf 0 */
  readonly maxOpens: number
  /** At a time, counted in the same way. @default 1000; in a knockd.conf 0 */
  readonly maxGrants: number
  /** For so long after a match no other one by that rule, user and address counts. @default 0 */
  readonly coolDown: Micros
}

export interface OpenPort {
  readonly proto: 'tcp' | 'udp'
  readonly port: Port
}

type CloseWhen = 'timeout' | 'connected' | 'disconnected'

/** What a match does. */
export interface Opening {
  readonly ports: readonly OpenPort[]
  /** @default 30s; in a knockd.conf with a stop_command cmd_timeout, 10s */
  readonly openFor: Micros
  /** No extension reaches beyond this from the first open. @default 8h */
  readonly maxOpen: Micros
  readonly startCommand: string | undefined
  readonly stopCommand: string | undefined
  /** For IPv6. Undefined: the same as for IPv4, as in knockd; empty: nothing is run. */
  readonly startCommand6: string | undefined
  readonly stopCommand6: string | undefined
  /** Until when it stays open: its time; the first connection; the end of the last one. @default timeout */
  readonly closeWhen: CloseWhen
  /** Whether connections that stand are ended when it closes. @default no */
  readonly killOnClose: boolean
  /** Matches are told, and open nothing. */
  readonly observe: boolean
  /** The rule whose grant a match ends. */
  readonly closes: string | undefined
  /** Undefined: the configuration's. */
  readonly firewall: FirewallName | undefined
}

/** Where lines come from. */
export type Follow =
  | { readonly kind: 'kmsg' | 'journald' | 'stdin' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: string }

export interface SourceConfig {
  readonly name: string
  readonly follow: Follow
  /** The name of a dialect, or the absolute path of a plug-in. */
  readonly parser: string | undefined
  /** What the admin's LOG rule prints; a kernel source always has one. */
  readonly prefix: string | undefined
  /** For stamps that name no zone: what `parseZone` of parsers/ reads. */
  readonly timezone: string | undefined
  /** When nothing that is understood came for so long, something is wrong. Undefined: it may be quiet. */
  readonly quietAfter: Micros | undefined
  /** Whether this machine knocks at itself once an hour, to see that the log still tells of knocks. @default no */
  readonly canary: boolean
  readonly line: number
}

export interface FirewallConfig {
  readonly name: FirewallName
  /** The words of each key's value: `set4 = inet filter knock4` is ['inet', 'filter', 'knock4']. */
  readonly settings: Readonly<Record<string, readonly string[]>>
  readonly line: number
}
