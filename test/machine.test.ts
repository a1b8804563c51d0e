import { describe, expect, it } from 'vitest'
import type { SourceConfig } from '../src/config/config.ts'
import { parseConfig } from '../src/config/parse.ts'
import { checkMachine } from '../src/machine/check-machine.ts'
import { linesOfTheKind } from '../src/machine/lines-of-the-kind.ts'
import { logDaemons } from '../src/machine/log-daemons.ts'
import { logRule } from '../src/machine/log-rule.ts'
import { networkNamespace } from '../src/machine/namespace.ts'
import { reading } from '../src/machine/reading.ts'
import { zone } from '../src/machine/zone.ts'
import { worldOf, type WorldParts } from './support/world.ts'

const PACKET = 'IN=eth0 OUT= MAC=00 SRC=192.0.2.7 DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=7000 WINDOW=64240 RES=0x00 SYN URGP=0'
const kmsg: SourceConfig = { name: 'kernel', follow: { kind: 'kmsg' }, parser: undefined, prefix: 'knock: ', timezone: undefined, quietAfter: undefined, canary: false, line: 1 }
const journald: SourceConfig = { ...kmsg, follow: { kind: 'journald' } }
const syslog: SourceConfig = { ...kmsg, follow: { kind: 'file', path: '/var/log/kern.log' }, parser: 'kernel' }
const web: SourceConfig = { ...syslog, follow: { kind: 'file', path: '/var/log/access.log' }, parser: 'clf', prefix: undefined }

const asked = async (look: typeof zone, source: SourceConfig, parts: WorldParts = {}) => (await look(source, worldOf(parts))).map(({ severity, message, mend }) => `${severity}: ${message}: ${mend}`).join('\n')

describe('the lines of a source', () => {
  const dmesg = (...texts: readonly string[]): WorldParts => ({ programs: { 'dmesg --raw': texts.map((text) => `<4>[   12.345678] ${text}\n`).join('') } })

  it('are of its kind', async () => {
    expect(await asked(linesOfTheKind, kmsg, dmesg('something else', `knock: ${PACKET}`))).toBe('')
    expect(await asked(linesOfTheKind, syslog, { files: { '/var/log/kern.log': `Nov 25 01:00:00 gate kernel: [   12.345678] knock: ${PACKET}\n` } })).toBe('')
    expect(await asked(linesOfTheKind, web, { files: { '/var/log/access.log': '192.0.2.7 - - [25/Nov/2026:01:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-"\n' } })).toBe('')
  })

  it('are none that knock, before the first knock or with another prefix', async () => {
    expect(await asked(linesOfTheKind, kmsg, dmesg('something else', `other: ${PACKET}`))).toMatch(/^note: none of its last 2 lines is a packet with the prefix "knock: "/)
  })

  it('are of another format', async () => {
    expect(await asked(linesOfTheKind, web, { files: { '/var/log/access.log': 'x\ny\n' } })).toMatch(/^warning: none of its last 2 lines is understood, mostly since it is not a line of this format: knocktail parse/)
  })

  it('are not there, or not for this user', async () => {
    expect(await asked(linesOfTheKind, web)).toBe('error: there is no file /var/log/access.log: it is followed as soon as it is there: touch /var/log/access.log')
    expect(await asked(linesOfTheKind, kmsg)).toMatch(/^note: its lines could not be looked at: run check as root/)
    expect(await asked(linesOfTheKind, web, { files: { '/var/log/access.log': '' } })).toBe('note: it has no lines yet: undefined')
  })

  it('are folded by a syslog daemon', async () => {
    const lines = `Nov 25 01:00:00 gate kernel: [   12.345678] knock: ${PACKET}\nNov 25 01:00:01 gate last message repeated 3 times\n`
    expect(await asked(linesOfTheKind, syslog, { files: { '/var/log/kern.log': lines } })).toMatch(/^warning: its syslog daemon folds lines that repeat.*: follow = kmsg$/)
  })
})

