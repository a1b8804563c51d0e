import { describe, expect, it } from 'vitest'
import { connectionsOf, readNetstat, readSs } from '../src/connections.ts'
import type { Command, Ran } from '../src/firewalls/run.ts'

const texts = (connections: ReturnType<typeof readSs>): string[] =>
  connections.map(({ local, localPort, peer, peerPort }) => `${local} ${localPort} ${peer} ${peerPort}`)

/** Of iproute2 6.1: a server of both families, one bound to an interface, one reached by a link-local address. */
const SS = `0      0                           192.0.2.1:2222                   192.0.2.2:53760
0      36                       192.0.2.1%v0:2223                   192.0.2.2:58496
0      0                       [2001:db8::1]:22                 [2001:db8::2]:47168
0      0                  [::ffff:192.0.2.1]:22            [::ffff:192.0.2.2]:40926
0      0      [fe80::94e7:4aff:fe77:3126]%v0:2224 [fe80::6cbc:67ff:fe7b:367b]:37474
0      0                    [2001:db8::1]%v0:2224               [2001:db8::2]:52380
`

/** After the formats in OpenBSD's usr.bin/netstat/inet.c and inet6.c (the addresses are cut to 22 columns). */
const OPENBSD = `Active Internet connections
Proto   Recv-Q Send-Q  Local Address          Foreign Address        TCP-State
tcp          0     44  192.0.2.1.22           192.0.2.2.51234        ESTABLISHED
tcp          0      0  192.0.2.1.22           192.0.2.3.1024         FIN_WAIT_2
Active Internet connections
Proto   Recv-Q Send-Q  Local Address          Foreign Address        TCP-State
tcp6         0      0  2001:db8::1.22         2001:db8::2.51236      ESTABLISHED
tcp6         0      0  fe80::1%em0.22         fe80::2%em0.51237      ESTABLISHED
tcp6         0      0  2001:db8:1:2:3:4:5:6.2 2001:db8:1:2:3:4:5:7.5 ESTABLISHED
tcp6         0      0  2001:db8:1111:2222:333 2001:db8:1111:2222:444 ESTABLISHED
`

/** After the formats in FreeBSD's usr.bin/netstat/inet.c, with -W. */
const FREEBSD = `Active Internet connections
Proto Recv-Q Send-Q Local Address                                 Foreign Address                               (state)
tcp4       0      0 192.0.2.1.22                                  192.0.2.2.51234                               ESTABLISHED
tcp6       0      0 2001:db8:1111:2222:3333:4444:5555:6666.22     2001:db8::2.51236                             ESTABLISHED
tcp46      0      0 ::ffff:192.0.2.1.443                          ::ffff:192.0.2.2.51238                        ESTABLISHED
tcp4       0      0 *.22                                          *.*                                           LISTEN
udp4       0      0 192.0.2.1.53                                  192.0.2.2.53                                  ESTABLISHED
`

describe('established connections', () => {
  it('are read from ss', () => {
    expect(texts(readSs(SS))).toEqual([
      '192.0.2.1 2222 192.0.2.2 53760', '192.0.2.1 2223 192.0.2.2 58496', '2001:db8::1 22 2001:db8::2 47168', '192.0.2.1 22 192.0.2.2 40926',
      'fe80::94e7:4aff:fe77:3126 2224 fe80::6cbc:67ff:fe7b:367b 37474', '2001:db8::1 2224 2001:db8::2 52380',
    ])
  })

  it('are read from netstat of OpenBSD', () => {
    expect(texts(readNetstat(OPENBSD)).slice(0, 3)).toEqual(['192.0.2.1 22 192.0.2.2 51234', '2001:db8::1 22 2001:db8::2 51236', 'fe80::1 22 fe80::2 51237'])
    // An address that has lost its port is none.
    expect(texts(readNetstat(OPENBSD)).join()).not.toContain('1111')
  })

  it('are read from netstat of FreeBSD', () => {
    expect(texts(readNetstat(FREEBSD))).toEqual([
      '192.0.2.1 22 192.0.2.2 51234', '2001:db8:1111:2222:3333:4444:5555:6666 22 2001:db8::2 51236', '192.0.2.1 443 192.0.2.2 51238',
    ])
  })

  it.each(['', '\n\n', 'State Recv-Q', '0 0 192.0.2.1:22', '0 0 192.0.2.1:x 192.0.2.2:1', '0 0 192.0.2.1:65536 192.0.2.2:1', '0 0 *:22 *:*'])('are not read from %j', (output) => {
    expect(readSs(output)).toEqual([])
    expect(readNetstat(output)).toEqual([])
  })

  describe('are asked for', () => {
    const answer = (ran: Partial<Ran>) => {
      const commands: Command[] = []
      const run = async (command: Command): Promise<Ran> => {
        commands.push(command)
        return { code: 0, stdout: '', stderr: '', timedOut: false, ...ran }
      }
      return { commands, tools: { run, find: (program: string) => `/bin/${program}` } }
    }

    it.each([
      ['linux', ['/bin/ss', '-Htn', 'state', 'established'], SS, 6],
      ['freebsd', ['/bin/netstat', '-n', '-W', '-p', 'tcp'], FREEBSD, 3],
      ['openbsd', ['/bin/netstat', '-n', '-v', '-p', 'tcp'], OPENBSD, 4],
    ] as const)('on %s', async (platform, argv, stdout, count) => {
      const { commands, tools } = answer({ stdout })
      const result = await connectionsOf(platform, tools)
      expect(result.kind === 'connections' && result.connections).toHaveLength(count)
      expect(commands.map(({ program, args }) => [program, ...args])).toEqual([argv])
    })

    it('in vain where they cannot be had', async () => {
      expect(await connectionsOf('win32', answer({}).tools)).toEqual({ kind: 'failed', why: 'connections cannot be listed on win32' })
      expect(await connectionsOf('linux', { ...answer({}).tools, find: () => undefined })).toEqual({ kind: 'failed', why: 'ss is not installed' })
      expect(await connectionsOf('linux', answer({ code: 1, stderr: 'no' }).tools)).toEqual({ kind: 'failed', why: 'ss: no' })
      expect(await connectionsOf('linux', answer({ code: undefined, timedOut: true }).tools)).toEqual({ kind: 'failed', why: 'ss did not end in time' })
    })
  })
})
