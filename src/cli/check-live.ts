import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from '../../parsers/address.ts'
import type { ConnectionEvent } from '../../parsers/event.ts'
import { REASONS, type Reason } from '../../parsers/reason.ts'
import { MILLISECOND, SECOND } from '../../parsers/time.ts'
import { Spent } from '../../rules/spent.ts'
import { machineClocks, readBootId, type Clocks } from '../clocks.ts'
import type { Config } from '../config/config.ts'
import { formatDuration, readPositiveDuration } from '../config/duration.ts'
import { KnocktailError } from '../error.ts'
import { entryRecord, Timeline } from '../explain/timeline.ts'
import { Trace, type TraceEntry } from '../explain/trace.ts'
import { jsonLine } from '../json-line.ts'
import { liveRules } from '../live-rules.ts'
import { ownAddresses } from '../own-addresses.ts'
import { loadDialect } from '../plug-in.ts'
import { printable } from '../printable.ts'
import { followSource } from '../sources/follow.ts'
import type { EventBatch, LiveSource } from '../sources/source.ts'
import { Output, tell } from './output.ts'

/** How often it is told of lines that gave no event. */
const TICK_MS = 500

/** `knocktail check --live`: follows the sources and shows what comes of each line, until something was knocked rightly. Answers the exit code: 1 if nothing was. */
export async function runCheckLive(config: Config, { for: text, json }: { readonly for: string; readonly json?: boolean }): Promise<number> {
  const limit = readPositiveDuration(text)
  if ('fault' in limit) throw new KnocktailError('usage', `--for ${limit.fault}`)
  if (config.sources.length === 0) throw new KnocktailError('failed', 'there is no source to follow: name one with a [source NAME] section')
  const clocks = machineClocks()
  const watch = new Watch(config, clocks, json === true)
  const sources = await Promise.all(config.sources.map((source) => follow(source, config, clocks, watch)))
  const deadline = performance.now() + limit.value / MILLISECOND
  tell(`waiting ${formatDuration(limit.value)} for a knock: nothing will be opened`)
  while (!watch.isKnocked && performance.now() < deadline) {
    await sleep(Math.min(TICK_MS, Math.max(1, deadline - performance.now())))
    watch.tellUnread(sources)
  }
  watch.tellUnread(sources)
  for (const source of sources) tell(`source ${printable(source.name)}: ${source.stats.lines} lines, ${source.stats.events} events`)
  await Promise.all(sources.map((source) => source.stop()))
  if (!watch.isKnocked) tell(`nothing was knocked rightly within ${formatDuration(limit.value)}`)
  return watch.isKnocked ? 0 : 1
}

async function follow(source: Config['sources'][number], config: Config, clocks: Clocks, watch: Watch): Promise<LiveSource> {
  const name = printable(source.name)
  return followSource(source, {
    clocks, bootId: readBootId(clocks), dialect: await loadDialect(source.parser ?? 'kernel'), position: undefined, proxies: () => config.proxies, knockCount: () => 0,
    events: {
      events: (batch) => watch.read(batch),
      running: () => tell(`source ${name} is being followed`),
      suspended: (_, why) => tell(`source ${name} cannot be read: ${printable(why)}`),
      lost: (_, lines, why) => tell(`source ${name} lost ${lines} lines: ${printable(why)}`),
      note: (_, note) => tell(`source ${name}: ${printable(note)}`),
    },
  })
}

/** What comes of events, as the daemon would take them, and told as it happens. */
class Watch {
  readonly #config: Config
  readonly #clocks: Clocks
  readonly #isJson: boolean
  readonly #trace: Trace
  readonly #timeline: Timeline
  readonly #output = new Output()
  readonly #unread = new Map<string, number>()
  isKnocked = false

  constructor(config: Config, clocks: Clocks, isJson: boolean) {
    const live = liveRules(config, { own: ownAddresses(clocks), spent: new Spent() })
    this.#config = { ...live, rules: live.rules.map((rule) => ({ ...rule, opens: { ...rule.opens, observe: true } })) }
    this.#clocks = clocks
    this.#isJson = isJson
    this.#trace = new Trace(this.#config, undefined)
    this.#timeline = new Timeline(this.#config, config.sources.length > 1)
  }

  async read({ events, backlog }: EventBatch): Promise<void> {
    if (backlog) return
    for (const event of events) if (!this.#tellStale(event)) for (const entry of this.#trace.read(event)) this.#tell(entry, event.src)
    await this.#output.flush()
  }

  #tellStale({ src, time, source }: ConnectionEvent): boolean {
    const age = this.#clocks.wall() - time
    if (Math.abs(age) <= this.#config.maxAge) return false
    const lead = `${Math.round(Math.abs(age) / SECOND)} s ${age > 0 ? 'old' : 'ahead'}`
    tell(`source ${printable(source)}: a line of ${src} is ${lead}, and does not count: its clock or zone is wrong (timezone)`)
    return true
  }

  #tell(entry: TraceEntry, src: Address): void {
    const address = entry.kind === 'happening' ? entry.happening.address : src
    const isMatch = entry.kind === 'happening' && entry.happening.event === 'observed'
    const lines = this.#isJson ? [jsonLine({ address, ...entryRecord(entry) })] : this.#timeline.lines(entry).map((line) => `${address.padEnd(15)}  ${line}`)
    for (const line of lines) this.#output.line(line)
    if (!isMatch) return
    this.isKnocked = true
    if (!this.#isJson) this.#output.line(`${''.padEnd(17)}the daemon would do it: ${wouldDo(this.#config, entry.happening.rule)}`)
  }

  /** Lines that gave no event, by why. */
  tellUnread(sources: readonly LiveSource[]): void {
    for (const { name, stats } of sources) for (const [reason, count] of stats.reasons) this.#tellReason(name, reason, count)
  }

  #tellReason(source: string, reason: Reason, count: number): void {
    const key = `${source} ${reason}`
    const more = count - (this.#unread.get(key) ?? 0)
    if (more > 0) tell(`source ${printable(source)}: ${more === 1 ? 'a line' : `${more} lines`} without an event: ${REASONS[reason]}`)
    this.#unread.set(key, count)
  }
}

function wouldDo({ rules, firewall }: Config, name: string | undefined): string {
  const { ports, openFor, startCommand, firewall: own } = rules.find(({ match }) => match.name === name)!.opens
  if (ports.length === 0) return printable(startCommand ?? 'nothing')
  return `open ${ports.map(({ port, proto }) => `${port}/${proto}`).join(', ')} for ${formatDuration(openFor)} by ${own ?? firewall ?? 'no firewall'}`
}
