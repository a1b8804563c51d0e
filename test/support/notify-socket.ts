import { spawn, type ChildProcess } from 'node:child_process'
import { eventually } from './eventually.ts'

/** Node has no datagram sockets of unix's; perl is on every Debian. A sender is not asked who it is. */
const LISTENER = `use Socket; socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, sockaddr_un($ARGV[0])) || die $!; chmod 0777, $ARGV[0]; $| = 1; print "bound\\n";
while (defined(recv(S, $b, 65536, 0))) { $b =~ s/\\n/ /g; print "$b\\n" }`

/** systemd's side of sd_notify(3). */
export interface NotifySocket {
  /** What was told, in order, one message an item, its lines joined by blanks; without the barriers that senders wait for. */
  readonly told: readonly string[]
  readonly close: () => void
}

export async function listenForNotes(path: string): Promise<NotifySocket> {
  const child: ChildProcess = spawn('perl', ['-e', LISTENER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const told: string[] = []
  let rest = ''
  let isBound = false
  child.stdout!.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop()!
    if (lines[0] === 'bound') isBound = lines.shift() !== undefined
    told.push(...lines.filter((line) => line !== 'BARRIER=1'))
  })
  await eventually(() => {
    if (!isBound) throw new Error('the socket is not there yet')
  })
  return { told, close: () => child.kill('SIGKILL') }
}
