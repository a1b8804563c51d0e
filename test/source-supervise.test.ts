import { describe, expect, it } from 'vitest'
import type { Ending } from '../src/sources/driver.ts'
import { supervise } from '../src/sources/supervise.ts'

const FAILED: Ending = { why: 'it failed', isFinal: false }

/** Runs that last so many seconds each; then it is stopped. */
async function supervised(lives: readonly number[], outcome: () => Ending | Error = () => FAILED): Promise<{ waits: number[]; told: unknown[]; restarts: number }> {
  const stopping = new AbortController()
  const waits: number[] = []
  const told: unknown[] = []
  let nowMs = 0
  let runs = 0
  let restarts = 0
  await supervise(() => {
    nowMs += (lives[runs++] ?? 0) * 1000
    if (runs > lives.length) stopping.abort()
    const ending = outcome()
    return ending instanceof Error ? Promise.reject(ending) : Promise.resolve(ending)
  }, {
    signal: stopping.signal, now: () => nowMs,
    wait: (ms) => Promise.resolve(waits.push(ms)),
    suspended: (why, retryMs) => told.push([why, retryMs]),
    restarting: () => restarts++,
  })
  return { waits, told, restarts }
}

describe('a source that ends', () => {
  it('is started again ever more slowly, up to half a minute', async () => {
    const { waits, restarts } = await supervised(Array.from({ length: 10 }, () => 1))
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    expect(restarts).toBe(10)
  })

  it('is quick again after it lived for a minute', async () => {
    expect((await supervised([1, 1, 59, 60, 1])).waits).toEqual([250, 500, 1000, 250, 500])
  })

  it('tells why, and when it is tried again', async () => {
    expect((await supervised([1])).told).toEqual([['it failed', 250]])
  })

  it('is not started again if it cannot be', async () => {
    const { waits, told } = await supervised([1, 1], () => ({ why: 'it is over', isFinal: true }))
    expect([waits, told]).toEqual([[], [['it is over', undefined]]])
  })

  it('may throw: that is no more than an end', async () => {
    expect((await supervised([1], () => new Error('boom'))).told).toEqual([['boom', 250]])
  })
})

it('waits no longer than it is wanted', async () => {
  const stopping = new AbortController()
  const work = supervise(() => Promise.resolve(FAILED), {
    signal: stopping.signal, restarting: () => expect.unreachable(), suspended: () => setTimeout(() => stopping.abort(), 10),
  })
  await work
  expect(stopping.signal.aborted).toBe(true)
})
