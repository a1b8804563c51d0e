const PAUSE_MS = 1000

/** Tells losses together: an overrun ring loses many times a second. */
export interface Losses {
  readonly add: (lines: number, why: string) => void
  /** Tells what was not told yet. */
  readonly end: () => void
}

export function collectLosses(tell: (lines: number, why: string) => void): Losses {
  const untold = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  const tellAll = (): void => {
    for (const [why, lines] of untold) tell(lines, why)
    untold.clear()
  }
  const add = (lines: number, why: string): void => {
    untold.set(why, (untold.get(why) ?? 0) + lines)
    timer ??= setTimeout(() => {
      timer = undefined
      tellAll()
    }, PAUSE_MS).unref()
  }
  const end = (): void => {
    clearTimeout(timer)
    tellAll()
  }
  return { add, end }
}
