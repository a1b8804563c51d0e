import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { systemTest } from '../support/system.ts'

systemTest(['mandoc'])('the man pages', () => {
  it.each(['knocktail.8', 'knocktail.conf.5'])('%s is clean', (name) => {
    const path = fileURLToPath(new URL(`../../man/${name}`, import.meta.url))
    const { status, stdout, stderr } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', path], { encoding: 'utf8' })
    expect([status, stdout, stderr]).toEqual([0, '', ''])
  })
})
