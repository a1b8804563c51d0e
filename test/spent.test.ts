import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Spent, type Spend } from '../rules/spent.ts'

const step = (secret: string, timeStep: number): Spend => ({ kind: 'time-step', secret, timeStep })

it('whatever is used up, in whatever order, it and the time steps before it stay used up', () => {
  const spends = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 20 })), { maxLength: 20 })
  fc.assert(fc.property(spends, fc.integer({ min: -1, max: 10 }), (history, presumed) => {
    const spent = new Spent()
    spent.presume(presumed)
    const last = new Map<string, number>()
    for (const [secret, timeStep] of history) {
      const version = spent.version
      spent.add(step(secret, timeStep))
      expect(spent.version).not.toBe(version)
      last.set(secret, Math.max(timeStep, last.get(secret) ?? presumed))
    }
    for (const secret of ['a', 'b', 'c']) {
      for (let timeStep = 0; timeStep <= 21; timeStep++) expect(spent.has(step(secret, timeStep))).toBe(timeStep <= (last.get(secret) ?? presumed))
    }
    const again = new Spent()
    again.presume(presumed)
    for (const spend of spent.all()) again.add(spend)
    expect(again.all()).toEqual(spent.all())
  }))
})
