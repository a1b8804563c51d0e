import type { Command } from 'commander'

/** Commands by which people look at a daemon, and tell it what to do. */
export function daemonCommands(program: Command, done: (exitCode: number) => void): void {
  program.command('history').summary('tell what happened: who knocked, what opened and closed, what went wrong')
    .description('Tells what happened, from the files that the daemon writes in state_dir. It needs no daemon.')
    .option('-c, --config <file>', 'the configuration, for its state_dir')
    .option('--state-dir <dir>', 'where the history is, in place of the configured folder')
    .option('-f, --follow', 'go on with what happens from now on')
    .option('--rule <rule>', 'only of that rule')
    .option('--address <address>', 'only of that address or network')
    .option('--user <user>', 'only of that user')
    .option('--since <time>', 'only from then on: 2h (ago), 2026-07-04, 2026-07-04T12:00:00Z')
    .option('--event <name>', 'only events of that name: open, close, failure, scan ...')
    .option('--json', 'one JSON object a line')
    .action(async (options) => done(await (await import('./history.ts')).runHistory(options)))
}
