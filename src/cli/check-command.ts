import type { Command } from 'commander'

/** `knocktail check`, as commander knows it. */
export function checkCommand(program: Command, done: (exitCode: number) => void): void {
  program.command('check').summary('check a configuration and print it as understood')
    .description('Reads a configuration, tells everything wrong at once, and prints what was understood.')
    .requiredOption('-c, --config <file>', 'a knocktail.conf or a knockd.conf')
    .action(async (options) => done(await (await import('./check.ts')).runCheck(options)))
}
