import { once } from 'node:events'
import { reasonOf } from '../error.ts'

/** Standard output in whole lines, no faster than it is read. */
export class Output {
  readonly #beforeWriting: () => void
  #pending: string[] = []

  constructor(beforeWriting: () => void = () => {}) {
    this.#beforeWriting = beforeWriting
  }

  /** Undefined: nothing to say. */
  line(text: string | undefined): void {
    if (text !== undefined) this.#pending.push(text)
  }

  async flush(): Promise<void> {
    if (this.#pending.length === 0) return
    const text = `${this.#pending.join('\n')}\n`
    this.#pending = []
    this.#beforeWriting()
    if (!process.stdout.write(text)) await once(process.stdout, 'drain')
  }
}

/** A message for people. */
export function tell(message: string): void {
  process.stderr.write(`${message}\n`)
}

/** Whoever read our output has gone (`| head`): that is no failure. A full disk is one. */
export function endOnBrokenOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
      if (stream === process.stdout) tell(`knocktail: standard output cannot be written: ${reasonOf(error)}`)
      process.exit(1)
    })
  }
}
