import type { Finding } from './firewall.ts'
import type { IpSet } from './ipset-list.ts'
import { error } from './outcome.ts'
import type { Target } from './target.ts'

const SETS = [
  { key: 'set4', family: 'inet', program: 'iptables', example: '' },
  { key: 'set6', family: 'inet6', program: 'ip6tables', example: ' family inet6' },
] as const

type SetKind = (typeof SETS)[number]

/** Types that take a single address; and among them those that a rule can match by where a packet comes from. */
const TYPES = /^(?:hash:ip|hash:net)$/

/** Whether ipset can be used, and the sets are as entries need them. */
export async function checkIpSets(target: Target, program: string | undefined, look: (name: string) => Promise<IpSet | string>): Promise<Finding[]> {
  if (program === undefined) return [error('ipset is not installed (Debian: apt install ipset)')]
  const findings = await Promise.all(SETS.map(async (kind) => {
    const name = target.settings[kind.key]?.[0]
    if (name === undefined) return []
    const set = await look(name)
    if (typeof set === 'string') return [error(/does not exist/.test(set) ? `there is no set ${name}: ${creation(name, kind)}` : `${set}; it needs root or CAP_NET_ADMIN`)]
    return checkSet(name, set, kind, target)
  }))
  return findings.flat()
}

function checkSet(name: string, set: IpSet, kind: SetKind, target: Target): Finding[] {
  const anew = `make it anew: ipset destroy ${name}; ${creation(name, kind)}`
  // A set that rules use cannot be destroyed, but swapped for one of its kind.
  const swap = (options = ''): string => `${creation(`${name}-new`, kind)}${options}; ipset swap ${name}-new ${name}; ipset destroy ${name}-new`
  return [
    ...(TYPES.test(set.type) ? [] : [error(`set ${name} is of type ${set.type}, and not hash:ip; ${anew}`)]),
    ...(set.family === kind.family ? [] : [error(`set ${name} is of family ${set.family}, and not ${kind.family}; ${anew}`)]),
    ...(set.hasTimeout ? [] : [error(`set ${name} was made without time-outs: ${swap()}`)]),
    ...(set.members.size < set.maxelem ? [] : [error(`set ${name} is full with ${set.maxelem} entries: ${swap(` maxelem ${2 * set.maxelem}`)}`)]),
    ...(set.references > 0 ? [] : [unused(name, kind, target)]),
  ]
}

function creation(name: string, { example }: SetKind): string {
  return `ipset create ${name} hash:ip${example} timeout 0`
}

function unused(name: string, { program }: SetKind, { ports }: Target): Finding {
  const { proto, port } = ports?.[0] ?? { proto: 'tcp', port: 22 }
  const rule = `${program} -I INPUT -p ${proto} --dport ${port} -m set --match-set ${name} src -j ACCEPT`
  return { severity: 'warning', message: `no rule uses set ${name}: what is in it opens nothing. ${rule}` }
}
