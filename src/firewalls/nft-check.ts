import type { Finding } from './firewall.ts'
import { findSet, isSetUsed, type NftSet } from './nft-json.ts'
import { error, whyFailed } from './outcome.ts'
import { LISTING_BYTES } from './run.ts'
import type { Target } from './target.ts'
import type { Tools } from './tools.ts'

const LIMIT_MS = 10_000

const SETS = [
  { key: 'set4', type: 'ipv4_addr', saddr: 'ip saddr' },
  { key: 'set6', type: 'ipv6_addr', saddr: 'ip6 saddr' },
] as const

type SetKind = (typeof SETS)[number]

/** The rest of the type and of the rule where elements hold a port, too. */
const WITH_PORT = { type: ['inet_proto', 'inet_service'], match: ' . meta l4proto . th dport' }

/** Whether nft can be used, and the sets are as elements need them. */
export async function checkNftables(target: Target, program: string | undefined, { run }: Tools): Promise<Finding[]> {
  if (program === undefined) return [error('nft is not installed (Debian: apt install nftables)')]
  const findings = await Promise.all(SETS.map(async (kind) => {
    const words = target.settings[kind.key]
    if (!words) return []
    const [family, table] = words
    const args = ['-j', 'list', 'table', family!, table!]
    const ran = await run({ program, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group', stdoutBytes: LISTING_BYTES })
    if (ran.code === 0 && !ran.timedOut) return checkSet(ran.stdout, words, kind, target)
    if (/No such file/.test(ran.stderr)) return [error(`there is no table ${family} ${table}: nft add table ${family} ${table}`)]
    return [error(`${whyFailed('nft', ran)}; it needs root or CAP_NET_ADMIN`)]
  }))
  return findings.flat()
}

function checkSet(json: string, words: readonly string[], kind: SetKind, target: Target): Finding[] {
  const full = words.join(' ')
  const name = words[2]!
  const type = [kind.type, ...(target.port ? WITH_PORT.type : [])]
  const set = findSet(json, name)
  const add = `nft add set ${full} '{ type ${type.join(' . ')}; flags timeout; }'`
  if (!set) return [error(`there is no set ${full}: ${add}`)]
  const anew = `make it anew: nft delete set ${full}; ${add}`
  return [
    ...(hasType(set, type) ? [] : [error(`set ${full} is of type ${JSON.stringify(set.type)}, and not ${type.join(' . ')}; ${anew}`)]),
    ...(set.flags.includes('timeout') ? [] : [error(`set ${full} has no "flags timeout"; ${anew}`)]),
    ...(isSetUsed(json, name) ? [] : [unused(full, name, kind, target)]),
  ]
}

function unused(full: string, name: string, { saddr }: SetKind, target: Target): Finding {
  const [family, table] = full.split(' ')
  const { proto, port } = target.ports?.[0] ?? { proto: 'tcp', port: 22 }
  const match = target.port ? `${saddr}${WITH_PORT.match} @${name}` : `${saddr} @${name} ${proto} dport ${port}`
  return {
    severity: 'warning',
    message: `no rule of that table uses set ${full}: what is in it opens nothing. For a chain named input: nft insert rule ${family} ${table} input ${match} accept`,
  }
}

/** A set that was declared by `typeof` may be listed with what we do not know: then the first element will tell. */
function hasType({ type: found }: NftSet, type: readonly string[]): boolean {
  if (typeof found === 'string') return type.length === 1 && found === type[0]
  return !Array.isArray(found) || found.join() === type.join()
}
