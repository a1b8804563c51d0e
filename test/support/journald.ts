import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { afterAll, beforeAll, expect } from 'vitest'
import { eventually } from './eventually.ts'

const JOURNALD = '/usr/lib/systemd/systemd-journald'
const SOCKET = '/run/systemd/journal/stdout'

/** One journald at a time: it is not ours to end if somebody else has started it. */
export function useJournald(): void {
  let journald: ChildProcess | undefined
  beforeAll(async () => {
    mkdirSync('/run/systemd/journal', { recursive: true })
    journald = spawn(JOURNALD, { stdio: 'ignore' })
    await eventually(() => expect(existsSync(SOCKET)).toBe(true))
  })
  afterAll(() => journald?.kill())
}
