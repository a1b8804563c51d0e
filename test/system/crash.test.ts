import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { doorConfig, knock, loadRules, useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { LiveDaemon } from '../support/live.ts'
import { useNetns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** Killed at any moment, with SIGKILL, with or without its helper: who knocked comes in, what was opened is closed, and nothing is opened twice. */

const ROUNDS = 24
/** Longer than a start takes, also on a busy machine: whose time is over before the next one reads of it is not let in any more. */
const OPEN_FOR_S = 8
const OPENING = (): number => 10 * Math.random()
const OPEN = (): number => 1000 * Math.random()
const CLOSING = (): number => 1000 * (OPEN_FOR_S - 0.5 + Math.random())
/** When it is killed after the knock, in milliseconds, in turns. */
const MOMENTS = [OPENING, OPEN, OPENING, OPEN, OPENING, CLOSING]

systemTest(['ip', 'nft', 'nc', 'cat', 'iptables', 'pgrep'])('after kill -9', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}c: `
  const actions = join(folder.path, 'actions')
  let daemon: LiveDaemon

  beforeAll(async () => {
    await loadRules(netns, prefix)
    for (let round = 0; round < ROUNDS; round++) await netns.addClient(hostOf(round))
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
    for (let round = 0; round < ROUNDS; round++) {
      await daemon.until('source-running', round + 1)
      await knock(netns, hostOf(round))
      await new Promise((resolve) => setTimeout(resolve, MOMENTS[round % MOMENTS.length]!()))
      const helpers = (await netns.inServer(['pgrep', '-P', String(daemon.pid), '-f', 'helper'])).stdout.split('\n').filter((pid) => pid !== '')
      await daemon.stop('SIGKILL')
      if (round % 2 === 0) for (const pid of helpers) process.kill(Number(pid), 'SIGKILL')
      daemon.restart()
    }
    await daemon.until('source-running', ROUNDS + 1)
    await daemon.untilTrue(() => [...ran(actions).values()].every((signs) => signs.endsWith('-')), 'every start is followed by its stop', 30_000)
    await eventually(async () => expect(await entries()).toEqual([]))
    const signs = ran(actions)
    // Cut off before it is known to have been done, a start is undone before it is done once more, and a stop is done once more.
    for (let round = 0; round < ROUNDS; round++) {
      const told = daemon.records.filter(({ address }) => address === hostOf(round))
      expect(signs.get(hostOf(round)) ?? '', JSON.stringify(told)).toMatch(/^-*(\+-+)+$/)
    }
  }, 300_000)
})

function hostOf(round: number): string {
  return `192.0.2.${11 + round}`
}

/** Of each host what was run for it, in order: + a start, - a stop. */
function ran(path: string): Map<string, string> {
  const signs = new Map<string, string>()
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
    const [sign, host] = line.split(' ') as [string, string]
    signs.set(host, (signs.get(host) ?? '') + sign)
  }
  return signs
}
