import { access, constants } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { reasonOf } from '../error.ts'
import type { Finding } from './firewall.ts'
import { error } from './outcome.ts'
import { readHosts, writeHosts } from './hosts-allow-text.ts'
import { readText } from './whole-file.ts'
import type { Tools } from './tools.ts'

const LIMIT_MS = 10_000

/** Nobody's: TEST-NET-3 of RFC 5737. */
const STRANGER = '203.0.113.254'

/** Where a server hands connections over to another program, that one may be the one that asks TCP wrappers. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  sshd: ['/usr/lib/openssh/sshd-session', '/usr/libexec/openssh/sshd-session', '/usr/libexec/sshd-session'],
}

/** Whether the file can be written, the server reads it, and it lets nobody in who is not in it. */
export async function checkHostsAllow(file: string, daemons: readonly string[], tools: Tools): Promise<Finding[]> {
  try {
    const text = await readText(file)
    await access(dirname(file), constants.W_OK)
    const findings = await Promise.all(daemons.map(async (daemon) => [...await checkLink(daemon, tools), ...await checkAccess(file, text, daemon, tools)]))
    return findings.flat()
  } catch (problem) {
    return [error(`${file} cannot be changed: ${reasonOf(problem)}; it needs root`)]
  }
}

/** OpenBSD's sshd and upstream's know nothing of hosts.allow. */
async function checkLink(daemon: string, { run, find }: Tools): Promise<Finding[]> {
  const [program, ldd] = [find(daemon), find('ldd')]
  if (ldd === undefined) return []
  if (program === undefined) return [warning(`${daemon} is not installed: that it asks TCP wrappers cannot be seen`)]
  for (const path of [program, ...(BESIDE[daemon] ?? [])]) {
    const ran = await run({ program: ldd, args: [path], timeLimitMs: LIMIT_MS, onTimeLimit: 'group' })
    if (ran.stdout.includes('libwrap')) return []
  }
  return [warning(`${program} is not linked with libwrap: it does not read hosts.allow, and a door in it opens nothing`)]
}

async function checkAccess(file: string, text: string, daemon: string, tools: Tools): Promise<Finding[]> {
  const granted = readHosts(text).ours.find(({ daemons }) => daemons.split(' ').includes(daemon))?.address
  const verdict = (address: string): Promise<boolean | undefined> => askTcpdmatch(file, daemon, address, tools)
  const isStrangerIn = (await verdict(STRANGER)) ?? !(await saysNo(file, text))
  return [
    ...(isStrangerIn ? [warning(`everybody may connect to ${daemon}, so a door there opens nothing: put "${daemon}: ALL" into ${denyOf(file)}`)] : []),
    ...(granted !== undefined && (await verdict(granted)) === false ? [error(`${file} has ${granted} for ${daemon}, but tcpdmatch says that it is denied`)] : []),
  ]
}

function denyOf(file: string): string {
  return join(dirname(file), 'hosts.deny')
}

/** Undefined: tcpdmatch is not there, or cannot judge: with -d it reads hosts.allow and hosts.deny of its working directory. */
async function askTcpdmatch(file: string, daemon: string, address: string, { run, find }: Tools): Promise<boolean | undefined> {
  const [tcpdmatch, env] = [find('tcpdmatch'), find('env')]
  if (tcpdmatch === undefined || env === undefined || basename(file) !== 'hosts.allow') return undefined
  const args = ['-C', dirname(file), tcpdmatch, '-d', daemon, address]
  const ran = await run({ program: env, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group' })
  const word = /^access:\s+(\w+)/m.exec(ran.stdout)?.[1]
  return word === undefined ? undefined : word === 'granted'
}

/** Without tcpdmatch: whether there is any rule that could turn somebody away. */
async function saysNo(file: string, text: string): Promise<boolean> {
  const rules = (some: string): string[] => some.split('\n').filter((line) => !/^(?:#.*|\s*)$/.test(line))
  const others = writeHosts({ ours: [], others: readHosts(text).others })
  return rules(await readText(denyOf(file))).length > 0 || rules(others).some((line) => /:\s*deny\b/i.test(line))
}

function warning(message: string): Finding {
  return { severity: 'warning', message }
}
