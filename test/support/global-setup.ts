import { readFileSync, writeFileSync } from 'node:fs'

/** The kernel logs what other network namespaces log only if it is told to: for all tests at once, since they run side by side. */
const ALL_NETNS = '/proc/sys/net/netfilter/nf_log_all_netns'

export default function setup(): (() => void) | undefined {
  try {
    const before = readFileSync(ALL_NETNS, 'latin1')
    writeFileSync(ALL_NETNS, '1')
    return () => writeFileSync(ALL_NETNS, before)
  } catch {
    // Without root, or elsewhere than on Linux, the tests that need it are skipped.
    return undefined
  }
}
