import { isIPv6 } from 'node:net'
import type { Network } from '../../parsers/network.ts'
import type { OpenPort } from '../config/config.ts'
import type { Read } from '../config/read.ts'
import { readNetworks, readOneOf, readOpenPorts, readYesNo } from '../config/values.ts'
import { quoted } from '../printable.ts'
import { DOOR_FIREWALLS, KNOCK_KINDS, type DoorFirewall, type KnockKind } from './plan.ts'
import type { Found, Survey } from './survey.ts'

/** What an admin chooses, each by an option of the command line or by a question. */
export interface Answers {
  readonly port: OpenPort
  readonly firewall: DoorFirewall
  readonly log: string
  readonly kind: KnockKind
  readonly user: string
  readonly host: string
  readonly alwaysAllow: readonly Network[]
  readonly console: boolean
}

export interface Question<T> {
  /** Of the command line: `--always-allow`. */
  readonly option: string
  readonly text: (survey: Survey) => string
  /** What holds where nothing is said; undefined: it must be said. */
  readonly fallback: (survey: Survey) => string | undefined
  readonly read: (text: string) => Read<T>
}

/** In the order in which they are asked. */
export const QUESTIONS: { readonly [K in keyof Answers]: Question<Answers[K]> } = {
  port: { option: '--port', text: () => 'Which port shall be shut but for those who knock?', fallback: () => '22/tcp', read: readPort },
  firewall: {
    option: '--firewall', text: ({ firewalls }) => `Which firewall? ${choices(firewalls)}`,
    fallback: ({ firewalls }) => firewalls[0]?.value, read: readOneOf(...DOOR_FIREWALLS),
  },
  log: { option: '--log', text: ({ logs }) => `Which log shows its packets? ${choices(logs)}`, fallback: ({ logs }) => logs[0]?.value, read: readFollow },
  kind: {
    option: '--kind', text: () => 'How will you knock: hmac (with knocktail on the client), totp (with the codes of a phone\'s app) or static (with anything; but whoever sees it can do it, too)?',
    fallback: () => 'hmac', read: readOneOf(...KNOCK_KINDS),
  },
  user: { option: '--user', text: () => 'Who will knock? A name for that secret.', fallback: () => 'admin', read: readName },
  host: { option: '--host', text: () => 'By which name or address do clients reach this machine?', fallback: ({ hostName }) => hostName, read: readHost },
  alwaysAllow: {
    option: '--always-allow', text: () => 'From which addresses or networks shall it always be open, whatever happens to Knocktail? None if you leave it empty.',
    fallback: () => '', read: (text) => (text === '' ? { value: [] } : readNetworks(text)),
  },
  console: {
    option: '--console', text: () => 'Do you have another way in than that port, such as a console: yes or no?', fallback: () => 'no', read: readYesNo,
  },
}

function choices(found: readonly Found<string>[]): string {
  return found.map(({ value, why }) => `${value} (${why})`).join(', ')
}

function readPort(text: string): Read<OpenPort> {
  const read = readOpenPorts(text)
  if ('fault' in read) return read
  const [port, ...more] = read.value
  return port && more.length === 0 ? { value: port } : { fault: `${quoted(text)} is more than one port: write one, and add the others to the files` }
}

function readFollow(text: string): Read<string> {
  if (/^(?:kmsg|journald|file:\/\S+|command:[^\r\n]+)$/.test(text)) return { value: text }
  return { fault: `${quoted(text)} cannot be followed: write kmsg, journald, file:/PATH or command:CMDLINE` }
}

/** It becomes a name of a section and of a file. */
function readName(text: string): Read<string> {
  return /^[a-z][a-z0-9_-]{0,30}$/.test(text) ? { value: text } : { fault: `${quoted(text)} is no name: write up to 31 of a-z, 0-9, _ and -, a letter first` }
}

/** It stands in a command line that people copy. */
function readHost(text: string): Read<string> {
  if (isIPv6(text) || /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text)) return { value: text }
  return { fault: `${quoted(text)} is no host: write a name such as gate.example.org, or an address` }
}
