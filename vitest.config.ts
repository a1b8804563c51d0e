import { defineConfig } from 'vitest/config'

/** Tests of the real thing share one kernel log, one /etc/ufw, one journal: they run one file at a time, after all others. */
export default defineConfig({
  test: {
    testTimeout: 30_000,
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/system/**'], sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'system', include: ['test/system/**/*.test.ts'], maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
})
