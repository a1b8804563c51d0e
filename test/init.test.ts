import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Port } from '../parsers/event.ts'
import { parseNetwork } from '../parsers/network.ts'
import { codeRanges } from '../rules/derive/totp.ts'
import { readProfiles } from '../src/client/profiles.ts'
import { parseConfig } from '../src/config/parse.ts'
import { Report } from '../src/config/problem.ts'
import { codeByHand, otpauthUri } from '../src/init/client-text.ts'
import { knockPorts, type Plan } from '../src/init/plan.ts'
import { codeBases, drawPorts, freeRanges, widestRange, without } from '../src/init/ports.ts'
import { QUESTIONS } from '../src/init/questions.ts'
import { packagingFolder, serviceOf } from '../src/init/service.ts'
import { drawKnock, setupOf } from '../src/init/setup.ts'
import { lockoutWarning, stepsOf, stepsText } from '../src/init/steps.ts'
import { survey } from '../src/init/survey.ts'
import { worldOf } from './support/world.ts'

const LINUX = { ephemeral: { low: 32_768, high: 60_999 }, inUse: new Set([22, 3306, 8080]) }
const random = (limit: number): number => Math.floor(Math.random() * limit)

function planFor(part: Partial<Plan> = {}): Plan {
  return {
    rule: 'ssh', port: { proto: 'tcp', port: 22 as Port }, firewall: 'nftables', follow: 'kmsg', prefix: 'knock: ', alwaysAllow: [], hasConsole: false,
    host: 'gate.example.org', hostId: 'gate', user: 'alice', knock: drawKnock('static', LINUX, random)!, folder: '/root/setup', place: '/etc/knocktail', ...part,
  }
}

const textOf = (plan: Plan, name: string): string => setupOf(plan).files.find((file) => file.name === name)!.text
const allow = (...texts: readonly string[]) => texts.map((text) => parseNetwork(text)!)

describe('the ports that are drawn', () => {
  const use = fc.record({
    ephemeral: fc.tuple(fc.integer({ min: 1024, max: 65_535 }), fc.integer({ min: 0, max: 40_000 })).map(([low, more]) => ({ low, high: Math.min(65_535, low + more) })),
    inUse: fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 50 }).map((ports) => new Set(ports)),
  })

  it('are neither well known, nor given to outgoing connections, nor in use, nor in the order of a scan', () => {
    fc.assert(fc.property(use, fc.integer({ min: 3, max: 8 }), fc.infiniteStream(fc.nat()), (machine, count, numbers) => {
      const ports = drawPorts(count, freeRanges(machine), (limit) => numbers.next().value! % limit)
      fc.pre(ports !== undefined)
      expect(new Set(ports).size).toBe(count)
      for (const port of ports!) {
        expect(port).toBeGreaterThan(1023)
        expect(port < machine.ephemeral.low || port > machine.ephemeral.high).toBe(true)
        expect(machine.inUse.has(port)).toBe(false)
      }
      const sorted = ports!.toSorted((one, other) => one - other)
      expect([sorted.join(), sorted.toReversed().join()]).not.toContain(ports!.join())
    }), { numRuns: 100 })
  })

  it('are any of the free ones', () => {
    const ranges = [{ low: 5, high: 7 }, { low: 9, high: 9 }]
    expect(drawPorts(1, ranges, () => 0)).toEqual([5])
    expect(drawPorts(1, ranges, () => 3)).toEqual([9])
    expect(drawPorts(5, ranges, random)).toBeUndefined()
  })

  it('leave a range to draw from, or say that there is none', () => {
    expect(widestRange(freeRanges(LINUX))).toEqual({ low: 8081, high: 32_767 })
    expect(widestRange([{ low: 2000, high: 3000 }])).toBeUndefined()
  })

  it('leave room for codes: at 10000 and 20000 on most machines', () => {
    expect(codeBases(freeRanges(LINUX))?.map(({ low }) => low)).toEqual([10_000, 20_000])
    const busy = { ephemeral: { low: 1024, high: 49_151 }, inUse: new Set<number>() }
    expect(codeBases(freeRanges(busy))?.map(({ low }) => low)).toEqual([50_000, 51_000, 52_000])
    expect(codeBases([{ low: 2000, high: 2500 }])).toBeUndefined()
  })

  it('of codes are those that the daemon will look for', () => {
    fc.assert(fc.property(use, (machine) => {
      const bases = codeBases(freeRanges(machine))
      fc.pre(bases !== undefined)
      const ranges = codeRanges({ digits: 8, bases: bases!.map(({ low }) => low as Port) })
      expect(bases).toEqual(ranges.map(({ from, count }) => ({ low: from, high: from + count - 1 })))
    }))
  })

  it('before a code are none of the code', () => {
    expect(without([{ low: 1, high: 9 }], [{ low: 3, high: 4 }, { low: 8, high: 20 }])).toEqual([{ low: 1, high: 2 }, { low: 5, high: 7 }])
    const knock = drawKnock('totp', LINUX, random)!
    const [first, second, ...bases] = knockPorts(knock)
    for (const base of bases) for (const { low } of [first!, second!]) expect(low < base.low || low > base.high).toBe(true)
  })
})