describe('what a source is read by', () => {
  it('is there', async () => {
    expect(await asked(reading, kmsg, { files: { '/dev/kmsg': '' } })).toBe('')
    expect(await asked(reading, journald, { programs: { journalctl: '' } })).toBe('')
    expect(await asked(reading, { ...web, follow: { kind: 'command', command: 'tcpdump -n -i pflog0' } }, { programs: { tcpdump: '' } })).toBe('')
    expect(await asked(reading, { ...web, follow: { kind: 'command', command: '/opt/x | y' } })).toBe('')
  })

  it('is not there, or not for this user', async () => {
    expect(await asked(reading, kmsg)).toMatch(/^error: \/dev\/kmsg cannot be read, even by root.*nflog:5/)
    expect(await asked(reading, kmsg, { isRoot: false })).toMatch(/^note: \/dev\/kmsg cannot be read by this user/)
    expect(await asked(reading, journald)).toMatch(/^error: there is no journalctl/)
    expect(await asked(reading, { ...web, follow: { kind: 'command', command: 'tcpdump -n -i pflog0' } })).toMatch(/^error: "tcpdump" is not in one of the usual folders/)
  })
})

describe('the rule that logs', () => {
  const nft = (rule: string): WorldParts => ({ programs: { 'nft list ruleset': `table inet t {\n\tchain c {\n\t\t${rule}\n\t}\n}\n` } })

  it('is there, in nft or in iptables', async () => {
    expect(await asked(logRule, kmsg, nft('tcp dport 7000 log prefix "knock: "'))).toBe('')
    expect(await asked(logRule, kmsg, { programs: { 'nft list ruleset': '', 'iptables-save': '-A INPUT -p tcp -j LOG --log-prefix "knock: "\n' } })).toBe('')
  })

  it('is not there', async () => {
    expect(await asked(logRule, kmsg, nft('tcp dport 7000 log prefix "knocks: "'))).toMatch(/^error: no rule of nft or iptables logs with the prefix "knock: "/)
    expect(await asked(logRule, syslog, nft('accept'))).toMatch(/^warning: no rule/)
    expect(await asked(logRule, kmsg)).toMatch(/^note: .* could not be looked at/)
    expect(await asked(logRule, web)).toBe('')
  })

  it.each([
    ['limit rate 5/second burst 5 packets log prefix "knock: "', /^warning: the rule .* limits what it logs for all addresses together/],
    ['log prefix "knock: " limit rate 3/minute', /^warning: .* for all addresses together/],
    ['update @seen { ip saddr limit rate 10/second } log prefix "knock: "', /^warning: .* logs nobody new when its set is full/],
    ['update @seen { ip saddr limit rate over 10/second burst 5 packets } return', /^error: no rule/],
    ['meta l4proto tcp log prefix "knock: " comment "limit rate 1/second"', /^$/],
  ])('may hide knocks: %s', async (rule, says) => {
    expect(await asked(logRule, kmsg, nft(rule))).toMatch(says)
  })

  it('of iptables may, too', async () => {
    const rules = '-A INPUT -m limit --limit 3/min -j LOG --log-prefix "knock: "\n'
    expect(await asked(logRule, kmsg, { programs: { 'iptables-save': rules } })).toMatch(/for all addresses together/)
  })

  it.each([['on (low)', /^warning: ufw, whose log level is low, logs 3 packets a minute.*: ufw logging high$/], ['on (high)', /^$/], ['off', /^error: ufw logs nothing.*: ufw logging high$/]])('of ufw at level %s', async (level, says) => {
    const ufw = { ...kmsg, prefix: '[UFW BLOCK] ' }
    const rules = '-A ufw-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "\n'
    expect(await asked(logRule, ufw, { programs: { 'iptables-save': rules, 'ufw status verbose': `Status: active\nLogging: ${level}\n` } })).toMatch(says)
  })
})

