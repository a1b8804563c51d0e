import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Address } from '../parsers/address.ts'
import { SECOND, type Micros } from '../parsers/time.ts'
import { targetId, type Target } from '../src/firewalls/target.ts'
import { Grants } from '../src/grants/grants.ts'
import { InHand } from '../src/grants/in-hand.ts'
import { KeyRecords } from '../src/grants/key-records.ts'
import { Ledger, ledgerStateOf, type LedgerContents } from '../src/grants/ledger.ts'
import { formatLedger, parseLedger } from '../src/grants/ledger-text.ts'
import { Spent, type Spend } from '../rules/spent.ts'
import { Paused } from '../src/grants/paused.ts'
import { Matches } from '../src/grants/matches.ts'
import { useFolder } from './support/run.ts'

const folder = useFolder()
let count = 0
const newPath = (): string => join(folder.path, `ledger-${count++}`)

const target: Target = { firewall: 'pf', settings: { table: ['knocktail'] } }
const now = (): Micros => (1_000 * SECOND) as Micros

const SPENDS: readonly Spend[] = [{ kind: 'once', id: '0123456789abcdef' }, { kind: 'time-step', secret: 'fedcba9876543210', timeStep: 58_000_000 }]

/** Contents with that many grants. */
function contents(grants: number): LedgerContents {
  const made: LedgerContents = { boot: 'b', begun: now, grants: new Grants({ wall: now, boot: now }), keys: new KeyRecords(), matches: new Matches(SECOND), spent: new Spent(), paused: new Paused(), inHand: new InHand() }
  made.matches.add('ssh', '192.0.2.1' as Address, now())
  ;(made.inHand as InHand).add({ rule: 'ssh', user: undefined, address: '192.0.2.3' as Address, time: now(), stage: 'wanted' })
  made.matches.add('ssh', '192.0.2.2' as Address, now(), { source: 'kernel', uptime: now() })
  ;(made.paused as Paused).add('ssh')
  for (const spend of SPENDS) (made.spent as Spent).add(spend)
  for (let number = 0; number < grants; number++) {
    const address = `192.0.${number >> 8}.${number & 255}` as Address
    const wish = { rule: 'ssh', address, time: now(), openFor: SECOND, maxOpen: SECOND, targets: [target], kill: false }
    ;(made.grants as Grants).open(wish)
    made.keys.put({ id: targetId(target), target, address, foreign: false, inDoubt: false, kill: false })
  }
  return made
}

async function written(path: string, ...grants: number[]): Promise<void> {
  const ledger = new Ledger(path)
  await ledger.open()
  for (const number of grants) {
    ledger.keep(contents(number))
    expect(await ledger.save()).toBe(true)
  }
  await ledger.close()
}

async function found(path: string): Promise<{ grants: number | undefined; keptAside: number }> {
  const ledger = new Ledger(path)
  const { state, keptAside } = await ledger.open()
  await ledger.close()
  return { grants: state?.grants.length, keptAside: keptAside.length }
}

