import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Address } from '../parsers/address.ts'
import type { Port } from '../parsers/event.ts'
import { SECOND, type Micros } from '../parsers/time.ts'
import { hmacPorts } from '../rules/derive/hmac-ports.ts'
import { tokenOf } from '../rules/derive/mac.ts'
import { formatSecret, parseSecret, sameText, secretId, type Secret } from '../rules/derive/secret.ts'
import { lastTimeStepAt, timeStepAt, timeStepsAt } from '../rules/derive/time-step.ts'
import { codeOfPorts, codeRanges, groupLengths, portsOfCode, totpCode, totpPorts, type CodeForm } from '../rules/derive/totp.ts'
import { vectors } from './support/vectors.ts'

const RFC_SECRET = new Uint8Array(Buffer.from('12345678901234567890')) as Secret

describe('the vectors', () => {
  it.each(vectors.hmac)('hmac $hostId $rule $user $timeStep $address', ({ secret, ports, ...form }) => {
    expect(hmacPorts(parseSecret(secret)!, form, form)).toEqual(ports)
  })

  it.each(vectors.token)('token $hostId $rule $user $timeStep $address', ({ secret, token, ...binding }) => {
    expect(tokenOf(parseSecret(secret)!, binding)).toBe(token)
  })

  it.each(vectors.totp)('totp $timeStep $digits $bases', ({ secret, timeStep, code, ports, ...form }) => {
    expect(totpCode(parseSecret(secret)!, timeStep, form.digits)).toBe(code)
    expect(totpPorts(parseSecret(secret)!, timeStep, form)).toEqual(ports)
  })

  it.each([[59, '94287082'], [1111111109, '07081804'], [1111111111, '14050471'], [1234567890, '89005924'], [2000000000, '69279037'], [20000000000, '65353130']])(
    'RFC 6238, appendix B: %d', (seconds, code) => {
      expect(totpCode(RFC_SECRET, timeStepAt((seconds * SECOND) as Micros), 8)).toBe(code)
    })
})

describe('secrets', () => {
  it('base32 text and bytes are the same thing', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
      const text = formatSecret(bytes)
      expect(parseSecret(text)).toEqual(bytes)
      expect(parseSecret(` ${text.toLowerCase().replaceAll(/.{4}/g, '$& ')}==\n`)).toEqual(bytes)
    }))
  })

  it.each(['', '=', 'A', 'ABC', 'ABCDEF', 'ABC1', 'AB!C', 'ÀBCD', 'MFRGGZDF\nMZTWQ2LK'])('%j is none', (text) => {
    expect(parseSecret(text)).toBeUndefined()
  })

  it('are named by nothing that tells of them', () => {
    expect(secretId(RFC_SECRET)).toMatch(/^[0-9a-f]{32}$/)
    expect(secretId(RFC_SECRET)).not.toBe(secretId(parseSecret('MFRGGZDFMZTWQ2LK')!))
  })

  it('are compared whole', () => {
    expect([sameText('1234', '1234'), sameText('1234', '1235'), sameText('123', '1234')]).toEqual([true, false, false])
  })
})

it('a step lasts 30 s; the one before and the one after are good too', () => {
  const at = (seconds: number): Micros => (seconds * SECOND) as Micros
  expect([timeStepAt(at(0)), timeStepAt(at(29.999999)), timeStepAt(at(30))]).toEqual([0, 0, 1])
  expect(timeStepsAt(at(75))).toEqual([1, 2, 3])
  expect(lastTimeStepAt(at(75))).toBe(3)
})

const forms = fc.constantFrom<CodeForm>(
  { digits: 8, bases: [20000, 40000] as Port[] }, { digits: 8, bases: [20000, 30000, 40000] as Port[] }, { digits: 6, bases: [5000, 7000] as Port[] })

describe('codes as ports', () => {
  it('lie in their ranges and are read back', () => {
    fc.assert(fc.property(forms, fc.nat(99_999_999), (form, number) => {
      const code = String(number % 10 ** form.digits).padStart(form.digits, '0')
      const ports = portsOfCode(code, form)
      for (const [index, { from, count }] of codeRanges(form).entries()) expect(ports[index]! >= from && ports[index]! < from + count).toBe(true)
      expect(codeOfPorts(ports, form)).toBe(code)
    }))
  })

  it('groups are as even as can be', () => {
    expect(groupLengths({ digits: 8, bases: [1, 2, 3] as Port[] })).toEqual([3, 3, 2])
    expect(codeOfPorts([19_999, 40_000], { digits: 8, bases: [20000, 40000] as Port[] })).toBeUndefined()
    expect(codeOfPorts([20_000, 50_000], { digits: 8, bases: [20000, 40000] as Port[] })).toBeUndefined()
  })
})

describe('drawn ports', () => {
  const secrets = fc.uint8Array({ minLength: 16, maxLength: 32 }).map((bytes) => bytes as Secret)
  const bindings = fc.record({ hostId: fc.string({ maxLength: 6 }), rule: fc.string({ maxLength: 6 }), user: fc.string({ maxLength: 6 }), timeStep: fc.nat(1e9) })

  it('are all different and within their range, however narrow', () => {
    fc.assert(fc.property(secrets, bindings, fc.integer({ min: 1, max: 16 }), fc.integer({ min: 16, max: 64_000 }), (secret, binding, knocks, width) => {
      const [low, high] = [1024 as Port, (1024 + width - 1) as Port]
      const ports = hmacPorts(secret, binding, { knocks, low, high })
      expect(new Set(ports).size).toBe(knocks)
      expect(ports.every((port) => port >= low && port <= high)).toBe(true)
    }))
  })

  it('follow from each field, and from where one ends and the next begins', () => {
    fc.assert(fc.property(secrets, bindings, bindings, (secret, one, other) => {
      const isSame = JSON.stringify(one) === JSON.stringify(other)
      expect(tokenOf(secret, one) === tokenOf(secret, other)).toBe(isSame)
      expect(tokenOf(secret, { ...one, address: '192.0.2.1' as Address })).not.toBe(tokenOf(secret, one))
    }))
  })

  it('are each as likely: chi-squared over 16 ports stays below its 0.1 % bound', () => {
    const counts = Array.from({ length: 16 }, () => 0)
    const rounds = 8000
    for (let timeStep = 0; timeStep < rounds; timeStep++) counts[hmacPorts(RFC_SECRET, { hostId: 'h', rule: 'r', user: 'u', timeStep }, { knocks: 1, low: 2000 as Port, high: 2015 as Port })[0]! - 2000]!++
    expect(counts.reduce((sum, count) => sum + (count - rounds / 16) ** 2 / (rounds / 16), 0)).toBeLessThan(37.7)
  })
})
