import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress, type Address } from '../parsers/address.ts'
import type { TargetId } from '../src/firewalls/target.ts'
import { formatRequest, parseReply } from '../src/front/client-protocol.ts'
import { formatReply, parseRequest } from '../src/helper/protocol.ts'
import type { Reply, Request } from '../src/wire.ts'
import { eventually } from './support/eventually.ts'
import { endHelpersAfterEach, helperArgv, startProcess, targetsOf } from './support/helper-process.ts'
import { usePfctl } from './support/pf.ts'
import { useFolder } from './support/run.ts'

const folder = useFolder()
const pfctl = usePfctl()
endHelpersAfterEach()

const config = folder.write('knocktail.conf', `
[knocktail]
firewall = pf
[firewall pf]
table = knocktail
program = ${pfctl.program}
[ssh]
sequence = 7000, 8000, 9000
ports = 22/tcp
open_for = 30s
[none]
sequence = 7002, 8002, 9002
firewall = null
ports = 80/tcp
open_for = 30s
`)
const targets = [...(await targetsOf(config)).values()]

const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => parseAddress(text)!)
const id = fc.integer({ min: 1, max: 1e9 })
const target = fc.constantFrom(...targets)
const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ id, verb: fc.constantFrom('add', 'renew'), target, address, seconds: fc.integer({ min: 1, max: 28_800 }) }),
  fc.record({ id, verb: fc.constantFrom('remove', 'kill'), target, address }),
  fc.record({ id, verb: fc.constantFrom('list', 'check'), target }),
  fc.record({ id, verb: fc.constant('spend'), entry: fc.stringMatching(/^[0-9a-f]{32}$/) }),
  fc.record({ id, verb: fc.constantFrom('ping', 'reload', 'leave') }),
)
const text = fc.string({ unit: 'binary' })
const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ id, kind: fc.constantFrom('done', 'foreign') }),
  fc.record({ id, kind: fc.constantFrom('failed', 'unserved'), why: text }),
  fc.record({ id, kind: fc.constant('entry'), address, seconds: fc.option(fc.nat(), { nil: undefined }), mark: fc.constantFrom('ours', 'foreign', 'unmarked') }),
  fc.record({ id, kind: fc.constant('finding'), severity: fc.constantFrom('error', 'warning'), message: text }),
  fc.record({ kind: fc.constant('ready'), count: fc.nat() }),
  fc.record({ kind: fc.constant('changed'), firewall: fc.constantFrom('nftables', 'ufw') }),
  fc.record({ kind: fc.constant('note'), text }),
) as fc.Arbitrary<Reply>

/** A valid line with one thing changed in it. */
const mutated = fc.tuple(request, fc.nat(), fc.constantFrom('cut', 'double', 'insert', 'replace'), fc.string({ unit: 'binary', minLength: 1, maxLength: 3 })).map(([valid, at, how, more]) => {
  const line = formatRequest(valid).slice(0, -1)
  const place = at % line.length
  const [before, after] = [line.slice(0, place), line.slice(place)]
  return { cut: before + after.slice(1), double: before + after.slice(0, 1) + after, insert: before + more + after, replace: before + more + after.slice(1) }[how]
})
const anyLine = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), mutated, request.map((valid) => formatRequest(valid).slice(0, -1)))

describe('the grammar', () => {
  it('reads what it writes', () => {
    fc.assert(fc.property(request, (one) => {
      const line = formatRequest(one)
      expect(line).toMatch(/^[ -~]{1,511}\n$/)
      expect(parseRequest(line.slice(0, -1))).toEqual(one)
    }))
  })

  it('reads what is answered', () => {
    fc.assert(fc.property(reply, (one) => {
      const line = formatReply(one)
      expect(line).toMatch(/^[ -~]+\n$/)
      expect(parseReply(line.slice(0, -1))).toEqual(one)
    }))
  })

  it('takes only what it would write itself', () => {
    fc.assert(fc.property(anyLine, (line) => {
      const read = parseRequest(line)
      if ('verb' in read) expect(formatRequest(read)).toBe(`${line}\n`)
    }), { numRuns: 5000 })
  })

  it('believes no answer that is none', () => {
    fc.assert(fc.property(text, (line) => {
      const read = parseReply(line)
      if (read && 'address' in read) expect(parseAddress(read.address)).toBe(read.address)
    }))
  })
})

describe('a real helper', () => {
  const CALL = /^-q -t knocktail -T (?:show|(?:add|delete)((?: [0-9a-f.:]+)+))$|^-vvsTables$|^-vvss$/
  const never = /^(?:0|127|2(?:2[4-9]|3\d)|169\.254)\.|^255\.255\.255\.255$|^::1?$|^fe[89ab]|^ff/

  /** What the helper may run for these lines, all of them valid or not. */
  function asked(lines: readonly string[]): { readonly added: Set<Address>; readonly removed: Set<Address>; readonly targets: Set<TargetId> } {
    const found = { added: new Set<Address>(), removed: new Set<Address>(), targets: new Set<TargetId>() }
    for (const line of lines) {
      const read = parseRequest(line)
      if (!('target' in read) || !read.target.startsWith('pf.')) continue
      found.targets.add(read.target)
      if ('seconds' in read) found.added.add(read.address)
      else if ('address' in read) found.removed.add(read.address)
    }
    return found
  }

  it('survives any lines, answers each, and runs only what was asked for', async () => {
    let round = 0
    const lines = anyLine.filter((line) => !/\n/.test(line) && Buffer.byteLength(line) <= 500 && !line.endsWith(' leave'))
    await fc.assert(fc.asyncProperty(fc.array(lines, { minLength: 1, maxLength: 60 }), async (sent) => {
      pfctl.reset()
      pfctl.put('states', '')
      const helper = await startProcess(helperArgv(config, join(folder.path, `state${++round}`)))
      helper.write(sent.map((line) => `${line}\n`).join(''))
      const answers = (): string[] => helper.lines.filter((line) => /^\d+ (?:done|foreign|unserved|failed)\b/.test(line))
      await eventually(() => expect(answers()).toHaveLength(sent.length))
      helper.write('999 leave\n')
      expect(await helper.ended).toBe(0)
      const expected = asked(sent)
      for (const call of pfctl.calls()) {
        const addresses = CALL.exec(call)?.[1]?.trim().split(' ') ?? []
        expect(call).toMatch(CALL)
        const wanted: ReadonlySet<string> = call.includes(' add ') ? expected.added : expected.removed
        expect(addresses.filter((one) => !wanted.has(one) || parseAddress(one) !== one || never.test(one))).toEqual([])
      }
    }), { numRuns: 15 })
  }, 120_000)
})
