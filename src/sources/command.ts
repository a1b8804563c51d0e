import { quoted } from '../printable.ts'
import { findProgram, runChild } from './child.ts'
import type { Driver, DriverHost, Ending } from './driver.ts'
import { LineSplitter } from './lines.ts'
import { splitWords } from './words.ts'

/** Reads what a command prints, and starts it again when it ends. A last line without its newline may have been cut: it is dropped. */
export function commandDriver(command: string): Driver {
  const run = async (host: DriverHost): Promise<Ending> => {
    const argv = argvOf(command)
    if ('why' in argv) return { ...argv, isFinal: false }
    const lines: string[] = []
    const splitter = new LineSplitter((line) => lines.push(line))
    host.running()
    const onChunk = async (chunk: Buffer): Promise<void> => {
      splitter.push(chunk)
      await host.lines({ lines: lines.splice(0), backlog: false, counted: true, bytes: chunk.length })
    }
    return { why: await runChild({ argv, signal: host.signal, onChunk, note: host.note }), isFinal: false }
  }
  return { run, position: () => undefined }
}

function argvOf(command: string): [string, ...string[]] | { readonly why: string } {
  const words = splitWords(command)
  if (!Array.isArray(words)) return { why: `the command ${quoted(command)} ${words.fault}` }
  const [name, ...args] = words
  const program = name === undefined || name === '' ? undefined : findProgram(name)
  if (program === undefined) return { why: `there is no program ${quoted(name ?? '')}: give its absolute path` }
  return [program, ...args]
}
