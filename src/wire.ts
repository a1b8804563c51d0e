import type { Address } from '../parsers/address.ts'
import type { Finding, Listed, Outcome } from './firewalls/firewall.ts'
import type { TargetId } from './firewalls/target.ts'

/**
 * The helper's closed grammar: one ASCII line each way, at most 512 bytes to the helper. A request is
 *
 *     ID add    TARGET ADDRESS SECONDS
 *     ID renew  TARGET ADDRESS SECONDS
 *     ID remove TARGET ADDRESS
 *     ID kill   TARGET ADDRESS
 *     ID list   TARGET
 *     ID check  TARGET
 *     ID spend  ENTRY
 *     ID ping
 *     ID reload
 *     ID leave
 *
 * and each is answered by one line `ID done`, `ID foreign`, `ID unserved "WHY"` or `ID failed "WHY"`; before it, `list` sends
 * `ID entry ADDRESS SECONDS|- MARK`, `check` sends `ID finding error|warning "TEXT"`. Unasked come
 * `- changed FIREWALL` (it may have lost entries: compare) and `- note "TEXT"`; the first line is `- ready COUNT`. What is no request
 * is answered `failed`, with the ID 0 if it has none. Requests on one target are answered in order, those on others meanwhile.
 * ENTRY is the id of a sequence in a one-time list of the configuration, 32 hexadecimal digits: it and those before it are crossed out, in the
 * order asked for; `foreign`: no list has it among its unused ones. `leave` ends the helper without closing anything; the end of its input means that the front has died: then the helper closes
 * what it opened, each at its time.
 */
export type Request =
  | { readonly id: number; readonly verb: 'add' | 'renew'; readonly target: TargetId; readonly address: Address; readonly seconds: number }
  | { readonly id: number; readonly verb: 'remove' | 'kill'; readonly target: TargetId; readonly address: Address }
  | { readonly id: number; readonly verb: 'list' | 'check'; readonly target: TargetId }
  | { readonly id: number; readonly verb: 'spend'; readonly entry: string }
  | { readonly id: number; readonly verb: 'ping' | 'reload' | 'leave' }

export type TargetRequest = Extract<Request, { target: TargetId }>

export type Reply =
  | ({ readonly id: number } & Outcome)
  | ({ readonly id: number; readonly kind: 'entry' } & Listed)
  | ({ readonly id: number; readonly kind: 'finding' } & Finding)
  | { readonly kind: 'ready'; readonly count: number }
  | { readonly kind: 'changed'; readonly firewall: string }
  | { readonly kind: 'note'; readonly text: string }

export const LONGEST_LINE = 512

/** Text in a line: as JSON has it, in ASCII. */
export function quote(text: string): string {
  return JSON.stringify(text).replaceAll(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function unquote(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
