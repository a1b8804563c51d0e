import { defineConfig } from 'vitest/config'

/**
 * What follows the one kernel log, the one journal, or measures: one file at a time, after all others. The other tests of the real thing
 * have namespaces of their own and run beside the rest.
 */
const ALONE = [
  'attacks', 'commands', 'control', 'crash', 'docs', 'doors', 'init', 'journald', 'kmsg', 'knock-client', 'knock-secrets', 'loggers', 'logrotate', 'origin', 'rights', 'running',
  'secret-knocks', 'units',
].map((name) => `test/system/${name}.test.ts`)

/** Only where it is needed: a run of unit tests beside one of system tests would set it back amid these. */
const NAMESPACE_LOG = ['test/support/global-setup.ts']

export default defineConfig({
  test: {
    testTimeout: 30_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/system/**'], sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'system', include: ['test/system/**/*.test.ts'], exclude: ALONE, globalSetup: NAMESPACE_LOG, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'live', include: ALONE, globalSetup: NAMESPACE_LOG, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
})
