import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ran } from '../../src/firewalls/run.ts'
import { useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { BIN, jsonLines, useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** Knocks that are good once: what the client makes of a secret opens the real daemon's door, also a second time within one time step. */

const SECRETS = { alice: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', bob: 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U', carol: 'ORSXG5BAONSWG4TFOQQGM33SEBBWC4TPNQ' }
const LIST = '9001, 9002:udp, 9003\n9004, 9005:udp, 9006\n9007, 9008:udp, 9009\n'

systemTest(['ip', 'nft', 'cat', 'ss', 'nginx', 'openssl', 'faketime'])('the client with secrets', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}s: `
  const path = (name: string): string => join(folder.path, name)
  let daemon: LiveDaemon

  const secrets = Object.keys(SECRETS).map((user) => `[user ${user}]\nsecret = ${path(`${user}.secret`)}\n`).join('')
  const daemonConfig = (): string => `[knocktail]
firewall = nftables
host_id = gate
[source kernel]
follow = kmsg
prefix = "${prefix}"
[source web]
follow = file:${path('access.log')}
parser = clf
[firewall nftables]
set4 = inet door knock4
set6 = inet door knock6
${secrets}[user dave]
one_time_sequences = ${path('dave.list')}
${['code = 7412, 31877, totp', 'drawn = hmac', 'web = token', 'paper = one-time'].map((text, index) => {
  const [rule, sequence] = text.split(' = ')
  const more = { drawn: 'port_range = 50000-59999\nbind_address = yes\nproto = udp\n', web: 'bind_address = yes\n' }[rule!] ?? ''
  return `[${rule}]\nsequence = ${sequence}\nusers = ${[...Object.keys(SECRETS), 'dave'][index]}\n${more}ports = 22/tcp\nopen_for = 2s\n`
}).join('')}`

  const identity = (rule: string, user: string): string => `secret = ${path(`${user}.secret`)}\nhost_id = gate\nrule = ${rule}\nuser = ${user}\nbind_address = yes\n`
  const profiles = (): string => `[code]
sequence = 7412, 31877, totp
secret = ${path('alice.secret')}
[drawn]
sequence = hmac
port_range = 50000-59999
proto = udp
${identity('drawn', 'bob')}[web]
sequence = token
origin = https://gate.example.org
certificate = any
${identity('web', 'carol')}[paper]
sequence = one-time
one_time_sequences = ${path('dave-at-home.list')}
`

  beforeAll(async () => {
    for (const [user, secret] of Object.entries(SECRETS)) writeFileSync(path(`${user}.secret`), `${secret}\n`, { mode: 0o600 })
    for (const name of ['dave.list', 'dave-at-home.list']) writeFileSync(path(name), LIST, { mode: 0o600 })
    mkdirSync(path('knocktail'))
    writeFileSync(path('knocktail/profiles.conf'), profiles(), { mode: 0o600 })
    await netns.serve(['nft', '-f', '-'], `flush ruleset
table inet door {
  set knock4 { type ipv4_addr; flags timeout; }
  set knock6 { type ipv6_addr; flags timeout; }
  chain input {
    type filter hook input priority 0; policy accept;
    ct state established accept
    tcp dport 443 accept
    tcp dport 22 ip saddr @knock4 accept
    tcp dport 22 ip6 saddr @knock6 accept
    tcp dport 22 drop
    meta l4proto { tcp, udp } th dport 7000-59999 log prefix "${prefix}" drop
  }
}
`)
    await netns.listen(22)
    await startNginx()
    // With a new ledger it is deaf until all that might have been used before is over: it began three minutes ago.
    const before = new LiveDaemon(netns, { folder: folder.path, config: daemonConfig(), env: { LD_PRELOAD: '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', FAKETIME: '-3m', FAKETIME_DONT_FAKE_MONOTONIC: '1' } })
    await before.until('started')
    await before.stop()
    daemon = new LiveDaemon(netns, { folder: folder.path, config: daemonConfig(), args: ['--state-dir', before.stateDir] })
    await daemon.until('source-running', 2)
    await daemon.until('started')
  })

  afterAll(() => daemon.stop())

  async function startNginx(): Promise<void> {
    await netns.serve(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', path('key'), '-out', path('cert'), '-subj', '/CN=gate.example.org'])
    writeFileSync(path('nginx.conf'), `daemon off; pid ${path('nginx.pid')}; error_log ${path('error.log')}; events {}
http { access_log ${path('access.log')} combined; server { listen 443 ssl; listen [::]:443 ssl; ssl_certificate ${path('cert')}; ssl_certificate_key ${path('key')}; root ${folder.path}/none; } }
`)
    netns.start('server', ['nginx', '-p', folder.path, '-c', path('nginx.conf')])
    await eventually(async () => expect(await netns.serve(['ss', '-Hltn', 'sport = :443'])).toContain(':443'))
  }

  function knock(family: number, profile: string): Promise<Ran> {
    return netns.inClient(['env', `XDG_CONFIG_HOME=${folder.path}`, process.execPath, BIN, 'knock', addressOf('server', family === 6 ? 6 : 4), profile, '--wait-port', '22', '--wait', '5s', '--json'])
  }

  it.each([['code', 'alice', 4], ['drawn', 'bob', 6], ['web', 'carol', 6], ['paper', 'dave', 4]])('%s: twice in a row', async (profile, user, family) => {
    const opened = (): Record<string, unknown>[] => daemon.named('open').filter(({ rule }) => rule === profile)
    const timeSteps: unknown[] = []
    for (const times of [1, 2]) {
      const { code, stdout, stderr } = await knock(family, profile)
      expect([code, stderr]).toEqual([0, ''])
      const events = jsonLines(stdout)
      timeSteps.push(...events.flatMap(({ timeStep }) => timeStep ?? []))
      expect(events.at(-1)).toMatchObject({ event: 'answered', port: 22 })
      // The door may answer before its record is read.
      await daemon.untilTrue(() => opened().length === times, `${times} x open`)
      expect(opened().at(-1)).toMatchObject({ rule: profile, user, address: addressOf('client', family === 6 ? 6 : 4) })
      await daemon.untilTrue(() => daemon.named('closed').length === daemon.named('opened').length, 'closed')
    }
    // What was spent does not open again: the second time, it was what was made for a later step.
    if (profile !== 'paper') expect(Number(timeSteps.at(-1))).toBeGreaterThan(Number(timeSteps[0]))
    else expect(readFileSync(path('dave.list'), 'utf8')).toBe(LIST.replaceAll(/^(900[14])/gm, '#$1'))
  })
})
