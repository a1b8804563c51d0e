import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { SECOND, type Micros } from '../../parsers/time.ts'
import { FileFollower } from '../../src/sources/file-follower.ts'
import { readFilePosition, type FilePosition } from '../../src/sources/file-place.ts'
import type { Chunk } from '../../src/sources/generation.ts'
import { useFolder } from './run.ts'

/** A log, gone before each test, and its follower, which looks when it is told to and whose clock stands still meanwhile. */
export interface LogFollower {
  readonly log: string
  readonly append: (text: string, path?: string) => void
  /** Follows, from where another one was. Answers why it cannot. */
  readonly start: (position?: unknown) => Promise<string | undefined>
  /** Answers why it cannot. */
  readonly look: () => Promise<string | undefined>
  /** Looks. Answers the lines since the last time. */
  readonly lines: () => Promise<string[]>
  /** Lines with how they were handed on, without another look. */
  readonly marked: () => string[]
  /** What it has said since it was started. */
  readonly notes: readonly string[]
  readonly position: () => FilePosition
  readonly pass: (seconds: number) => void
  readonly close: () => void
}

export function useFollower(): LogFollower {
  const own = join(useFolder().path, 'logs')
  const log = join(own, 'access.log')
  const notes: string[] = []
  const chunks: Chunk[] = []
  let seconds = 1000
  let follower: FileFollower | undefined

  beforeEach(() => {
    rmSync(own, { recursive: true, force: true })
    mkdirSync(own)
  })
  afterEach(() => follower?.close())

  const look = (): Promise<string | undefined> => follower!.look()
  return {
    log, notes, look,
    append: (text, path = log) => appendFileSync(path, text),
    start: async (position) => {
      chunks.length = notes.length = 0
      follower = new FileFollower(log, {
        now: () => (seconds * SECOND) as Micros, isStopped: () => false, note: (text) => notes.push(text),
        lines: async (chunk) => void chunks.push(chunk),
      })
      return follower.start(position === undefined ? undefined : readFilePosition(JSON.parse(JSON.stringify(position))))
    },
    lines: async () => {
      await look()
      return chunks.splice(0).flatMap((chunk) => chunk.lines)
    },
    marked: () => chunks.splice(0).flatMap(({ lines, backlog, counted }) => lines.map((line) => `${line}${backlog ? ' backlog' : ''}${counted ? '' : ' again'}`)),
    position: () => follower!.position(),
    pass: (more) => void (seconds += more),
    close: () => follower!.close(),
  }
}
