import { findDialect } from '../../parsers/dialects.ts'
import type { Micros } from '../../parsers/time.ts'
import { UTC } from '../../parsers/zone.ts'
import { Replay } from '../../src/replay.ts'
import { openLogReader } from '../../src/sources/log-reader.ts'
import { config } from './config.ts'

/** What is decided of a log, the way that `knocktail replay` goes. */
export interface Decided {
  /** For whom something was opened, or extended. */
  readonly opened: readonly string[]
  readonly events: number
  /** Why lines gave none, in the order in which the reasons first came up. */
  readonly reasons: readonly string[]
}

/** Bytes stand for themselves in `lines`, as everywhere (latin1). */
export async function decide(configText: string, parser: string, lines: readonly string[]): Promise<Decided> {
  const conf = config(configText)
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')
  const reader = await openLogReader(inMemory(text), { parser: findDialect(parser), zone: UTC, year: undefined, spans: undefined, proxies: conf.proxies })
  const replay = new Replay(conf)
  const opened: string[] = []
  for await (const batch of reader.batches()) {
    for (const { event: shown } of batch) {
      const happenings = shown ? replay.read(shown) : []
      opened.push(...happenings.filter(({ event }) => event === 'open' || event === 'extend').map(({ address }) => address))
    }
  }
  return { opened, events: reader.report.events, reasons: [...reader.report.reasons.keys()] }
}

function inMemory(text: Buffer): Parameters<typeof openLogReader>[0] {
  const all = async function* (): AsyncGenerator<Buffer> {
    yield text
  }
  return { path: 'log', title: 'log', bytes: text.length, written: (Date.UTC(2026, 10, 21) * 1000) as Micros, chunks: all, tail: all }
}
