import { outputOf, type World } from '../machine/world.ts'
import type { DoorFirewall } from './plan.ts'
import type { PortRange, PortUse } from './ports.ts'

/** Something that was found here, and what speaks for it. */
export interface Found<T> {
  readonly value: T
  readonly why: string
}

/** What `init` found on this machine; the first of each list is the one to take. */
export interface Survey {
  readonly firewalls: readonly Found<DoorFirewall>[]
  readonly logs: readonly Found<string>[]
  readonly ports: PortUse
  readonly hostName: string
  /** What can undo the rules after a while, if the admin is locked out by then. */
  readonly timer: 'systemd-run' | 'at' | 'sleep'
  readonly hasSystemd: boolean
}

export async function survey(world: World): Promise<Survey> {
  const hasSystemd = world.list('/run/systemd/system').length > 0
  return {
    firewalls: await findFirewalls(world),
    logs: findLogs(world),
    ports: await findPorts(world),
    hostName: world.hostName,
    timer: hasSystemd && world.tools.find('systemd-run') !== undefined ? 'systemd-run' : world.tools.find('at') ? 'at' : 'sleep',
    hasSystemd,
  }
}

/** A table of our own does beside any of them; only ufw is filled by its own command, so that its status tells of open doors. */
async function findFirewalls(world: World): Promise<Found<DoorFirewall>[]> {
  const { find } = world.tools
  const found: (Found<DoorFirewall> | undefined)[] = [
    find('pfctl') && world.platform !== 'linux' ? { value: 'pf', why: 'pfctl is installed' } : undefined,
    await isUfwActive(world) ? { value: 'ufw', why: 'ufw is active' } : undefined,
    find('nft') ? { value: 'nftables', why: await nftReason(world) } : undefined,
    find('iptables') && find('iptables-restore') ? { value: 'iptables', why: 'iptables is installed' } : undefined,
  ]
  return found.filter((one) => one !== undefined)
}

/** Who is not root cannot ask ufw, but may read what it was told. */
async function isUfwActive(world: World): Promise<boolean> {
  if (world.tools.find('ufw') === undefined) return false
  const status = world.isRoot ? await outputOf(world, 'ufw', 'status') : undefined
  return status === undefined ? /^ENABLED=yes/m.test(world.read('/etc/ufw/ufw.conf') ?? '') : /^Status: active/m.test(status)
}

async function nftReason(world: World): Promise<string> {
  const state = world.tools.find('firewall-cmd') ? await outputOf(world, 'firewall-cmd', '--state') : undefined
  return state?.trim() === 'running' ? 'nft is installed; a table of its own does beside firewalld' : 'nft is installed'
}

/** Best first: a kernel record cannot be split by what it says, nor written by local users. */
function findLogs(world: World): Found<string>[] {
  if (world.platform !== 'linux') return [{ value: 'command:tcpdump -n -l -e -tt -i pflog1', why: 'pf logs packets to a pflog interface' }]
  const files = ['/var/log/kern.log', '/var/log/messages', '/var/log/syslog'].filter((path) => world.read(path) !== undefined)
  const hasJournal = world.tools.find('journalctl') !== undefined && world.list('/run/systemd/journal').length > 0
  return [
    ...(world.canOpen('/dev/kmsg') || !world.isRoot ? [{ value: 'kmsg', why: "the kernel's own log" }] : []),
    ...(hasJournal ? [{ value: 'journald', why: 'journald runs' }] : []),
    ...files.map((path) => ({ value: `file:${path}`, why: 'a syslog file, into which local users can write' })),
  ]
}

async function findPorts(world: World): Promise<PortUse> {
  return { ephemeral: await ephemeralPorts(world), inUse: new Set(await usedPorts(world)) }
}

/** Of sysctl names that hold the first and the last; Linux has both in one. */
const BSD_RANGE: Readonly<Partial<Record<NodeJS.Platform, readonly [string, string]>>> = {
  openbsd: ['net.inet.ip.portfirst', 'net.inet.ip.portlast'],
  freebsd: ['net.inet.ip.portrange.first', 'net.inet.ip.portrange.last'],
}
/** What IANA keeps for it (RFC 6335). */
const DYNAMIC: PortRange = { low: 49_152, high: 65_535 }

async function ephemeralPorts(world: World): Promise<PortRange> {
  const names = BSD_RANGE[world.platform]
  const text = names ? await outputOf(world, 'sysctl', '-n', ...names) : world.read('/proc/sys/net/ipv4/ip_local_port_range')
  const [low = Number.NaN, high = Number.NaN] = (text ?? '').trim().split(/\s+/).map(Number)
  return low <= high ? { low, high } : DYNAMIC
}

/** Of any socket of this machine, connections included. */
async function usedPorts(world: World): Promise<number[]> {
  if (world.platform !== 'linux') return netstatPorts((await outputOf(world, 'netstat', '-an')) ?? '')
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((name) => procPorts(world.read(`/proc/net/${name}`) ?? ''))
}

/** `   0: 0100007F:0CEA 00000000:0000 0A ...`: the local address and port in hexadecimal. */
function procPorts(text: string): number[] {
  return [...text.matchAll(/^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) /gm)].map(([, port]) => Number.parseInt(port!, 16))
}

/** `tcp          0      0  192.0.2.1.22           192.0.2.9.51234        ESTABLISHED`: the port is behind the last dot. */
function netstatPorts(text: string): number[] {
  return [...text.matchAll(/^(?:tcp|udp)\d*\s+\d+\s+\d+\s+\S+\.(\d+)\s/gm)].map(([, port]) => Number(port))
}
