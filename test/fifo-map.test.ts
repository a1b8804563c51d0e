import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FifoMap } from '../src/guard/fifo-map.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heldBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

describe('a map from which the oldest entry is taken', () => {
  it('takes what a Map would give first, whatever was added and deleted in between', () => {
    const step = fc.oneof(fc.record({ add: fc.nat(20) }), fc.record({ delete: fc.nat(20) }), fc.constant('take'), fc.constant('clear'))
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new FifoMap<number, string>()
      const model = new Map<number, string>()
      steps.forEach((what, index) => {
        if (typeof what === 'object' && 'add' in what && !model.has(what.add)) {
          map.add(what.add, `${index}`)
          model.set(what.add, `${index}`)
        } else if (typeof what === 'object' && 'delete' in what) {
          map.delete(what.delete)
          model.delete(what.delete)
        } else if (what === 'take') {
          const [first] = model
          expect(map.takeOldest()).toBe(first?.[1])
          if (first) model.delete(first[0])
        } else if (what === 'clear') {
          map.clear()
          model.clear()
        }
        expect(map.size).toBe(model.size)
        for (const [key, value] of model) expect(map.get(key)).toBe(value)
      })
    }))
  })

  it('holds on to nothing while entries come and go, taken or not', () => {
    const map = new FifoMap<number, number>()
    for (let key = 0; key < 1000; key++) map.add(key, key)
    map.takeOldest()
    const before = heldBytes()
    for (let key = 1000; key < 1_000_000; key++) {
      map.add(key, key)
      map.delete(key - 999)
    }
    expect(map.size).toBe(999)
    expect(heldBytes() - before).toBeLessThan(2e6)
  })
})
