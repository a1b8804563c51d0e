import type { Command } from 'commander'

/** `knocktail check`, as commander knows it. */
export function checkCommand(program: Command, done: (exitCode: number) => void): void {
  program.command('check').summary('check a configuration, and this machine')
    .description('Reads a configuration, tells everything wrong at once, prints what was understood, and looks whether this machine is as it needs it. Changes nothing.')
    .requiredOption('-c, --config <file>', 'a knocktail.conf or a knockd.conf')
    .option('--config-only', 'leave the machine out: only what the configuration says')
    .option('--json', 'what was found, one JSON object a line')
    .action(async (options) => done(await (await import('./check.ts')).runCheck(options)))
}
