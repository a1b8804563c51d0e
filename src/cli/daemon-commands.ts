import type { Command } from 'commander'

type Done = (exitCode: number) => void

/** Commands by which people look at a daemon, and tell it what to do. */
export function daemonCommands(program: Command, done: Done): void {
  lookingCommands(program, done)
  changingCommands(program, done)
  pausingCommands(program, done)
  historyCommands(program, done)
}

function lookingCommands(program: Command, done: Done): void {
  asking(program.command('status').summary('say how the daemon goes; exit code 1 if something is wrong'))
    .description('Says how the daemon goes: what is wrong and what to do about it, its sources, its rules. It ends with 1 if anything is wrong, so it can be a health check.')
    .action(async (options) => done(await (await import('./status.ts')).runStatus(options)))

  asking(program.command('list').summary('list what is open, and who is amid a sequence'))
    .description('Lists the grants with the time they have left, and the attempts in progress.')
    .action(async (options) => done(await (await import('./status.ts')).runList(options)))
}

function changingCommands(program: Command, done: Done): void {
  asking(program.command('open').summary('open a door for an address, as if it had been knocked'))
    .description('Opens a rule\'s door for an address, as if it had been knocked; also while the rule is paused.')
    .argument('<address>').argument('<rule>')
    .option('--for <duration>', 'in place of the rule\'s open_for, up to its max_open')
    .option('--user <name>', 'which user of that rule is let in')
    .action(async (address: string, rule: string, options) => done(await (await import('./ask.ts')).runOpen(address, rule, options)))

  asking(program.command('close').summary('close what is open for an address, or everything'))
    .description('Ends the grants of an address, by one rule or by all. With --all everything is closed, also without a daemon, from its ledger.')
    .argument('[address]').argument('[rule]')
    .option('--all', 'everything; without a daemon it needs -c')
    .option('--state-dir <dir>', 'where the ledger is, in place of the configured folder')
    .action(async (address: string | undefined, rule: string | undefined, options) => done(await (await import('./ask.ts')).runClose(address, rule, options)))

  asking(program.command('reload').summary('let the daemon read its configuration anew'))
    .description('Lets the daemon read its configuration anew, and says what is wrong with it; then the old one stays in force.')
    .option('--force', 'also if rules, a firewall or addresses of always_allow are gone')
    .action(async ({ force, ...options }) => done(await (await import('./ask.ts')).runAsk('reload', { force }, options)))

  asking(program.command('reconcile').summary('let the daemon look at once whether the firewalls hold what they should'))
    .description('Lets the daemon compare the firewalls with what should be open, mend them, try again what failed, and look for what keeps them from working.')
    .action(async (options) => done(await (await import('./ask.ts')).runAsk('reconcile', {}, options)))
}

function pausingCommands(program: Command, done: Done): void {
  asking(program.command('pause').summary('open nothing for knocks until resume'))
    .description('Knocks at that rule, or at all, are told and open nothing, also over a restart. What is open closes at its time, and status fails until resume.')
    .argument('[rule]')
    .action(async (rule: string | undefined, options) => done(await (await import('./ask.ts')).runAsk('pause', { rule }, options)))

  asking(program.command('resume').summary('end a pause'))
    .description('Lets that rule open again, or, without one, every rule.')
    .argument('[rule]')
    .action(async (rule: string | undefined, options) => done(await (await import('./ask.ts')).runAsk('resume', { rule }, options)))
}

function historyCommands(program: Command, done: Done): void {
  filtered(program.command('history').summary('tell what happened: who knocked, what opened and closed, what went wrong'))
    .description('Tells what happened, from the files that the daemon writes in state_dir. It needs no daemon.')
    .option('-f, --follow', 'go on with what happens from now on')
    .option('--json', 'one JSON object a line')
    .action(async (options) => done(await (await import('./history.ts')).runHistory(options)))

  filtered(program.command('report').summary('write the history as a page'))
    .description('Writes what happened as one page of HTML that needs no network and runs no script: who came in, who failed at which step, scans, troubles.')
    .option('-o, --output <file>', 'where to, in place of standard output')
    .action(async (options) => done(await (await import('./report.ts')).runReport(options)))
}

/** Where the history is, and what of it is wanted. */
function filtered(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration, for its state_dir')
    .option('--state-dir <dir>', 'where the history is, in place of the configured folder')
    .option('--rule <rule>', 'only of that rule')
    .option('--address <address>', 'only of that address or network')
    .option('--user <user>', 'only of that user')
    .option('--since <time>', 'only from then on: 2h (ago), 2026-07-04, 2026-07-04T12:00:00Z')
    .option('--event <name>', 'only events of that name: open, close, failure, scan ...')
}

/** How the daemon is found. */
function asking(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the daemon\'s configuration, for its run_dir')
    .option('--run-dir <dir>', 'where its sockets are, in place of the configured folder')
    .option('--json', 'one JSON object on standard output')
}