describe('what stands between the kernel and the source', () => {
  it('is a network namespace of its own', async () => {
    const files = { '/proc/sys/net/netfilter/nf_log/2': 'NONE' }
    expect(await asked(networkNamespace, kmsg, { files })).toMatch(/^warning: this is a network namespace of its own.*-i nflog:5/)
    expect(await asked(networkNamespace, kmsg, { files: { ...files, '/proc/sys/net/netfilter/nf_log_all_netns': '0\n' } })).toBe('')
    expect(await asked(networkNamespace, web, { files })).toBe('')
  })

  it.each([
    ['ReadKMsg=no', /^error: journald does not read the kernel's log/], ['Storage = none', /^error: journald keeps nothing/],
    ['MaxLevelStore=err', /^error: journald keeps only what is err or worse/], ['MaxLevelStore=warning', /^$/], ['#ReadKMsg=no', /^$/],
  ])('is a journald told: %s', async (line, says) => {
    expect(await asked(logDaemons, journald, { files: { '/etc/systemd/journald.conf': `[Journal]\n${line}\n` } })).toMatch(says)
    expect(await asked(logDaemons, journald, { files: { '/etc/systemd/journald.conf.d/own.conf': `[Journal]\n${line}\n` } })).toMatch(says)
    expect(await asked(logDaemons, kmsg, { files: { '/etc/systemd/journald.conf': `[Journal]\n${line}\n` } })).toBe('')
  })

  it.each([
    ['$RepeatedMsgReduction on', /^warning: rsyslog folds lines that repeat.*sed -i/], ['$RepeatedMsgReduction off', /^$/], ['# $RepeatedMsgReduction on', /^$/],
    ['module(load="imklog" ratelimitinterval="5" ratelimitburst="10")', /^warning: rsyslog limits how many lines it takes in 5 s/],
    ['module(load="imjournal" Ratelimit.Interval="600")', /in 600 s/], ['$IMUXSockRateLimitInterval 0', /^$/], ['$SystemLogRateLimitInterval 5', /in 5 s/], ['#$SystemLogRateLimitInterval 5', /^$/],
  ])('is an rsyslog told: %s', async (line, says) => {
    expect(await asked(logDaemons, syslog, { files: { '/etc/rsyslog.conf': `# rsyslog\n${line}\n` } })).toMatch(says)
    expect(await asked(logDaemons, web, { files: { '/etc/rsyslog.conf': `${line}\n` } })).toBe('')
  })
})

describe('the firewalls of a configuration', () => {
  const read = parseConfig('[knocktail]\nfirewall = nftables\nalways_allow = 198.51.100.7\n[firewall nftables]\nset4 = inet t open4\n[ssh]\nsequence = 7000, 9000, 8000\nports = 22/tcp\n', 'x.conf', () => '')
  const config = read as Exclude<typeof read, readonly unknown[]>
  const noTable = { 'nft -j list table inet t': { stderr: 'Error: No such file or directory' }, 'nft list ruleset': 'table inet other {\n}\n' }

  it('are looked at as the helper does', async () => {
    expect(await checkMachine(config, worldOf({ programs: noTable }), () => true)).toEqual([
      { severity: 'error', about: 'firewall nftables', message: 'there is no table inet t: nft add table inet t' },
      { severity: 'warning', about: 'firewall nftables', message: expect.stringMatching(/always_allow 198\.51\.100\.7 stands in no rule of nftables/) },
    ])
  })

  it('are not looked at without the right to, which is said', async () => {
    expect(await checkMachine(config, worldOf({ programs: noTable }), () => false)).toEqual([
      { severity: 'note', about: 'firewall nftables', message: 'it could not be looked at by this user', mend: 'run check as root' },
    ])
  })
})

describe('the zone of a file\'s stamps', () => {
  const path = '/var/log/kern.log'
  const at = (stamp: string, iso: string) => ({ files: { [path]: `${stamp} gate kernel: [   12.345678] knock: ${PACKET}\n` }, modified: { [path]: Date.parse(iso) * 1000 } })
  const inZone = (timezone: string): SourceConfig => ({ ...syslog, timezone })

  it('is the one in which they are read', async () => {
    expect(await asked(zone, inZone('Europe/Berlin'), at('Nov 25 02:00:00', '2026-11-25T01:00:00.5Z'))).toBe('')
    expect(await asked(zone, inZone('UTC'), at('2026-11-25T02:00:00+01:00', '2026-11-25T05:00:00Z'))).toBe('')
  })

  it.each([
    ['UTC', 'Nov 25 02:00:00', '2026-11-25T01:00:00.5Z', /^error: its last line is dated 1 h after it was written.*: timezone = \+01:00$/],
    ['Europe/Berlin', 'Nov 25 01:00:00', '2026-11-25T01:00:00.5Z', /^error: its last line is dated 1 h before it was written.*: timezone = \+00:00$/],
    ['UTC', 'Jul 24 21:30:00', '2026-07-25T01:00:00Z', /dated 3\.5 h before .*: timezone = -03:30$/],
  ])('is another than %s', async (name, stamp, iso, says) => {
    expect(await asked(zone, inZone(name), at(stamp, iso))).toMatch(says)
  })

  it('is not to be told from a file that something else was written to', async () => {
    expect(await asked(zone, inZone('UTC'), at('Nov 25 02:00:00', '2026-11-25T01:07:00Z'))).toBe('')
    expect(await asked(zone, inZone('UTC'), at('Nov 20 02:00:00', '2026-11-25T01:00:00Z'))).toBe('')
  })
})
