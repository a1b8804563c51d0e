import { quoted } from '../printable.ts'
import type { Read } from './read.ts'
import { didYouMean } from './suggest.ts'

interface KeyForm {
  /** What the words of the value are. */
  readonly words: readonly string[]
  readonly pattern: RegExp
}

const NFT_SET: KeyForm = {
  words: ['family', 'table', 'set'],
  pattern: /^(?:inet|ip|ip6)\s+[A-Za-z][\w./\\]{0,63}\s+[A-Za-z][\w./\\]{0,63}$/,
}
const PF_TABLE: KeyForm = { words: ['table'], pattern: /^[A-Za-z_][\w.-]{0,30}$/ }
const IP_SET: KeyForm = { words: ['set'], pattern: /^[A-Za-z0-9_][\w.:-]{0,30}$/ }
const ELEMENTS: KeyForm = { words: ['address', '.', 'proto', '.', 'service'], pattern: /^address(?:\s+\.\s+proto\s+\.\s+service)?$/ }
/** Where it is not in the usual folders, or another one that takes the same arguments. */
const PROGRAM: KeyForm = { words: ['/path/to/it'], pattern: /^\/\S+$/ }
const FILE: KeyForm = { words: ['/path/to/it'], pattern: /^\/\S+$/ }
/** Process names as tcpd(8) knows them: the last part of the server's path. */
const DAEMONS: KeyForm = { words: ['sshd'], pattern: /^[A-Za-z][\w.-]*(?:\s+[A-Za-z][\w.-]*)*$/ }
const ADOPT: KeyForm = { words: ['keep or delete'], pattern: /^(?:keep|delete)$/ }
const ZONE: KeyForm = { words: ['zone'], pattern: /^[A-Za-z][\w-]{0,16}$/ }

/** The firewalls and their keys. At least one of `needs` must be set. */
const FIREWALLS = {
  nftables: { keys: { set4: NFT_SET, set6: NFT_SET, elements: ELEMENTS, program: PROGRAM }, needs: ['set4', 'set6'] },
  pf: { keys: { table: PF_TABLE, adopt: ADOPT, program: PROGRAM }, needs: ['table'] },
  ufw: { keys: { program: PROGRAM }, needs: [] },
  iptables: { keys: {}, needs: [] },
  ipset: { keys: { set4: IP_SET, set6: IP_SET, program: PROGRAM }, needs: ['set4', 'set6'] },
  firewalld: { keys: { zone: ZONE, program: PROGRAM }, needs: [] },
  'hosts.allow': { keys: { file: FILE, daemons: DAEMONS }, needs: [] },
  command: { keys: {}, needs: [] },
  null: { keys: {}, needs: [] },
} as const satisfies Readonly<Record<string, { keys: Readonly<Record<string, KeyForm>>; needs: readonly string[] }>>

export type FirewallName = keyof typeof FIREWALLS

const NAMES = Object.keys(FIREWALLS)

export function isFirewallName(name: string): name is FirewallName {
  return Object.hasOwn(FIREWALLS, name)
}

export function readFirewallName(text: string): Read<FirewallName> {
  if (isFirewallName(text)) return { value: text }
  return { fault: `${quoted(text)} is no firewall${didYouMean(text, NAMES)}; there are ${NAMES.join(', ')}` }
}

export function firewallKeys(name: FirewallName): Readonly<Record<string, KeyForm>> {
  return FIREWALLS[name].keys
}

/** One of these must be set for the firewall to know what to fill; empty: it needs nothing. */
export function neededKeys(name: FirewallName): readonly string[] {
  return FIREWALLS[name].needs
}

/** The words of a key's value. */
export function readSetting(form: KeyForm): (text: string) => Read<string[]> {
  return (text) =>
    form.pattern.test(text)
      ? { value: text.split(/\s+/) }
      : { fault: `${quoted(text)} does not name it: write ${form.words.map((word) => word.toUpperCase()).join(' ')}` }
}
