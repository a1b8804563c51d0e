import { LONGEST_LINE } from '../wire.ts'

const MOST_WAITING = 4096

/** The unprivileged part, at the other end of the pipe. While it lives it decides, and signals are for it. */
export class Front {
  /** Resolves when it has died, or was told to. */
  readonly ended: Promise<void>
  readonly end: () => void
  /** Whether we were told to end, before or after it died. */
  isHurried = false

  constructor() {
    let end = (): void => {}
    this.ended = new Promise((resolve) => (end = resolve))
    this.end = end
    // Nobody may be there to read.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
    process.on('SIGHUP', () => {})
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (this.isHurried = true))
  }

  /** Hands over its lines, and reads no more while too many of them wait. */
  listen(receive: (line: string) => void, waiting: { readonly size: number; readonly idle: () => Promise<void> }): void {
    const { stdin } = process
    let rest = ''
    stdin.setEncoding('latin1')
    stdin.on('data', (chunk: string) => {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop()!
      const tooLong = lines.findIndex((line) => line.length > LONGEST_LINE)
      for (const line of tooLong < 0 ? lines : lines.slice(0, tooLong)) receive(line)
      if (tooLong >= 0 || rest.length > LONGEST_LINE) stdin.destroy()
      if (waiting.size > MOST_WAITING) {
        stdin.pause()
        void waiting.idle().then(() => stdin.resume())
      }
    })
    for (const event of ['end', 'error', 'close'] as const) stdin.on(event, this.end)
  }
}
