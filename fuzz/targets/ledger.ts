import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parseAddress } from '../../parsers/address.ts'
import { targetId, type Target as FirewallTarget } from '../../src/firewalls/target.ts'
import { formatLedger, parseLedger, type LedgerState } from '../../src/grants/ledger-text.ts'
import { Slots } from '../../src/grants/slots.ts'
import { decoded, require, type Target } from '../target.ts'

const TARGETS: readonly FirewallTarget[] = [
  { firewall: 'pf', settings: { table: ['knocktail'] } },
  { firewall: 'command', settings: {}, rule: 'ssh', user: 'alice', commands: { start: '/bin/true %IP%', stop: '/bin/false' } },
  { firewall: 'ufw', settings: {}, port: { proto: 'tcp', port: 22 } } as unknown as FirewallTarget,
]

function seed(): string {
  const address = parseAddress('192.0.2.7')!
  const micros = { openedAt: 1_000_000, until: 31_000_000, deadline: 40_000_000, latest: 50_000_000 }
  return formatLedger({
    boot: 'b1', begun: 7, matches: [['ssh', 1_000_000]],
    grants: [{ rule: 'ssh', user: 'alice', address, ...micros, targets: TARGETS, kill: false }, { rule: 'web', user: undefined, address: parseAddress('2001:db8::7')!, ...micros, targets: [], kill: true }],
    keys: TARGETS.map((target) => ({ id: targetId(target), target, address, foreign: false, kill: true })),
    spent: [{ kind: 'once', id: '0123456789abcdef' }, { kind: 'time-step', secret: 'fedcba9876543210', timeStep: 58_000_000 }],
  } as unknown as LedgerState)
}

function runText(bytes: string): string {
  const state = parseLedger(decoded(bytes))
  if (state === undefined) return 'none'
  for (const { address } of [...state.grants, ...state.keys]) require(parseAddress(address) === address, `an address that is not canonical: ${address}`)
  for (const { id, target } of state.keys) require(targetId(target) === id, `a target under another's id: ${id}`)
  require(isDeepStrictEqual(parseLedger(formatLedger(state)), state), 'a ledger that is written otherwise than it was read')
  return `${state.grants.length > 0 ? 'grants' : ''} ${state.keys.length > 0 ? 'keys' : ''} ${state.spent.length > 0 ? 'spent' : ''}`
}

const OLDER = 'the older text'

/** A slot's bytes, written from the documentation of `src/grants/slots.ts`. */
function slot(number: number, text: string): string {
  return `${header(number, text).padEnd(127)}\n${text}`
}

function header(number: number, text: string): string {
  const body = Buffer.from(text, 'latin1')
  const digest = createHash('sha256').update(`${number} ${body.length}\n`).update(body).digest('hex')
  return `knocktail-ledger 1 ${number} ${body.length} ${digest}`
}

/** The number and text of a slot that is whole: slowly, word by word. */
function wholeSlot(bytes: string): { readonly number: number; readonly text: string } | undefined {
  const line = bytes.slice(0, 128).replace(/ *\n$/, '')
  const [, , number, length] = line.split(' ').map(Number)
  const text = bytes.slice(128, 128 + length!)
  return bytes.slice(0, 128).endsWith('\n') && header(number!, text) === line ? { number: number!, text } : undefined
}

/** Whatever is in one slot, the whole text in the other is found, unless the first holds a newer one. */
async function runSlots(bytes: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'knocktail-fuzz-'))
  try {
    writeFileSync(join(folder, 'ledger.a'), bytes, 'latin1')
    writeFileSync(join(folder, 'ledger.b'), slot(5, OLDER), 'latin1')
    const slots = new Slots(join(folder, 'ledger'), () => true)
    const { text, keptAside } = await slots.open()
    await slots.close()
    const whole = wholeSlot(bytes)
    const expected = whole !== undefined && whole.number > 5 ? decoded(whole.text) : OLDER
    require(text === expected, `reads ${JSON.stringify(text?.slice(0, 80))}`)
    require(readdirSync(folder).length === 2 + keptAside.length, 'a damaged file is gone')
    return `${whole === undefined ? 'damaged' : 'whole'} ${keptAside.length}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export const ledgerTargets: readonly Target[] = [
  { name: 'ledger', seeds: () => [seed(), '{}', '[]'], run: runText },
  { name: 'ledger-slots', seeds: () => [slot(6, seed()), slot(4, 'x'), slot(6, ''), '\0'.repeat(300), '', 'knocktail-ledger 1'], run: runSlots },
]
