import type { OpenPort } from '../config/config.ts'
import type { Finding } from './firewall.ts'
import { CHAIN, FAMILIES, lookAtChains, placeOfJump, type Chains, type Family } from './iptables-chains.ts'
import { catches, type IptablesRule } from './iptables-rules.ts'
import { error } from './outcome.ts'
import type { Tools } from './tools.ts'

/** Whether iptables can be used, and INPUT is such that a rule of ours makes a difference. */
export async function checkIptables(port: OpenPort | undefined, tools: Tools): Promise<Finding[]> {
  if (tools.find('iptables') === undefined) return [error('iptables is not installed (Debian: apt install iptables)')]
  if (!port) return [error('no port says what is to be opened')]
  const findings: Finding[] = []
  for (const family of FAMILIES) {
    if (tools.find(family) === undefined) continue
    const chains = await lookAtChains(family, tools)
    findings.push(...(typeof chains === 'string' ? [error(`${chains}; it needs root or CAP_NET_ADMIN`)] : checkInput(family, chains, port)))
  }
  return findings
}

/** What comes before the place of our jump decides first; what comes after it decides for those who may not come in. */
function checkInput(family: Family, { input, policy }: Chains, port: OpenPort): Finding[] {
  const jump = input.findIndex(({ target }) => target === CHAIN)
  const place = jump < 0 ? placeOfJump(input) - 1 : jump
  const first = input.find((rule) => isVerdict(rule) && catches(rule, port))
  const decides = first?.target ?? policy
  const what = `${port.port}/${port.proto}`
  if (decides === 'ACCEPT') {
    const how = first ? `rule ${input.indexOf(first) + 1} of INPUT accepts` : 'the policy of INPUT accepts, and no rule drops'
    return [warning(`${family}: ${how} ${what} from everywhere: a door there opens nothing`)]
  }
  if (first === undefined || input.indexOf(first) > place || jump < 0) return []
  const mend = `${family} -D INPUT -j ${CHAIN}; ${family} -I INPUT ${placeOfJump(input)} -j ${CHAIN}`
  return [error(`${family}: rule ${input.indexOf(first) + 1} of INPUT takes ${what} before it comes to chain ${CHAIN}: ${mend}`)]
}

function isVerdict({ target }: IptablesRule): boolean {
  return target === 'ACCEPT' || target === 'DROP' || target === 'REJECT'
}

function warning(message: string): Finding {
  return { severity: 'warning', message }
}
