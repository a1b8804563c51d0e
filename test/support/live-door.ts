import { afterEach, beforeAll } from 'vitest'
import { doorConfig, loadRules, useNamespaceLog, type DoorConfig } from './door.ts'
import { LiveDaemon, type LiveOptions } from './live.ts'
import { useNetns, type Netns } from './netns.ts'
import { useFolder, type Folder } from './run.ts'

/** A server with a door, and the real daemon before it: each test starts its own, and finds the firewall as it was at first. */
export interface LiveDoor {
  readonly netns: Netns
  readonly folder: Folder
  readonly prefix: string
  /** The one that was started last. */
  readonly daemon: LiveDaemon
  /** Resolves when it follows its source. */
  readonly start: (config?: Partial<DoorConfig>, options?: Partial<LiveOptions>) => Promise<LiveDaemon>
  /** Who may come in, as nft lists them. */
  readonly elements: () => Promise<string>
}

/** `letter` sets the prefix apart from those of other files: all of them knock in one kernel log. */
export function useLiveDoor(letter: string): LiveDoor {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}${letter}: `
  let daemon: LiveDaemon | undefined

  beforeAll(async () => {
    await loadRules(netns, prefix)
    await netns.listen(22)
    await netns.addClient('192.0.2.11')
  })
  afterEach(async () => {
    await daemon?.stop()
    await loadRules(netns, prefix)
  })

  return {
    netns, folder, prefix,
    get daemon() {
      if (daemon === undefined) throw new Error('no test has started it')
      return daemon
    },
    start: async (config = {}, options = {}) => {
      daemon = new LiveDaemon(netns, { folder: folder.path, config: doorConfig({ prefix, ...config }), ...options })
      await daemon.until('source-running')
      return daemon
    },
    elements: async () => (await netns.inServer(['nft', 'list', 'set', 'inet', 'filter', 'knock4'])).stdout,
  }
}
