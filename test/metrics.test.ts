import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Status } from '../src/control/controlled.ts'
import { Metrics } from '../src/metrics/metrics.ts'
import { serveMetrics, writeMetrics } from '../src/metrics/outlets.ts'
import { Tally } from '../src/tally.ts'
import { eventually } from './support/eventually.ts'
import { useFolder } from './support/run.ts'

const folder = useFolder()

const STATUS: Status = {
  v: 1, pid: 1, since: '2026-07-04T12:00:00.000000Z', mode: 'enforce', grants: 1, waiting: 2, addresses: 3,
  conditions: [{ name: 'x', weight: 'wrong', text: '', advice: '', since: '' }, { name: 'y', weight: 'note', text: '', advice: '', since: '' }],
  sources: [{ name: 'a "b"\\\n', follows: 'kmsg', state: 'running', lines: 10, understood: 7, notUnderstood: 2, stale: 1, lost: 4, restarts: 5, lagMs: 250, quietS: 6 }],
  rules: [{ name: 'ssh', paused: true, grants: 1, attempts: 0, opened: 0, extended: 0, failed: 0, tooSlow: 0 }],
}

async function made(): Promise<Metrics> {
  const tally = new Tally(['ssh'])
  Object.assign(tally.rules.get('ssh')!, { attempts: 9, opens: 2, extensions: 1, lockouts: 1 })
  tally.rules.get('ssh')!.reached.set(1, 5).set(3, 2)
  tally.rules.get('ssh')!.failedAt.set(2, 3).set(3, 1)
  return Metrics.create({ status: () => STATUS, tally: () => tally })
}

describe('metrics', () => {
  it('are what status and the tally say, twice the same, with labels escaped', async () => {
    const metrics = await made()
    const text = await metrics.text()
    expect(await metrics.text()).toBe(text)
    for (const line of [
      'knocktail_lines_total{source="a \\"b\\"\\\\\\n",outcome="understood"} 7', 'knocktail_lines_total{source="a \\"b\\"\\\\\\n",outcome="lost"} 4',
      'knocktail_attempts_total{rule="ssh",step="1"} 5', 'knocktail_attempts_total{rule="ssh",step="3"} 2', 'knocktail_opens_total{rule="ssh"} 2',
      'knocktail_failures_total{rule="ssh"} 4', 'knocktail_lockouts_total{rule="ssh"} 1', 'knocktail_grants{rule="ssh"} 1', 'knocktail_paused{rule="ssh"} 1', 'knocktail_queue 2',
      'knocktail_problems 1', 'knocktail_source_lag_seconds{source="a \\"b\\"\\\\\\n"} 0.25', 'knocktail_start_time_seconds 1783166400', 'knocktail_up 1',
    ]) expect(text.split('\n')).toContain(line)
    // Whoever sends to one port after the other could see there which are steps of a secret sequence.
    expect(text).not.toContain('addresses')
  })

  it('count what is told: closes, errors, and how late a door opened or shut', async () => {
    const metrics = await made()
    metrics.see({ level: 'info', event: 'close', text: '', facts: { rule: 'ssh' } })
    metrics.see({ level: 'info', event: 'opened', text: '', facts: { rule: 'ssh', ms: 3 } })
    metrics.see({ level: 'info', event: 'closed', text: '', facts: { ms: 7000 } })
    metrics.see({ level: 'error', event: 'firewall-failed', text: '', facts: {} })
    const lines = (await metrics.text()).split('\n')
    expect(lines).toContain('knocktail_closes_total{rule="ssh"} 1')
    expect(lines).toContain('knocktail_open_seconds_bucket{le="0.002"} 0')
    expect(lines).toContain('knocktail_open_seconds_bucket{le="0.005"} 1')
    expect(lines).toContain('knocktail_close_seconds_bucket{le="5"} 0')
    expect(lines).toContain('knocktail_close_seconds_count 1')
    expect(lines).toContain('knocktail_errors_total{event="firewall-failed"} 1')
  })
})

describe('what is shipped for Prometheus and Grafana', () => {
  it.each(['packaging/prometheus/knocktail-alerts.yml', 'packaging/grafana/knocktail.json'])('%s asks for metrics that there are', async (path) => {
    const text = await (await made()).text()
    const known = new Set([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name, type]) => (type === 'histogram' ? [`${name}_bucket`, `${name}_count`] : [name!])))
    const asked = [...readFileSync(path, 'utf8').matchAll(/\bknocktail_\w+/g)].map(([name]) => name)
    expect(asked.length).toBeGreaterThan(8)
    expect(asked.filter((name) => !known.has(name))).toEqual([])
  })
})

describe('outlets', () => {
  const stops: (() => void)[] = []
  afterEach(() => stops.splice(0).forEach((stop) => stop()))

  it('replace a file as a whole, and tell when they cannot', async () => {
    const path = join(folder.path, 'metrics', 'knocktail.prom')
    const told: unknown[] = []
    stops.push(writeMetrics(path, await made(), (problem) => told.push(problem)))
    await eventually(() => expect(told).toHaveLength(1))
    mkdirSync(join(folder.path, 'metrics'))
    stops.push(writeMetrics(path, await made(), (problem) => told.push(problem)))
    await eventually(() => expect(existsSync(path)).toBe(true))
    expect(readFileSync(path, 'utf8')).toContain('knocktail_up 1\n')
    expect(existsSync(`${path}.new`)).toBe(false)
    rmSync(path)
  })

  it('answer at one path of one address', async () => {
    const port = await freePort()
    const told: unknown[] = []
    stops.push(serveMetrics(port, await made(), (problem) => told.push(problem)))
    const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`, init)
    const good = await get('/metrics')
    expect([good.status, good.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    expect(await good.text()).toContain('knocktail_up 1')
    expect([(await get('/')).status, (await get('/metrics', { method: 'POST' })).status]).toEqual([404, 404])
    stops.push(serveMetrics(port, await made(), (problem) => told.push(problem)))
    await eventually(() => expect(told).toMatchObject([{ code: 'EADDRINUSE' }]))
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
