import type { Readable } from 'node:stream'
import type { Micros } from '../../parsers/time.ts'
import type { Driver, DriverHost, Ending, LineBatch } from './driver.ts'
import { isRecord } from './position.ts'
import type { Position } from './source.ts'

/**
 * What the process that reads a source says to the one that may not, one JSON object a line. An empty line says nothing: it only finds
 * out whether anybody listens.
 */
export type ReaderMessage =
  | { readonly say: 'lines'; readonly batch: LineBatch }
  /** Of the lines that were said before. */
  | { readonly say: 'position'; readonly position: Position }
  | { readonly say: 'running' | 'restarting' }
  | { readonly say: 'lost'; readonly lines: number; readonly why: string }
  | { readonly say: 'note'; readonly text: string }
  | { readonly say: 'written-after'; readonly time: Micros; readonly stamp: Micros }
  | { readonly say: 'suspended'; readonly why: string; readonly retryMs?: number | undefined }

/** It is our own program that speaks: what is no message is left out. */
const MESSAGES: readonly string[] = ['lines', 'position', 'running', 'restarting', 'lost', 'note', 'written-after', 'suspended'] satisfies ReaderMessage['say'][]

export interface Told {
  readonly suspended: (why: string, retryMs: number | undefined) => void
  readonly restarting: () => void
}

/** Takes lines from a process that reads the source. It cannot be started again: the right to was given up. */
export function readFrom(output: Readable, first: Position, told: Told): Driver {
  let position = first
  const run = async (host: DriverHost): Promise<Ending> => {
    const stop = (): void => void output.destroy()
    host.signal.addEventListener('abort', stop, { once: true })
    try {
      for await (const message of messages(output)) {
        if (message.say === 'position') ({ position } = message)
        else await take(message, host, told)
      }
    } catch (error) {
      if (!host.signal.aborted) throw error
    } finally {
      host.signal.removeEventListener('abort', stop)
    }
    return { why: 'the process that reads it has ended: start Knocktail anew', isFinal: true }
  }
  return { run, position: () => position }
}

async function take(message: Exclude<ReaderMessage, { say: 'position' }>, host: DriverHost, told: Told): Promise<void> {
  switch (message.say) {
    case 'lines': return host.lines(message.batch)
    case 'running': return host.running()
    case 'restarting': return told.restarting()
    case 'lost': return host.lost(message.lines, message.why)
    case 'note': return host.note(message.text)
    case 'written-after': return host.writtenAfter(message.time, message.stamp)
    case 'suspended': return told.suspended(message.why, message.retryMs)
  }
}

async function* messages(output: Readable): AsyncGenerator<ReaderMessage> {
  let carry = ''
  output.setEncoding('utf8')
  for await (const text of output) {
    const lines = `${carry}${text as string}`.split('\n')
    carry = lines.pop()!
    for (const line of lines) {
      const message = line === '' ? undefined : readMessage(line)
      if (message) yield message
    }
  }
}

function readMessage(line: string): ReaderMessage | undefined {
  try {
    const message: unknown = JSON.parse(line)
    return isRecord(message) && MESSAGES.includes(String(message['say'])) ? (message as unknown as ReaderMessage) : undefined
  } catch {
    return undefined
  }
}
