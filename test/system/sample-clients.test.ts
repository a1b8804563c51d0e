import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { MILLISECOND, type Micros } from '../../parsers/time.ts'
import type { Port } from '../../parsers/event.ts'
import { parseSecret } from '../../rules/derive/secret.ts'
import { timeStepAt } from '../../rules/derive/time-step.ts'
import { totpPorts } from '../../rules/derive/totp.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'
import { vectors } from '../support/vectors.ts'

/** The clients in sh, which need nothing of ours, against the vectors and the daemon's own arithmetic. */

const folder = useFolder()

/** The ports that a script would knock. */
function ports(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): number[] {
  const path = fileURLToPath(new URL(`../../samples/client/${script}`, import.meta.url))
  const { stdout, stderr } = spawnSync(path, ['gate', ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'], KNOCK: 'echo', ...env } })
  expect(stderr).toBe('')
  return stdout.split('\n').slice(0, -1).map((line) => Number(/^gate (\d+)$/.exec(line)?.[1]))
}

systemTest(['openssl', 'base32'])('samples/client/hmac.sh', () => {
  it.each(vectors.hmac)('$hostId $rule $user $timeStep $address', ({ secret, hostId, rule, user, timeStep, knocks, low, high, address, ports: expected }) => {
    const file = folder.write('secret', `${secret.toLowerCase().replaceAll(/.{4}/g, '$& ')}\n`)
    expect(ports('hmac.sh', [file, hostId, rule, user, String(knocks), String(low), String(high), address ?? ''], { TIME_STEP: String(timeStep) })).toEqual(expected)
  })
})

systemTest(['oathtool'])('samples/client/totp.sh', () => {
  it('knocks what the daemon expects now', () => {
    const { secret } = vectors.totp[0]!
    const file = folder.write('totp-secret', `${secret}\n`)
    const expected = (): number[] => totpPorts(parseSecret(secret)!, timeStepAt((Date.now() * MILLISECOND) as Micros), { digits: 8, bases: [20_000 as Port, 40_000 as Port] })
    // The step may change meanwhile.
    const [before, knocked, after] = [expected(), ports('totp.sh', [file]), expected()]
    expect([before, after]).toContainEqual(knocked)
  })
})
