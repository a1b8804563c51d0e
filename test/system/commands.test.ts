import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { doorConfig, knock, KNOCKS, loadRules, useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** Doors that commands open: on another host by a real ssh, one that never answers, one that is only started. */

systemTest(['ip', 'nft', 'nc', 'cat', 'ssh', 'sshd', 'ssh-keygen'])('commands', () => {
  useNamespaceLog()
  const netns = useNetns()
  // The host behind: the other end of a second cable is all that counts, so its namespace stands for it.
  const behind = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}m: `
  let daemon: LiveDaemon

  beforeAll(async () => {
    await loadRules(netns, prefix)
    await netns.listen(22)
    await netns.addClient('192.0.2.11')
    await join3()
  })
  afterEach(() => daemon.stop())

  /** A cable from the server to the host behind it, and a real sshd there. */
  async function join3(): Promise<void> {
    const [server, other] = [netns.nameOf('server'), behind.nameOf('server')]
    await netns.serve(['ip', 'link', 'add', 'veth1', 'type', 'veth', 'peer', 'name', 'veth1', 'netns', `/run/netns/${other}`])
    for (const [name, address] of [[server, '198.51.100.1/24'], [other, '198.51.100.2/24']] as const) {
      await netns.inServer(['ip', '-n', name, 'addr', 'add', address, 'dev', 'veth1'])
      await netns.inServer(['ip', '-n', name, 'link', 'set', 'veth1', 'up'])
    }
    mkdirSync('/run/sshd', { recursive: true })
    for (const key of ['host', 'user']) await netns.serve(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder.path, key)])
    const opens = join(folder.path, 'remote')
    // What a gate does: it knows two words and an address, whatever it is asked.
    const gate = folder.write('gate', `#!/bin/sh\nset -- $SSH_ORIGINAL_COMMAND\ncase "$1" in allow|deny) echo "$1 $2" >> ${opens};; esac\n`)
    await netns.serve(['chmod', '755', gate])
    const keys = folder.write('keys', `command="${gate}" ${readFileSync(join(folder.path, 'user.pub'), 'utf8')}`)
    behind.start('server', ['/usr/sbin/sshd', '-D', '-e', '-f', '/dev/null', '-h', join(folder.path, 'host'), '-o', 'PidFile=none', '-o', 'UsePAM=no',
      '-o', `AuthorizedKeysFile=${keys}`, '-o', 'StrictModes=no', '-o', 'PermitRootLogin=yes', '-o', 'ListenAddress=198.51.100.2'])
    await eventually(async () => expect((await netns.inServer(['nc', '-z', '-w1', '198.51.100.2', '22'])).code).toBe(0))
  }

  const ssh = (words: string): string => `/usr/bin/ssh -i ${join(folder.path, 'user')} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes root@198.51.100.2 ${words}`
  const remote = (): string[] => readFileSync(join(folder.path, 'remote'), 'utf8').trimEnd().split('\n')

  async function start(rules: string): Promise<void> {
    const config = doorConfig({ prefix }).replace(/\[ssh\][\s\S]*/, rules)
    daemon = new LiveDaemon(netns, { folder: folder.path, config })
    await daemon.until('source-running')
  }

  it('open and close a door on another host by ssh', async () => {
    await start(`[far]\nsequence = ${KNOCKS.join(', ')}\nstart_command = ${ssh('allow %IP%')}\nstop_command = ${ssh('deny %IP%')}\nopen_for = 1s\n`)
    await knock(netns)
    await daemon.until('closed')
    expect(remote()).toEqual([`allow ${addressOf('client', 4)}`, `deny ${addressOf('client', 4)}`])
  })

  it('that never end delay nobody else', async () => {
    // 192.0.2.250 answers nothing: ssh waits for it.
    const dead = '/usr/bin/ssh -o BatchMode=yes root@198.51.100.250 allow %IP%'
    await start(`[dead]\nsequence = ${KNOCKS.join(', ')}\nstart_command = ${dead}\nstop_command = ${dead}\n[near]\nsequence = ${KNOCKS.join(', ')}\nports = 22/tcp\n`)
    const begun = performance.now()
    await knock(netns, '192.0.2.11')
    await daemon.untilTrue(() => daemon.named('opened').some(({ firewall }) => firewall === 'nftables'), 'the near door opens')
    expect(performance.now() - begun).toBeLessThan(2500)
    expect(await netns.canConnect(22, 4, '192.0.2.11')).toBe(true)
  })

  it('that failed are undone and run anew for who knocks again', async () => {
    const [ran, broken] = [join(folder.path, 'failed-ran'), join(folder.path, 'broken')]
    writeFileSync(broken, '')
    await start(`[weak]\nsequence = ${KNOCKS.join(', ')}\nstart_command = /bin/echo + >> ${ran} && test ! -e ${broken}\nstop_command = /bin/echo - >> ${ran}\n`)
    await knock(netns)
    await daemon.until('firewall-failed')
    rmSync(broken)
    await knock(netns)
    await daemon.until('opened')
    expect(readFileSync(ran, 'utf8').split('\n').join('')).toBe('+-+')
    await knock(netns)
    await daemon.until('extend', 2)
    await daemon.stop()
    expect(readFileSync(ran, 'utf8').split('\n').join('')).toBe('+-+')
  })

  it('of a knockd.conf run as knockd would run them, once a source is named', async () => {
    const ran = join(folder.path, 'knockd-ran')
    const config = `[options]
	UseSyslog
	Interface = veth0

[openSSH]
	sequence    = ${KNOCKS.join(',')}
	seq_timeout = 5
	command     = /bin/echo "open %IP%; # %IP%" >> ${ran}
	tcpflags    = syn

[timed]
	sequence      = ${KNOCKS[1]},${KNOCKS[0]},${KNOCKS[2]}
	start_command = /bin/echo start %IP% >> ${ran}
	cmd_timeout   = 1
	stop_command  = /bin/echo stop %IP% >> ${ran}
`
    daemon = new LiveDaemon(netns, { folder: folder.path, config, args: ['--source', 'kmsg', '--prefix', prefix] })
    await daemon.until('source-running')
    await knock(netns)
    await daemon.until('opened')
    await knock(netns, '192.0.2.11', [KNOCKS[1], KNOCKS[0], KNOCKS[2]])
    await daemon.until('closed')
    const client = addressOf('client', 4)
    expect(readFileSync(ran, 'utf8')).toBe(`open ${client}; # ${client}\nstart 192.0.2.11\nstop 192.0.2.11\n`)
  })

  it('that nothing undoes are run once for each match, also over a kill -9', async () => {
    const ran = join(folder.path, 'ran')
    writeFileSync(ran, '')
    await start(`[once]\nsequence = ${KNOCKS.join(', ')}\nstart_command = /bin/echo %IP% %PORT% %RULE% >> ${ran}\n`)
    await knock(netns)
    await daemon.until('opened')
    await daemon.stop('SIGKILL')
    daemon.restart()
    await daemon.until('source-running', 2)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(readFileSync(ran, 'utf8').trimEnd().split('\n').map((line) => line.trim())).toEqual([`${addressOf('client', 4)} once`])
  })
})
