import type { Readable } from 'node:stream'
import type { Driver, DriverHost, Ending } from './driver.ts'
import { LineSplitter } from './lines.ts'

/** Reads standard input to its end, once. A last line without its newline may have been cut: it is dropped. */
export function stdinDriver(input: Readable): Driver {
  const run = async (host: DriverHost): Promise<Ending> => {
    const lines: string[] = []
    const splitter = new LineSplitter((line) => lines.push(line))
    const stop = (): void => void input.destroy()
    host.signal.addEventListener('abort', stop, { once: true })
    host.running()
    try {
      for await (const chunk of input) {
        splitter.push(chunk as Buffer)
        await host.lines({ lines: lines.splice(0), backlog: false, counted: true, bytes: (chunk as Buffer).length })
      }
    } finally {
      host.signal.removeEventListener('abort', stop)
    }
    return { why: 'standard input has ended', isFinal: true }
  }
  return { run, position: () => undefined }
}
