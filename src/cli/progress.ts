/** Shorter work is over before a bar could be read. */
const SHOWN_AFTER_MS = 1000

export interface Progress {
  readonly add: (bytes: number) => void
  /** Takes the bar away while lines are written to the same terminal; the next bytes bring it back. */
  readonly pause: () => void
  readonly stop: () => void
}

/** A bar on the terminal while `total` bytes are read; nothing if standard error is no terminal or the end is unknown. */
export async function startProgress(total: number | undefined): Promise<Progress> {
  if (!process.stderr.isTTY || total === undefined) return { add: () => {}, pause: () => {}, stop: () => {} }
  const { Presets, SingleBar } = await import('cli-progress')
  // Without line wrapping an interrupted bar would leave the terminal without it too.
  const bar = new SingleBar({ format: '{bar} {percentage}% of {megabytes} MB, {left} s left', barsize: 30, linewrap: true, clearOnComplete: true }, Presets.shades_classic)
  const megabytes = Math.ceil(total / 1e6)
  const startedMs = performance.now()
  let read = 0
  let shown = false
  const stop = (): void => {
    if (shown) bar.stop()
    shown = false
  }
  return {
    add: (bytes) => {
      read += bytes
      const spentMs = performance.now() - startedMs
      if (spentMs < SHOWN_AFTER_MS) return
      const left = Math.max(0, Math.ceil((spentMs / read) * (total - read) / 1000))
      if (shown) bar.update(read, { left })
      else bar.start(total, read, { megabytes, left })
      shown = true
    },
    pause: () => {
      if (process.stdout.isTTY) stop()
    },
    stop,
  }
}
