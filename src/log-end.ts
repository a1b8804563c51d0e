import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const END_BYTES = 1 << 16

/** The last whole lines of a log file as it is now, up to 64 KiB; none if it cannot be read. */
export function lastLines(path: string): string[] {
  try {
    const file = openSync(path, 'r')
    try {
      return wholeLines(file, fstatSync(file).size)
    } finally {
      closeSync(file)
    }
  } catch {
    return []
  }
}

function wholeLines(file: number, size: number): string[] {
  const from = Math.max(0, size - END_BYTES)
  const buffer = Buffer.alloc(size - from)
  const lines = buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, from)).split('\n')
  return lines.slice(from > 0 ? 1 : 0, -1)
}
