import type { Address } from '../../parsers/address.ts'
import type { Opening } from '../config/config.ts'
import { chooseCommands, type Commands } from '../firewalls/command-choice.ts'

/** What a rule runs for an address. */
export function commandsFor({ startCommand, startCommand6, stopCommand, stopCommand6 }: Opening, address: Address): Commands {
  return chooseCommands({
    start: startCommand ?? '',
    ...(stopCommand !== undefined && { stop: stopCommand }),
    ...(startCommand6 !== undefined && { start6: startCommand6 }),
    ...(stopCommand6 !== undefined && { stop6: stopCommand6 }),
  }, address)
}
