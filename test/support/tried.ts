import { afterEach, expect } from 'vitest'
import { run, type Ran, type RunOptions } from './run.ts'

export interface Tried {
  readonly tried: (args: readonly string[], options?: RunOptions) => Promise<Ran>
  /** One that was run in another way. */
  readonly look: (ran: Ran) => void
}

/** Runs of the command, and after each test what holds whatever the input: a person reads this, on a terminal that obeys what it is sent. */
export function useTried(): Tried {
  const all: Ran[] = []
  afterEach(() => {
    for (const { stdout, stderr } of all.splice(0)) {
      expect(stderr).not.toMatch(/^\s+at |node:internal|\.[jt]s:\d|Unhandled|TypeError/m)
      // oxlint-disable-next-line no-control-regex
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/)
    }
  })
  return {
    tried: async (args, options) => {
      const ran = await run(args, options)
      all.push(ran)
      return ran
    },
    look: (ran) => void all.push(ran),
  }
}
