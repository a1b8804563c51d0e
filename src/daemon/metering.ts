import type { Config } from '../config/config.ts'
import { reasonOf } from '../error.ts'
import type { LogEvent } from '../log/event.ts'
import type { Log } from '../log/log.ts'
import type { Measured, Metrics } from '../metrics/metrics.ts'
import { printable } from '../printable.ts'

/** Metrics, where they are wanted: nothing of them is loaded elsewhere. */
export class Metering {
  #metrics: Metrics | undefined
  #stops: (() => void)[] = []

  /** Told of everything, from the beginning on. */
  see(event: LogEvent): void {
    this.#metrics?.see(event)
  }

  async start({ metricsFile, metricsPort }: Pick<Config, 'metricsFile' | 'metricsPort'>, measured: Measured, log: Log): Promise<void> {
    if (metricsFile === undefined && metricsPort === undefined) return
    const [{ Metrics: Made }, { serveMetrics, writeMetrics }] = await Promise.all([import('../metrics/metrics.ts'), import('../metrics/outlets.ts')])
    const metrics = await Made.create(measured)
    this.#metrics = metrics
    const tell = (where: string) => (problem: unknown) => log.write(stateEvent(where, problem))
    if (metricsFile !== undefined) this.#stops.push(writeMetrics(metricsFile, metrics, tell(metricsFile)))
    if (metricsPort !== undefined) this.#stops.push(serveMetrics(metricsPort, metrics, tell(`127.0.0.1:${metricsPort}`)))
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
  }
}

function stateEvent(where: string, problem: unknown): LogEvent {
  return problem === undefined
    ? { level: 'info', event: 'metrics-recovered', text: `metrics are written to ${printable(where)} again`, facts: { where } }
    : { level: 'error', event: 'metrics-refused', text: `metrics cannot be written to ${printable(where)}: ${reasonOf(problem)}`, facts: { where } }
}