describe('the ledger', () => {
  it('is empty at first', async () => expect(await found(newPath())).toEqual({ grants: undefined, keptAside: 0 }))

  it.each([[[1]], [[1, 2]], [[1, 2, 3]], [[5, 0]], [[3000, 2]]])('holds what was written last: %j', async (grants) => {
    const path = newPath()
    await written(path, ...grants)
    expect(await found(path)).toEqual({ grants: grants.at(-1), keptAside: 0 })
  })

  it('holds with what is only wanted soon all that changes until it is written, and lets whoever cannot wait hurry it', async () => {
    const path = newPath()
    const ledger = new Ledger(path)
    await ledger.open()
    const kept = contents(3000)
    ledger.keep(kept)
    await ledger.save()
    const soon = ledger.save('soon')
    const address = '192.0.2.7' as Address
    kept.keys.put({ id: targetId(target), target, address, foreign: false, inDoubt: false, kill: false })
    expect(ledger.save()).toBe(soon)
    expect([await soon, await ledger.save('soon')]).toEqual([true, true])
    await ledger.close()
    const { state } = await new Ledger(path).open()
    expect(state?.keys.some((key) => key.address === address)).toBe(true)
  })

  it('shares writes: everything asked for before is on disk with the last promise', async () => {
    const path = newPath()
    const ledger = new Ledger(path)
    await ledger.open()
    const kept = contents(1)
    ledger.keep(kept)
    const first = ledger.save()
    for (const address of ['192.0.2.7', '192.0.2.8']) kept.keys.put({ id: targetId(target), target, address: address as Address, foreign: false, inDoubt: false, kill: false })
    const saves = [ledger.save(), ledger.save()]
    expect(saves[0]).toBe(saves[1])
    expect(await Promise.all([first, ...saves])).toEqual([true, true, true])
    await ledger.close()
    const again = new Ledger(path)
    expect((await again.open()).state?.keys.length).toBe(3)
    await again.close()
  })

  it('after a write cut anywhere is what it was before it', async () => {
    await fc.assert(fc.asyncProperty(fc.oneof(fc.nat(130), fc.nat(500)), fc.boolean(), async (at, zeros) => {
      const path = newPath()
      await written(path, 1, 2)
      // The next write goes to the older slot: the first `at` bytes of it reached the disk.
      const next = newPath()
      await written(next, 1, 2, 3)
      const bytes = readFileSync(`${next}.b`)
      const before = readFileSync(`${path}.b`)
      const cut = Buffer.concat([bytes.subarray(0, at), zeros ? Buffer.alloc(before.length - at) : before.subarray(at)])
      writeFileSync(`${path}.b`, cut)
      const { grants, keptAside } = await found(path)
      const whole = 128 + Number(bytes.toString('latin1', 0, 128).split(' ')[3])
      expect(grants).toBe(cut.subarray(0, whole).equals(bytes.subarray(0, whole)) ? 3 : 2)
      expect(keptAside).toBe(0)
    }), { numRuns: 200 })
  })

  it.each([
    ['somebody else\'s file', 'hello\n'],
    ['JSON of another program', '{"grants":[]}'],
    ['a ledger of another version', `knocktail-ledger 2 7 2 ${'0'.repeat(64)}\n{}`],
  ])('keeps aside %s and begins anew', async (_, text) => {
    const path = newPath()
    for (const slot of ['a', 'b']) writeFileSync(`${path}.${slot}`, text)
    expect(await found(path)).toEqual({ grants: undefined, keptAside: 2 })
    const kept = readdirSync(folder.path).filter((name) => name.startsWith(path.split('/').at(-1)!) && name.includes('damaged'))
    expect(kept.map((name) => readFileSync(join(folder.path, name), 'utf8'))).toEqual([text, text])
    await written(path, 4)
    expect(await found(path)).toEqual({ grants: 4, keptAside: 0 })
  })

  it('follows no link out of its folder, and waits for no fifo', async () => {
    const [linked, piped] = [newPath(), newPath()]
    const victim = folder.write('of-somebody-else', '')
    symlinkSync(victim, `${linked}.a`)
    execFileSync('mkfifo', [`${piped}.a`])
    for (const path of [linked, piped]) {
      expect(await found(path)).toEqual({ grants: undefined, keptAside: 1 })
      await written(path, 1, 2)
      expect(await found(path)).toEqual({ grants: 2, keptAside: 0 })
    }
    expect(readFileSync(victim, 'utf8')).toBe('')
  })

  it('is not written to files that were removed', async () => {
    const path = newPath()
    const ledger = new Ledger(path)
    await ledger.open()
    ledger.keep(contents(1))
    for (const slot of ['a', 'b']) rmSync(`${path}.${slot}`)
    expect(await ledger.save()).toBe(false)
    await ledger.close()
  })

  it('keeps aside what is torn where nothing whole is left', async () => {
    const path = newPath()
    await written(path, 1)
    truncateSync(`${path}.b`, 140)
    expect(await found(path)).toEqual({ grants: undefined, keptAside: 1 })
  })

  it('needs no new space for a change: it was taken at the start', async () => {
    const path = newPath()
    await written(path, 1)
    const sizes = ['a', 'b'].map((slot) => readFileSync(`${path}.${slot}`).length)
    await written(path, 2, 3, 4)
    expect(['a', 'b'].map((slot) => readFileSync(`${path}.${slot}`).length)).toEqual(sizes)
  })
})

describe('the text of a ledger', () => {
  const text = (): string => {
    return formatLedger(ledgerStateOf(contents(2)))
  }

  it('is read as it was written', () => expect(formatLedger(parseLedger(text())!)).toBe(text()))

  it.each([
    ['an address that is none', '192.0.0.1', '192.0.0.256'],
    ['an address that is not canonical', '192.0.0.1', '::ffff:192.0.0.1'],
    ['a target that is not what its name says', '"knocktail"', '"other"'],
    ['a firewall that there is not', '"pf"', '"pfx"'],
    ['a time that is text', '"latest":', '"latest":"1","x":'],
    ['cut JSON', '}', ''],
  ])('is refused with %s', (_, from, to) => {
    expect(text()).toContain(from)
    expect(parseLedger(text().replaceAll(from, to))).toBeUndefined()
  })
})
