import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import type { TargetId } from '../firewalls/target.ts'
import type { DesiredKey } from '../grants/desired.ts'

/** A key to be looked at, and since when it waits, by the boot clock. */
export interface Due extends DesiredKey {
  readonly since: Micros
}

export function keyText({ id, address }: { readonly id: TargetId; readonly address: Address }): string {
  return `${id} ${address}`
}
