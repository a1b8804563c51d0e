import { describe, expect, it } from 'vitest'
import { SECOND, type Micros } from '../parsers/time.ts'
import { readFilePosition } from '../src/sources/file-place.ts'
import { kmsgEscaped, readRecordHead } from '../src/sources/kmsg-records.ts'
import { readKmsgPosition } from '../src/sources/kmsg-tracker.ts'
import { ResumePoints } from '../src/sources/position.ts'
import type { Position } from '../src/sources/source.ts'

describe('points to resume from', () => {
  const at = (seconds: number): Micros => (seconds * SECOND) as Micros

  it('are at least 130 s old, or the oldest there are', () => {
    const points = new ResumePoints<number>()
    expect(points.oldest).toBeUndefined()
    for (let second = 0; second <= 300; second++) points.passed(at(second), () => second)
    expect(points.oldest).toBe(170)
    points.passed(at(10_000), () => 10_000)
    expect(points.oldest).toBe(300)
  })
})

describe('a position that was read back', () => {
  const place = { key: '1:2', headBytes: 3, headHash: 'x', offset: 5, carry: '' }
  const position = { read: [place], resume: place, youngest: '17' }

  it('of a file is taken as it was given', () => {
    expect(readFilePosition(JSON.parse(JSON.stringify(position)))).toEqual(position)
    expect(readFilePosition({ read: [], youngest: '0' })).toEqual({ read: [], resume: undefined, youngest: '0' })
  })

  it.each<unknown>([
    undefined, null, [], 'x', 1, {}, { ...position, read: 1 }, { ...position, youngest: 1 }, { ...position, youngest: '-1' }, { ...position, read: [1] },
    { ...position, read: [{ ...place, key: 1 }] }, { ...position, read: [{ ...place, offset: -1 }] }, { ...position, read: [{ ...place, offset: 1.5 }] },
    { ...position, read: [{ ...place, headBytes: 1e9 }] }, { ...position, read: [{ ...place, carry: 'x'.repeat(9000) }] }, { ...position, read: [place, {}] },
  ])('of a file is ignored if it is none (%#)', (value) => {
    expect(readFilePosition(value)).toBeUndefined()
  })

  it.each<[Position, unknown]>([
    [{ boot: 'a', seq: 7, delta: -3 }, { seq: 7, delta: -3 }], [{ boot: 'a', seq: 7 }, { seq: 7, delta: 0 }], [{ boot: 'a', seq: 7, delta: 'x' }, { seq: 7, delta: 0 }],
    [{ boot: 'b', seq: 7, delta: 0 }, undefined], [{ boot: 'a', seq: -1 }, undefined], [{ boot: 'a' }, undefined], [undefined, undefined],
  ])('of /dev/kmsg counts only in its own boot: %j', (value, expected) => {
    expect(readKmsgPosition(value, 'a')).toEqual(expected)
  })
})

describe('records of /dev/kmsg', () => {
  it.each([
    ['4,213748,1318641762,-;knock: x', { seq: 213_748, stamp: 1_318_641_762 }],
    ['30,0,0,c,caller=T1;', { seq: 0, stamp: 0 }],
    [' SUBSYSTEM=net', undefined], ['', undefined], [',1,2,-;x', undefined], ['4,,2,-;x', undefined], ['4,1,,-;x', undefined], ['4,x,2,-;x', undefined],
    ['4,1', undefined], ['4,1,2', undefined], ['12345,1,2,-;x', undefined], ['4,99999999999999999,2,-;x', undefined],
  ])('%j', (line, head) => {
    expect(readRecordHead(line)).toEqual(head)
  })

  it('show text as the kernel escapes it', () => {
    expect(kmsgEscaped('a\\b\t\u001b[31m\u00c3\u00a9\u007f ~')).toBe('a\\x5cb\\x09\\x1b[31m\\xc3\\xa9\\x7f ~')
  })
})
