import type { Command } from 'commander'

/** `knocktail init`, as commander knows it. */
export function initCommand(program: Command, done: (exitCode: number) => void): void {
  program.command('init').summary('write a setup for this machine, and say what to do with it')
    .description('Asks what to protect, looks at what this machine has, draws a sequence at random, and writes configuration, firewall rules and the client\'s part into a folder. Changes nothing else.')
    .option('--port <port>', 'what shall be shut but for those who knock: 22/tcp, 51820/udp (default: 22/tcp)')
    .option('--firewall <name>', 'nftables, ufw, iptables or pf (default: what is found here)')
    .option('--log <source>', 'which log shows the packets: kmsg, journald, file:/PATH, command:CMDLINE (default: what is found here)')
    .option('--kind <kind>', 'how to knock: hmac (knocktail on the client), totp (the codes of a phone\'s app), static (the same ports every time) (default: hmac)')
    .option('--user <name>', 'who knocks, for hmac and totp (default: admin)')
    .option('--host <host>', 'how clients reach this machine (default: its name)')
    .option('--always-allow <list>', 'addresses and networks that need no knock, separated by commas')
    .option('--console', 'there is another way in, should nobody come in by that port')
    .option('--prefix <text>', 'what the LOG rule prints before a packet', 'knock: ')
    .option('--folder <dir>', 'where to write', './knocktail-setup')
    .option('--place <dir>', 'where the files are to stand in the end', '/etc/knocktail')
    .option('-y, --yes', 'ask nothing: take the options, and the defaults for the rest')
    .action(async (options) => done(await (await import('./init.ts')).runInit(options)))
}
