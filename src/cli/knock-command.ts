import type { Command } from 'commander'

/** Everything behind --then is the command, its own options included. */
export function cutThen(argv: readonly string[]): { readonly own: readonly string[]; readonly rest: readonly string[] } {
  const at = argv[0] === 'knock' ? argv.indexOf('--then') : -1
  return at < 0 ? { own: argv, rest: [] } : { own: argv.slice(0, at + 2), rest: argv.slice(at + 2) }
}

const EXAMPLES = `
Profiles are the sections of ~/.config/knocktail/profiles.conf, in the words of the daemon's rule (samples/client/profiles.conf shows every key):
  [home]
  host = gate.example.org
  sequence = hmac
  secret = home.secret
  host_id = gate.example.org
  rule = ssh
  user = alice

Examples:
  knocktail knock gate.example.org 31877 7412:udp 52044
  knocktail knock home --then ssh alice@gate.example.org
  in ~/.ssh/config: ProxyCommand knocktail knock %h home --proxy %p`

/** `knocktail knock`, as commander knows it. `rest`: what \`cutThen\` has cut off. */
export function knockCommand(program: Command, rest: readonly string[], done: (exitCode: number) => void): void {
  program.command('knock').summary('knock at a host, and come in')
    .description('Knocks at a host: the ports given, or those of a profile. Needs no rights.')
    .argument('<host>', 'a name, an address, or a profile that has a host')
    .argument('[what...]', 'a profile, or ports: 7000 8000:udp; by default the profile named as the host')
    .option('-4, --ipv4', 'by IPv4 only')
    .option('-6, --ipv6', 'by IPv6 only')
    .option('-u, --udp', 'ports without a protocol are UDP')
    .option('--delay <time>', 'between one knock and the next: 0, 50ms, 1s (default: 50ms)')
    .option('--wait-port <port>', 'wait until this TCP port answers, knock once more if it does not (default: the profile\'s wait_port)')
    .option('--wait <time>', 'how long to wait for an answer after each knock (default: 5s); 0 waits for none')
    .option('--then <command...>', 'wait for the port (22 if none is said), then run this: all that follows is the command')
    .option('--proxy <port>', 'wait for this TCP port, then join standard input and output to it, for ssh\'s ProxyCommand')
    .option('--profiles <file>', 'where the profiles are (default: ~/.config/knocktail/profiles.conf)')
    .option('--dry-run', 'say what would be sent, send nothing, use nothing up')
    .option('--reveal', 'with --dry-run: also what makes up a profile\'s sequence; whoever sees it can use it')
    .option('-q, --quiet', 'say nothing but what went wrong')
    .option('--json', 'one JSON object a line on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (host: string, what: string[], options) => done(await (await import('./knock.ts')).runKnock(host, what, options, rest)))
}
