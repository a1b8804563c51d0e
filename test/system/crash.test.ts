import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { doorConfig, knock, loadRules, useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { LiveDaemon } from '../support/live.ts'
import { useNetns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** Killed at any moment, with SIGKILL, with or without its helper: what was opened is closed, and nothing is opened twice. */

const ROUNDS = 24
/** Longer than a start takes, also on a busy machine: whose time is over before the next one reads of it is not let in any more. */
const OPEN_FOR_S = 3

systemTest(['ip', 'nft', 'nc', 'cat', 'iptables', 'pgrep'])('after kill -9', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}c: `
  const actions = join(folder.path, 'actions')
  let daemon: LiveDaemon

  beforeAll(async () => {
    await loadRules(netns, prefix)
    for (let host = 11; host <= 20; host++) await netns.addClient(`192.0.2.${host}`)
  })

  afterEach(() => daemon.stop())

  const config = (): string => doorConfig({
    prefix, openFor: `${OPEN_FOR_S}s`,
    // A firewall that ends nothing by itself, and commands, of which every start and every stop is seen.
    rule: `firewall = iptables\nstart_command = /bin/echo + %IP% >> ${actions}\nstop_command = /bin/echo - %IP% >> ${actions}`,
  })

  async function entries(): Promise<string[]> {
    const { stdout } = await netns.inServer(['iptables', '-w', '-S', 'KNOCKTAIL'])
    return stdout.split('\n').filter((line) => line.startsWith('-A'))
  }

  it(`${ROUNDS} times, at random moments of opening and closing, no close is lost`, async () => {
    daemon = new LiveDaemon(netns, { folder: folder.path, config: config() })
    const knocked: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      await daemon.until('source-running', round + 1)
      const host = `192.0.2.${11 + (round % 10)}`
      knocked.push(host)
      await knock(netns, host)
      await new Promise((resolve) => setTimeout(resolve, 1000 * (Math.random() + (round % 3 === 0 ? OPEN_FOR_S - 0.5 : 0))))
      const helpers = (await netns.inServer(['pgrep', '-P', String(daemon.pid), '-f', 'helper'])).stdout.split('\n').filter((pid) => pid !== '')
      await daemon.stop('SIGKILL')
      if (round % 2 === 0) for (const pid of helpers) process.kill(Number(pid), 'SIGKILL')
      daemon.restart()
    }
    await daemon.until('source-running', ROUNDS + 1)
    await daemon.untilTrue(() => starts(actions).every(({ isStopped }) => isStopped), 'every start is followed by its stop', 30_000)
    await eventually(async () => expect(await entries()).toEqual([]))
    expect(starts(actions).map(({ host }) => host)).toEqual(knocked)
  }, 300_000)
})

/** What was started, in order, and whether it was stopped afterwards. */
function starts(path: string): { host: string; isStopped: boolean }[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => line.split(' ') as [string, string])
  return lines.flatMap(([sign, host], index) => {
    if (sign !== '+') return []
    const next = lines.slice(index + 1).find(([, other]) => other === host)
    return [{ host, isStopped: next?.[0] === '-' }]
  })
}