describe('what init writes', () => {
  it.each(['nftables', 'ufw', 'iptables', 'pf'] as const)('is a configuration without errors and warnings: %s', (firewall) => {
    const plan = planFor({ firewall, alwaysAllow: allow('198.51.100.7', '2001:db8:7::/48'), ...(firewall === 'pf' && { follow: 'command:tcpdump -n -l -e -tt -i pflog1' }) })
    const config = parseConfig(textOf(plan, 'knocktail.conf'), 'knocktail.conf', () => '')
    expect(config).toMatchObject({ warnings: [], firewall, alwaysAllow: [{ text: '198.51.100.7' }, { text: '2001:db8:7::/48' }] })
  })

  it.each(['static', 'hmac', 'totp'] as const)('says the same to the daemon and to the client: %s', (kind) => {
    const plan = planFor({ knock: drawKnock(kind, LINUX, random)! })
    const texts = new Map(setupOf(plan).files.map(({ name, text }) => [`/etc/knocktail/${name}`, text]))
    const config = parseConfig(texts.get('/etc/knocktail/knocktail.conf')!, '/etc/knocktail/knocktail.conf', (file) => texts.get(file)!)
    expect(config).toMatchObject({ warnings: [], rules: [{ match: { name: 'ssh' } }] })
    const report = new Report('profile.conf')
    const profiles = readProfiles(texts.get('/etc/knocktail/profile.conf')!, '/home/alice', report)
    expect(report.errors).toEqual([])
    expect(profiles).toMatchObject([{ name: 'ssh', host: 'gate.example.org', waitPort: 22, recipe: { kind } }])
  })

  it('for pf is what pf.conf(5) says: quick rules, the log on an interface of its own', () => {
    const knock = { kind: 'static', ports: [5000, 7000, 6000] } as const
    expect(textOf(planFor({ firewall: 'pf', knock, alwaysAllow: allow('198.51.100.7') }), 'door.pf.conf').split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      'table <knocktail> persist',
      'table <knocktail_always> const { 198.51.100.7 }',
      'pass in quick proto tcp from <knocktail_always> to (self) port 22',
      'pass in quick proto tcp from <knocktail> to (self) port 22',
      'block in log (to pflog1) quick proto tcp to (self) port { 5000 7000 6000 } flags S/SAFR',
      'block in quick proto tcp to (self) port 22 flags S/SA',
      '',
    ])
  })

  it('never limits the log for all addresses together', () => {
    for (const firewall of ['nftables', 'ufw', 'iptables'] as const) {
      for (const { text } of setupOf(planFor({ firewall })).files) expect(text).not.toMatch(/-m limit|^\s*limit rate|log.*limit/m)
    }
  })

  it('keeps secrets from others, and nothing else', () => {
    const { files } = setupOf(planFor({ knock: drawKnock('hmac', LINUX, random)! }))
    expect(files.filter(({ isSecret }) => isSecret).map(({ name }) => name)).toEqual(['knocktail.conf', 'profile.conf', 'alice.secret'])
    expect(files.find(({ name }) => name === 'alice.secret')!.text).toMatch(/^[A-Z2-7]{32}\n$/)
  })

  it('tells an app of the secret, and a person how to knock a code', () => {
    const knock = { ...drawKnock('totp', LINUX, random)!, ports: [5000, 4000] } as Plan['knock']
    expect(otpauthUri(planFor({ knock }))).toMatch(/^otpauth:\/\/totp\/Knocktail:alice%40gate\.example\.org\?secret=[A-Z2-7]{32}&issuer=Knocktail&algorithm=SHA1&digits=8&period=30$/)
    expect(codeByHand(planFor({ knock }))).toBe('The code 1234 5678 is knocked as 5000, 4000, 11234, 25678.')
  })

  it('warns of a door that nobody else can open', () => {
    expect(lockoutWarning(planFor())).toMatch(/--always-allow.*--console/)
    expect(lockoutWarning(planFor({ hasConsole: true }))).toBeUndefined()
    expect(lockoutWarning(planFor({ alwaysAllow: allow('198.51.100.7') }))).toBeUndefined()
  })

  it('ends with what the service manager is told, from the files that are shipped', () => {
    const service = (part: Partial<Plan>, hasSystemd = true) => serviceOf(planFor(part), hasSystemd)
    const units = service({ knock: drawKnock('hmac', LINUX, random)!, follow: 'journald' })
    expect(units.commands.join('\n')).toContain('chgrp knocktail /etc/knocktail/alice.secret && chmod 640 /etc/knocktail/alice.secret')
    for (const path of [...units.commands, ...service({ firewall: 'pf' }).commands].flatMap((command) => command.match(/\S+\/packaging\/[^\s*)]+/g) ?? [])) expect(existsSync(path), path).toBe(true)
    expect(units.commands.at(-1)).toBe('systemctl daemon-reload && systemctl enable --now knocktail-helper.socket knocktail-sweep.service knocktail.service')
    for (const name of ['knocktail-helper.socket', 'knocktail-sweep.service', 'knocktail.service']) expect(existsSync(`${packagingFolder()}/systemd/${name}`)).toBe(true)
    for (const [part, says] of [[{ firewall: 'ufw' }, /ufw needs more of root/], [{ place: '/opt/x' }, /expect the files in \/etc\/knocktail/]] as const) {
      expect(service(part)).toEqual({ commands: [], notes: [expect.stringMatching(says)] })
    }
    expect(service({}, false).notes[0]).toContain('"knocktail run -c /etc/knocktail/knocktail.conf" as root')
  })

  it('undoes the rules by what this machine has', () => {
    const plan = planFor()
    const steps = (timer: 'systemd-run' | 'at' | 'sleep'): string => stepsText(stepsOf(plan, setupOf(plan).rules, { timer, hasSystemd: timer === 'systemd-run' }))
    expect(steps('systemd-run')).toContain('systemd-run --unit=knocktail-undo --on-active=10min /bin/sh /etc/knocktail/undo.sh')
    expect(steps('at')).toContain("echo '/bin/sh /etc/knocktail/undo.sh' | at now + 10 minutes")
    expect(steps('sleep')).toContain("nohup sh -c 'sleep 600 && /bin/sh /etc/knocktail/undo.sh'")
  })
})

