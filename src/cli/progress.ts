import { Presets, SingleBar } from 'cli-progress'

/** Shorter work is over before a bar could be read. */
const SHOWN_AFTER_MS = 1000

export interface Progress {
  readonly add: (bytes: number) => void
  readonly stop: () => void
}

/** A bar on the terminal while `total` bytes are read; nothing if standard error is no terminal or the end is unknown. */
export function startProgress(total: number | undefined): Progress {
  if (!process.stderr.isTTY || total === undefined) return { add: () => {}, stop: () => {} }
  const bar = new SingleBar({ format: '{bar} {percentage}% of {megabytes} MB, {eta_formatted} left', clearOnComplete: true }, Presets.shades_classic)
  const startedMs = performance.now()
  let read = 0
  let shown = false
  return {
    add: (bytes) => {
      read += bytes
      if (!shown && performance.now() - startedMs > SHOWN_AFTER_MS) {
        shown = true
        bar.start(total, read, { megabytes: Math.ceil(total / 1e6) })
      }
      if (shown) bar.update(read)
    },
    stop: () => {
      if (shown) bar.stop()
    },
  }
}
