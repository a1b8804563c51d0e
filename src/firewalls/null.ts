import type { Opener } from './tools.ts'
import { DONE } from './outcome.ts'

/** Does nothing, and is content: what would be done is told by the log. */
export const openNull: Opener = () => ({
  add: async (entries) => entries.map(() => DONE),
  renew: async (entries) => entries.map(() => DONE),
  remove: async (addresses) => addresses.map(() => DONE),
  list: async () => ({ kind: 'listed', entries: [] }),
  check: async () => [],
  kill: async () => DONE,
})
