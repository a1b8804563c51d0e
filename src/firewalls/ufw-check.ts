import type { OpenPort } from '../config/config.ts'
import type { Finding } from './firewall.ts'
import { error, whyFailed } from './outcome.ts'
import { decidesForAll } from './ufw-rules.ts'
import type { UfwState } from './ufw-state.ts'

/** Whether ufw can be used, and a rule of ours makes a difference. */
export async function checkUfw(port: OpenPort, state: UfwState): Promise<Finding[]> {
  if (!state.isInstalled) return [error('ufw is not installed (Debian: apt install ufw)')]
  const status = await state.run(['status', 'verbose'])
  if (status.code !== 0 || status.timedOut) return [error(`${whyFailed('ufw', status)}; it needs root`)]
  if (!/^Status: active/m.test(status.stdout)) return [error('ufw is not active, and does nothing with rules: ufw enable')]
  const seen = await state.look()
  if (typeof seen === 'string') return [error(seen)]
  const damage = await state.files.whyNotWritable()
  if (damage !== undefined) return [error(damage)]
  const what = `${port.port}/${port.proto}`
  const first = seen.all.find((rule) => decidesForAll(rule, port))
  if (first?.action.startsWith('allow')) return [warning(`ufw lets everybody in to ${what}: a door there opens nothing; ufw delete allow ${what}`)]
  if (!first && /^Default: allow \(incoming\)/m.test(status.stdout)) {
    return [warning(`ufw lets everything in, and no rule denies ${what}: a door there opens nothing; ufw default deny incoming`)]
  }
  return []
}

function warning(message: string): Finding {
  return { severity: 'warning', message }
}
