import type { Command } from 'commander'

/** `knocktail check`, as commander knows it. */
export function checkCommand(program: Command, done: (exitCode: number) => void): void {
  program.command('check').summary('check a configuration, and this machine')
    .description('Reads a configuration, tells everything wrong at once, prints what was understood, and looks whether this machine is as it needs it. Changes nothing.')
    .requiredOption('-c, --config <file>', 'a knocktail.conf or a knockd.conf')
    .option('--config-only', 'leave the machine out: only what the configuration says')
    .option('--live', 'wait for a knock instead, and show each stage of it: the line, the event, the step, the match, and what would be opened; opens nothing')
    .option('--for <time>', 'with --live: how long to wait', '60s')
    .option('--json', 'what was found, one JSON object a line')
    .action(async (options) => done(await (await import('./check.ts')).runCheck(options)))
}
