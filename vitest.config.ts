import { defineConfig } from 'vitest/config'

const system = (...names: readonly string[]): string[] => names.map((name) => `test/system/${name}.test.ts`)

/**
 * What nobody may disturb: what fills the one kernel log or sets whose packets it shows, what starts the machine's one journald, what
 * reads at a given pace.
 */
const ALONE = system('journald', 'kmsg', 'loggers', 'logrotate', 'origin')

/**
 * The real daemon and what it follows: each file knocks in network namespaces of its own, and knows its lines in the one kernel log by a
 * prefix of its own. Beside the other tests they would be too slow for what has to happen in time.
 */
const LIVE = system(
  'attacks', 'commands', 'control', 'crash', 'docs', 'doors', 'init', 'knock-client', 'knock-secrets', 'rights', 'running-*', 'secret-knocks', 'systemd', 'units',
)

/** Only where it is needed: a run of unit tests beside one of system tests would set it back amid these. */
const NAMESPACE_LOG = ['test/support/global-setup.ts']

/** A test of the real thing waits most of the time: three files keep two processors busy. */
const BESIDE = { maxWorkers: 3 }

export default defineConfig({
  test: {
    testTimeout: 30_000,
    setupFiles: ['test/support/properties.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/system/**'], ...BESIDE, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'system', include: ['test/system/**/*.test.ts'], exclude: [...ALONE, ...LIVE], globalSetup: NAMESPACE_LOG, ...BESIDE, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'live', include: LIVE, globalSetup: NAMESPACE_LOG, ...BESIDE, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'alone', include: ALONE, globalSetup: NAMESPACE_LOG, maxWorkers: 1, maxConcurrency: 6, sequence: { groupOrder: 2 } } },
    ],
  },
})
