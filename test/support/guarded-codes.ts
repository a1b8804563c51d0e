import { parseSecret } from '../../rules/derive/secret.ts'
import { totpPorts } from '../../rules/derive/totp.ts'
import type { Port } from '../../parsers/event.ts'
import { SECOND } from '../../parsers/time.ts'
import type { Gate } from './gate.ts'

/** Codes of two users, who have a share of one grant each. */
const SECRETS: Readonly<Record<string, string>> = { alice: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', bob: 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U' }
export const CODES = `[knocktail]
firewall = null
host_id = gate
[user alice]
secret = alice
[user bob]
secret = bob
[codes]
sequence = 7412, 31877, 50123, totp
users = alice, bob
ports = 22/tcp
open_for = 10m
max_failures = 1
max_rule_failures = 1
max_grants = 1
`
export const codes = (path: string): string => SECRETS[path.split('/').at(-1)!]!
export const codeOf = (user: string, gate: Gate): number[] =>
  [7412, 31_877, 50_123, ...totpPorts(parseSecret(SECRETS[user]!)!, Math.floor(gate.now / (30 * SECOND)), { digits: 8, bases: [20_000, 40_000] as Port[] })]
