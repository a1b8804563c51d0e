import type { Clocks } from '../clocks.ts'
import type { LogEvent } from './event.ts'

/** So many of one name are told as they come; a scan makes thousands. */
const TOLD_EACH = 10
const WINDOW = 10_000_000
/** Who came in, and when it was shut behind him, is told every time. */
const ALWAYS: ReadonlySet<string> = new Set(['open', 'opened', 'extend', 'close', 'closed', 'counters'])

interface Window {
  readonly since: number
  count: number
  last: LogEvent
}

/** Holds back what repeats: of each name the first ones in ten seconds are told, then how many more there were. */
export class Summary {
  readonly #write: (event: LogEvent) => void
  readonly #clocks: Pick<Clocks, 'boot'>
  readonly #windows = new Map<string, Window>()

  constructor(write: (event: LogEvent) => void, clocks: Pick<Clocks, 'boot'>) {
    this.#write = write
    this.#clocks = clocks
  }

  write(event: LogEvent): void {
    if (ALWAYS.has(event.event)) return this.#write(event)
    const window = this.#windows.get(event.event)
    if (!window) this.#windows.set(event.event, { since: this.#clocks.boot(), count: 1, last: event })
    else {
      window.count++
      window.last = event
    }
    if (!window || window.count <= TOLD_EACH) this.#write(event)
  }

  /** Ends the windows whose time is over. */
  flush(): void {
    for (const [name, window] of this.#windows) if (this.#clocks.boot() - window.since >= WINDOW) this.#close(name, window)
  }

  end(): void {
    for (const [name, window] of this.#windows) this.#close(name, window)
  }

  #close(name: string, { count, last }: Window): void {
    this.#windows.delete(name)
    const more = count - TOLD_EACH
    if (more <= 0) return
    this.#write({ level: last.level, event: 'repeated', text: `${more} more of ${name}, the last: ${last.text}`, facts: { of: name, more } })
  }
}
