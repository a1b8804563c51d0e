import type { Counter, Gauge, Registry } from 'prom-client'
import type { Status } from '../control/controlled.ts'
import type { LogEvent } from '../log/event.ts'
import type { Tally } from '../tally.ts'

/** What is measured, asked for anew at each reading. */
export interface Measured {
  readonly status: () => Status
  readonly tally: () => Tally
}

/** Seconds from when a door was wanted open, or shut, until its firewall confirmed it. */
const LAG_SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30, 60]

/** Everything that can be counted, as https://prometheus.io/docs/instrumenting/exposition_formats/ has it. */
export class Metrics {
  readonly #registry: Registry
  readonly #openLag
  readonly #closeLag
  readonly #errors
  readonly #closes

  /** The library is loaded only where metrics are wanted. */
  static async create(measured: Measured): Promise<Metrics> {
    return new Metrics(await import('prom-client'), measured)
  }

  private constructor(prom: typeof import('prom-client'), measured: Measured) {
    const registry = new prom.Registry()
    this.#registry = registry
    const lag = (name: string, help: string) => new prom.Histogram({ name, help, buckets: LAG_SECONDS, registers: [registry] })
    this.#openLag = lag('knocktail_open_seconds', 'From a match until the firewall confirmed the open door.')
    this.#closeLag = lag('knocktail_close_seconds', 'From the end of a grant until the firewall confirmed the shut door.')
    this.#errors = new prom.Counter({ name: 'knocktail_errors_total', help: 'Errors that were told, by event.', labelNames: ['event'], registers: [registry] })
    this.#closes = new prom.Counter({ name: 'knocktail_closes_total', help: 'Doors that closed, at their time or before.', labelNames: ['rule'], registers: [registry] })
    for (const { name, help, labels, read } of COUNTERS) {
      const counter: Counter = new prom.Counter({ name, help, labelNames: [...labels], registers: [registry], collect: () => fill(counter, labels, read(measured)) })
    }
    for (const { name, help, labels, read } of GAUGES) {
      const gauge: Gauge = new prom.Gauge({ name, help, labelNames: [...labels], registers: [registry], collect: () => fill(gauge, labels, read(measured)) })
    }
  }

  /** Of what is told, what nobody keeps a count of. */
  see({ level, event, facts }: LogEvent): void {
    if (level === 'error') this.#errors.inc({ event })
    const { ms, rule } = facts
    if (event === 'close' && typeof rule === 'string') this.#closes.inc({ rule })
    if (typeof ms !== 'number') return
    if (event === 'opened') this.#openLag.observe(ms / 1000)
    if (event === 'closed') this.#closeLag.observe(ms / 1000)
  }

  /** The text of all, as it is at this moment. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }
}

/** One value for each combination of labels. */
type Values = readonly (readonly [labels: readonly string[], value: number])[]

interface Family {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly read: (measured: Measured) => Values
}

function fill(metric: Counter | Gauge, labels: readonly string[], values: Values): void {
  metric.reset()
  for (const [own, value] of values) metric.inc(Object.fromEntries(labels.map((label, index) => [label, own[index] ?? ''])), value)
}

const ofRules = (read: (tally: Tally['rules'] extends ReadonlyMap<string, infer T> ? T : never) => number) => ({ tally }: Measured): Values =>
  [...tally().rules].map(([rule, counts]) => [[rule], read(counts)] as const)

const COUNTERS: readonly Family[] = [
  {
    name: 'knocktail_lines_total', help: 'Lines read, by source and what became of them.', labels: ['source', 'outcome'],
    read: ({ status }) => status().sources.flatMap(({ name, understood, notUnderstood, stale, lost }) => [
      [[name, 'understood'], understood], [[name, 'not_understood'], notUnderstood], [[name, 'stale'], stale], [[name, 'lost'], lost],
    ] as const),
  },
  { name: 'knocktail_source_restarts_total', help: 'How often a source was begun again.', labels: ['source'], read: ({ status }) => status().sources.map(({ name, restarts }) => [[name], restarts] as const) },
  {
    name: 'knocktail_attempts_total', help: 'Attempts that have ended, by the step that they reached: the last one is a match.', labels: ['rule', 'step'],
    read: ({ tally }) => [...tally().rules].flatMap(([rule, { reached }]) => [...reached].map(([step, count]) => [[rule, String(step)], count] as const)),
  },
  { name: 'knocktail_opens_total', help: 'Doors opened.', labels: ['rule'], read: ofRules(({ opens }) => opens) },
  { name: 'knocktail_extensions_total', help: 'Doors that were knocked at again while they stood open.', labels: ['rule'], read: ofRules(({ extensions }) => extensions) },
  {
    name: 'knocktail_failures_total', help: 'Attempts that may have been guesses.', labels: ['rule'],
    read: ofRules(({ failedAt }) => [...failedAt.values()].reduce((sum, count) => sum + count, 0)),
  },
  { name: 'knocktail_lockouts_total', help: 'Networks that a rule stopped listening to.', labels: ['rule'], read: ofRules(({ lockouts }) => lockouts) },
]

/** Any local user may read these. How many addresses are remembered is not among them: by that he could find what ports are steps of a sequence that is still good. */
const GAUGES: readonly Family[] = [
  { name: 'knocktail_up', help: 'Always 1.', labels: [], read: () => [[[], 1]] },
  { name: 'knocktail_start_time_seconds', help: 'When the daemon was started.', labels: [], read: ({ status }) => [[[], Date.parse(status().since) / 1000]] },
  { name: 'knocktail_grants', help: 'Grants that stand.', labels: ['rule'], read: ({ status }) => status().rules.map(({ name, grants }) => [[name], grants] as const) },
  { name: 'knocktail_paused', help: 'Whether a rule opens nothing for now.', labels: ['rule'], read: ({ status }) => status().rules.map(({ name, paused }) => [[name], Number(paused)] as const) },
  { name: 'knocktail_queue', help: 'Operations that wait for a firewall.', labels: [], read: ({ status }) => [[[], status().waiting]] },
  { name: 'knocktail_problems', help: 'What status would fail for.', labels: [], read: ({ status }) => [[[], status().conditions.filter(({ weight }) => weight === 'wrong').length]] },
  { name: 'knocktail_source_up', help: 'Whether a source is being followed.', labels: ['source'], read: ({ status }) => status().sources.map(({ name, state }) => [[name], Number(state === 'running')] as const) },
  {
    name: 'knocktail_source_lag_seconds', help: 'How late the last line of a source came.', labels: ['source'],
    read: ({ status }) => status().sources.flatMap(({ name, lagMs }) => (lagMs === undefined ? [] : [[[name], lagMs / 1000] as const])),
  },
  {
    name: 'knocktail_source_quiet_seconds', help: 'How long a source has said nothing.', labels: ['source'],
    read: ({ status }) => status().sources.flatMap(({ name, quietS }) => (quietS === undefined ? [] : [[[name], quietS] as const])),
  },
]
