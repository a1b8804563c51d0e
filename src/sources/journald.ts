import type { Clocks } from '../clocks.ts'
import type { Dialect } from '../../parsers/parser.ts'
import type { Micros } from '../../parsers/time.ts'
import { findProgram, runChild } from './child.ts'
import type { Driver, DriverHost, Ending } from './driver.ts'
import { LineSplitter } from './lines.ts'
import { isCount, isRecord, ResumePoints } from './position.ts'
import type { Position } from './source.ts'

/** What the parsers read of a record; journalctl adds cursor, times and boot id by itself. */
const FIELDS = ['MESSAGE', '_TRANSPORT', 'SYSLOG_FACILITY', 'SYSLOG_IDENTIFIER', '_SOURCE_MONOTONIC_TIMESTAMP', '_PID'].join(',')
const COMMON = ['--boot', '--quiet', '--no-pager', '--output=json']
/** The journal's last record, of which only the cursor matters. */
const NEWEST = [...COMMON, '--output-fields=_BOOT_ID', '--lines=1']
const LONGEST_CURSOR = 512

export interface JournaldContext {
  readonly clocks: Clocks
  readonly bootId: string
  readonly position: Position
  readonly dialect: Dialect
}

/** How far the journal was read: cursors as journalctl prints them. */
interface JournalPosition {
  readonly boot: string
  readonly cursor: string
  /** When journald stored the newest record that was read, by CLOCK_MONOTONIC: journalctl may print a little out of order. */
  readonly monotonic: number
  /** Where the lines begin that are read again. */
  readonly resume: string | undefined
}

/** Follows the journal of this boot through journalctl, from the cursor where it was left. */
export function journaldDriver(context: JournaldContext): Driver {
  const reading = new JournalReading(context)
  const run = async (host: DriverHost): Promise<Ending> => {
    const program = findProgram('journalctl')
    if (program === undefined) return { why: 'there is no journalctl on this machine', isFinal: false }
    const journalctl = async (args: readonly string[], onChunk: (chunk: Buffer) => Promise<void>): Promise<string> =>
      runChild({ argv: [program, ...args], signal: host.signal, note: host.note, onChunk })
    // By the time that journalctl follows, the journal may have grown: its end is found out before anybody is told that it is read.
    if (!reading.hasBegun) await journalctl(NEWEST, async (chunk) => reading.beginAfter(chunk.toString('latin1')))
    reading.begin()
    host.running()
    const splitter = new LineSplitter((line) => reading.take(line))
    const why = await journalctl(reading.args(), async (chunk) => {
      splitter.push(chunk)
      await reading.handOn(host, chunk.length)
    })
    return { why, isFinal: false }
  }
  return { run, position: () => reading.position() }
}

class JournalReading {
  readonly #clocks: Clocks
  readonly #matches: readonly string[]
  readonly #boot: string
  readonly #points = new ResumePoints<string>()
  readonly #startedAt: Micros
  readonly #bootId: string
  /** Up to there the process before us has read. */
  readonly #readTo: number
  #cursor: string | undefined
  #monotonic: number
  #takenTo: number
  #resume: string | undefined
  #again: string[] = []
  #backlog: string[] = []
  #live: string[] = []
  #taken: string | undefined
  #hasBegun: boolean

  constructor({ clocks, bootId, position, dialect }: JournaldContext) {
    this.#clocks = clocks
    this.#boot = `"_BOOT_ID":"${bootId.replaceAll('-', '')}"`
    this.#matches = matchesOf(dialect)
    this.#bootId = bootId
    this.#startedAt = clocks.monotonic()
    const saved = readJournalPosition(position)
    this.#cursor = saved?.cursor
    this.#resume = saved?.resume
    this.#readTo = saved?.boot === bootId ? saved.monotonic : -1
    this.#monotonic = this.#takenTo = this.#readTo
    this.#hasBegun = saved !== undefined
    if (saved?.resume !== undefined) this.#points.passed(clocks.boot(), () => saved.resume!)
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Nothing that is there has to be read: it is history. */
  beginAfter(record: string): void {
    this.#cursor = fieldOf(record, CURSOR)
    this.#monotonic = this.#takenTo = Number(fieldOf(record, MONOTONIC) ?? -1)
  }

  /** A new journalctl begins where the one before it was read to. */
  begin(): void {
    if (this.#hasBegun && this.#taken !== undefined) this.#resume = undefined
    this.#hasBegun = true
    this.#taken = this.#cursor
  }

  args(): string[] {
    const from = this.#resume ?? this.#cursor
    const start = from === undefined ? [] : [`--after-cursor=${from}`]
    return [...COMMON, '--follow', '--no-tail', `--output-fields=${FIELDS}`, ...start, ...this.#matches]
  }

  position(): Position {
    return this.#cursor === undefined ? undefined : { boot: this.#bootId, cursor: this.#cursor, monotonic: this.#monotonic, resume: this.#points.oldest }
  }

  take(line: string): void {
    const cursor = fieldOf(line, CURSOR)
    if (cursor === undefined || !line.includes(this.#boot)) return
    const stored = Number(fieldOf(line, MONOTONIC))
    if (stored <= this.#readTo) {
      this.#again.push(line)
      return
    }
    this.#taken = cursor
    this.#takenTo = Math.max(this.#takenTo, stored)
    const lines = stored < this.#startedAt ? this.#backlog : this.#live
    lines.push(line)
  }

  async handOn(host: DriverHost, bytes: number): Promise<void> {
    for (const [lines, backlog, counted] of [[this.#again, true, false], [this.#backlog, true, true], [this.#live, false, true]] as const) {
      if (lines.length > 0) await host.lines({ lines: lines.splice(0), backlog, counted, bytes: counted ? bytes : 0 })
    }
    const { boot } = this.#clocks
    if (this.#cursor !== undefined) this.#points.passed(boot(), () => this.#cursor!)
    this.#cursor = this.#taken
    this.#monotonic = this.#takenTo
  }
}

function matchesOf({ kernelOnly, tags }: Dialect): string[] {
  if (kernelOnly) return ['_TRANSPORT=kernel', 'SYSLOG_FACILITY=0']
  return (tags ?? []).map((tag) => `SYSLOG_IDENTIFIER=${tag}`)
}

const CURSOR = '"__CURSOR":"'
const MONOTONIC = '"__MONOTONIC_TIMESTAMP":"'

/** A quote within a value is escaped, so the key can be nowhere else. */
function fieldOf(line: string, key: string): string | undefined {
  const found = line.indexOf(key)
  if (found < 0) return undefined
  const end = line.indexOf('"', found + key.length)
  return end < 0 ? undefined : line.slice(found + key.length, end)
}

function readJournalPosition(position: Position): JournalPosition | undefined {
  if (!isRecord(position)) return undefined
  const { boot, cursor, monotonic, resume } = position
  if (typeof boot !== 'string' || !isCursor(cursor) || !isCount(monotonic)) return undefined
  return { boot, cursor, monotonic, resume: isCursor(resume) ? resume : undefined }
}

/** It becomes an argument of a program. */
function isCursor(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_CURSOR && /^[a-z]=[\w;=]+$/.test(value)
}
