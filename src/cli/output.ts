import { once } from 'node:events'

/** Standard output in whole lines, no faster than it is read. */
export class Output {
  #pending: string[] = []

  line(text: string): void {
    this.#pending.push(text)
  }

  async flush(): Promise<void> {
    if (this.#pending.length === 0) return
    const text = `${this.#pending.join('\n')}\n`
    this.#pending = []
    if (!process.stdout.write(text)) await once(process.stdout, 'drain')
  }
}

/** A message for people. */
export function tell(message: string): void {
  process.stderr.write(`${message}\n`)
}

/** Whoever read our output has gone (`| head`): that is no failure. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit(process.exitCode ?? 0)
    })
  }
}
