import { closeSync, fstatSync, openSync, statSync, writeSync } from 'node:fs'

/** Lines that the parser of common log format reads, each with a number of its own. */
export function numberedLine(number: number): string {
  const stamp = new Date().toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) ([\d:]+) GMT$/, '$1/$2/$3:$4 +0000')
  return `192.0.2.7 - - [${stamp}] "GET /${number} HTTP/1.1" 200 5`
}

/** Writes numbered lines at a steady pace, as a program with a log of its own: the file is opened again only when it is told to. */
export class LogWriter {
  written = 0
  readonly #path: string
  #fd: number
  #timer: NodeJS.Timeout | undefined

  constructor(path: string) {
    this.#path = path
    this.#fd = openSync(path, 'a')
  }

  start(linesPerSecond: number): void {
    const began = performance.now()
    let done = 0
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - began) / 1000) * linesPerSecond) - done
      this.write(due)
      done += due
    }, 5)
  }

  write(lines: number): void {
    for (let line = 0; line < lines; line++) writeSync(this.#fd, `${numberedLine(this.written++)}\n`)
  }

  pause(): void {
    clearInterval(this.#timer)
  }

  /** What a HUP makes others do, if another file has the name now. */
  reopen(): void {
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino === fstatSync(this.#fd).ino) return
    closeSync(this.#fd)
    this.#fd = openSync(this.#path, 'a')
  }

  end(): void {
    this.pause()
    closeSync(this.#fd)
  }
}

/** The numbers of the lines that were read. */
export function numbers(events: readonly { readonly kind: string }[]): number[] {
  return events.map((event) => ('path' in event ? Number(String(event.path).slice(1)) : Number.NaN))
}
