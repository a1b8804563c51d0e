// A daemon's log, watched for what it tells of some addresses.

/** Answers a function that waits until that event was told so many times of addresses that begin so, and answers how many there were when it gave up. */
export function watch(daemon, prefix) {
  const counts = new Map()
  let rest = ''
  let changed = () => {}
  daemon.stdout.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      const event = /"event":"([a-z-]+)"/.exec(line)?.[1]
      if (line.includes(`"address":"${prefix}`)) counts.set(event, (counts.get(event) ?? 0) + 1)
    }
    changed()
  })
  return (event, count, limitMs) => new Promise((resolve) => {
    const end = () => {
      clearTimeout(limit)
      changed = () => {}
      const seen = counts.get(event) ?? 0
      counts.set(event, 0)
      resolve(seen)
    }
    const limit = setTimeout(end, limitMs)
    changed = () => {
      if ((counts.get(event) ?? 0) >= count) end()
    }
    changed()
  })
}