describe('what init finds', () => {
  const firewalls = async (...args: Parameters<typeof worldOf>) => (await survey(worldOf(...args))).firewalls.map(({ value }) => value)

  it('takes ufw where it is active, by its command or by its file', async () => {
    const programs = { 'ufw status': 'Status: active\n', nft: '', iptables: '', 'iptables-restore': '' }
    expect(await firewalls({ programs })).toEqual(['ufw', 'nftables', 'iptables'])
    expect(await firewalls({ programs: { ...programs, 'ufw status': 'Status: inactive\n' } })).toEqual(['nftables', 'iptables'])
    expect(await firewalls({ programs, isRoot: false, files: { '/etc/ufw/ufw.conf': 'ENABLED=yes\n' } })).toEqual(['ufw', 'nftables', 'iptables'])
  })

  it('takes a table of its own beside firewalld', async () => {
    const [found] = (await survey(worldOf({ programs: { nft: '', 'firewall-cmd --state': 'running\n' } }))).firewalls
    expect(found).toEqual({ value: 'nftables', why: 'nft is installed; a table of its own does beside firewalld' })
  })

  it('takes pf on OpenBSD, and reads its ports', async () => {
    const netstat = 'Active Internet connections\ntcp          0      0  192.0.2.1.22           192.0.2.9.51234        ESTABLISHED\nudp          0      0  *.55000   *.*\n'
    const found = await survey(worldOf({ platform: 'openbsd', programs: { pfctl: '', 'sysctl -n net.inet.ip.portfirst net.inet.ip.portlast': '1024\n49151\n', 'netstat -an': netstat } }))
    expect(found).toMatchObject({ firewalls: [{ value: 'pf' }], logs: [{ value: 'command:tcpdump -n -l -e -tt -i pflog1' }], ports: { ephemeral: { low: 1024, high: 49_151 } } })
    expect([...found.ports.inUse]).toEqual([22, 55_000])
  })

  it('reads ports, of which some are in use, as Linux shows them', async () => {
    const tcp = '  sl  local_address rem_address   st\n   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000\n'
    const { ports } = await survey(worldOf({ files: { '/proc/sys/net/ipv4/ip_local_port_range': '10000\t20000\n', '/proc/net/tcp': tcp } }))
    expect(ports).toEqual({ ephemeral: { low: 10_000, high: 20_000 }, inUse: new Set([3306]) })
  })

  it('prefers the log that nobody else can write', async () => {
    const files = { '/var/log/kern.log': '', '/dev/kmsg': '', '/run/systemd/journal/socket': '' }
    const { logs } = await survey(worldOf({ files, programs: { journalctl: '' } }))
    expect(logs.map(({ value }) => value)).toEqual(['kmsg', 'journald', 'file:/var/log/kern.log'])
    expect((await survey(worldOf({ files: { '/var/log/syslog': '' } }))).logs.map(({ value }) => value)).toEqual(['file:/var/log/syslog'])
  })
})

describe('what init asks', () => {
  it.each([
    ['port', '22/tcp, 23/tcp'], ['port', 'ssh'], ['firewall', 'nft'], ['log', 'file:relative'], ['kind', 'oath'],
    ['user', 'a b'], ['user', '../x'], ['host', 'a;b'], ['host', '-x'], ['alwaysAllow', '192.0.2.300'], ['console', 'perhaps'],
  ] as const)('refuses for %s: %s', (name, text) => {
    expect(QUESTIONS[name].read(text)).toHaveProperty('fault')
  })

  it.each([
    ['port', '51820/udp'], ['firewall', 'pf'], ['log', 'file:/var/log/kern.log'], ['kind', 'totp'], ['user', 'alice'],
    ['host', 'gate.example.org'], ['host', '2001:db8::1'], ['alwaysAllow', ''], ['alwaysAllow', '192.0.2.7, 2001:db8::/32'], ['console', 'yes'],
  ] as const)('takes for %s: %s', (name, text) => {
    expect(QUESTIONS[name].read(text)).toHaveProperty('value')
  })
})
