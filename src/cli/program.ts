import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { startFrugally } from '../frugal.ts'
import { KnocktailError } from '../error.ts'
import { printable } from '../printable.ts'
import { checkCommand } from './check-command.ts'
import { completionCommand } from './completion-command.ts'
import { daemonCommands } from './daemon-commands.ts'
import { initCommand } from './init-command.ts'
import { cutThen, knockCommand } from './knock-command.ts'

/** Runs a command line; answers the exit code. Throws only what is a mistake of ours. */
export async function runProgram(argv: readonly string[], fail: (message: string) => void): Promise<number> {
  let exitCode = 0
  const { own, rest } = cutThen(argv)
  try {
    await wholeProgram((code) => (exitCode = code), rest).parseAsync(own, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : new KnocktailError('usage', '').exitCode
    if (!(error instanceof KnocktailError)) throw error
    fail(error.code === 'config' ? error.message : `knocktail: ${error.message}`)
    return error.exitCode
  }
}

/** Every command, with its options. `rest`: what stands behind --then. */
export function wholeProgram(done: (exitCode: number) => void, rest: readonly string[] = []): Command {
  const program = buildProgram(done)
  knockCommand(program, rest, done)
  helperCommand(program)
  daemonCommands(program, done)
  completionCommand(program, done)
  return program
}

/** What a command is made of is loaded only for that command: the daemon has no use for the others in its memory. */
function buildProgram(done: (exitCode: number) => void): Command {
  const program = new Command('knocktail')
    .description('A port-knock daemon that listens to logs instead of packets.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError('(--help says what there is)')
    .configureOutput({ outputError: (text, write) => write(text.split('\n').map(printable).join('\n')) })
    .exitOverride()

  runCommands(program, done)
  sweepCommand(program, done)

  logOptions(program.command('replay').summary('say which doors would have opened, by the time of the logs'))
    .description('Reads logs, merged by time, and says which doors the rules would have opened, extended and closed. Touches nothing.')
    .requiredOption('-c, --config <file>', 'rules to try: a knocktail.conf or a knockd.conf')
    .option('--json', 'one JSON object a line on standard output')
    .option('--report <file>', 'write a page of it all, too: HTML that needs nothing else')
    .action(async (logs: string[], options) => {
      const threads = (await import('./early-threads.ts')).earlyThreads(logs)
      done(await (await import('./replay.ts')).runReplay(logs, { ...options, threads }))
    })

  logOptions(program.command('parse').summary('print the connection events that logs show'))
    .description('Reads logs and prints the events that they show.')
    .option('--json', 'one JSON object a line on standard output')
    .option('--unmatched', 'the lines that show no event instead, each with the reason')
    .action(async (logs: string[], options) => {
      const threads = (await import('./early-threads.ts')).earlyThreads(logs)
      done(await (await import('./parse.ts')).runParse(logs, { ...options, threads }))
    })

  explainCommand(program, done)
  checkCommand(program, done)
  initCommand(program, done)

  program.command('parsers').summary('list the log formats')
    .description('Lists the log formats that are understood.')
    .option('--json', 'one JSON object a line')
    .action(async (options) => done(await (await import('./parsers.ts')).runParsers(options)))

  return program
}

function explainCommand(program: Command, done: (exitCode: number) => void): void {
  const command = program.command('explain').summary('tell why the knocks of an address did or did not open')
    .description('Tells the story of one address: each of its knocks, what was expected next, why an attempt ended and what would have opened. Without a log: what the daemon\'s history has of it, and what a running daemon remembers.')
    .argument('<address>', 'the address to tell of')
  logOptions(command, '[log...]')
    .requiredOption('-c, --config <file>', 'a knocktail.conf or a knockd.conf')
    .option('--state-dir <dir>', 'where the history is kept, in place of the configured folder')
    .option('--run-dir <dir>', 'where the daemon\'s sockets are, in place of the configured folder')
    .option('--json', 'one JSON object a line on standard output')
    .action(async (address: string, logs: string[], options) => {
      const threads = (await import('./early-threads.ts')).earlyThreads(logs)
      done(await (await import('./explain.ts')).runExplain(address, logs, { ...options, threads }))
    })
}

function runCommands(program: Command, done: (exitCode: number) => void): void {
  runOptions(program.command('run').summary('follow the logs and open doors until told to stop'))
    .description('The daemon: follows the sources, opens doors for those who knock, and closes them at their time.')
    .option('--run-dir <dir>', 'where the sockets for status, open and their like are made, in place of the configured folder')
    .option('--dry-run', 'decide and tell, but touch no firewall and write nothing')
    .action(async (options) => {
      startFrugally()
      done(await (await import('./run.ts')).runRun(options))
    })

  runOptions(program.command('reader', { hidden: true })).argument('<source>')
    .action(async (source: string, options) => done(await (await import('./reader.ts')).runReaderOf(source, options)))
}

function sweepCommand(program: Command, done: (exitCode: number) => void): void {
  program.command('sweep').summary('close what a daemon that is gone left open')
    .description('Closes, from the ledger and without the daemon, every door whose time is over or that was opened before the machine was started anew.')
    .requiredOption('-c, --config <file>', 'a knocktail.conf or a knockd.conf')
    .option('--state-dir <dir>', 'where the ledger is, in place of the configured folder')
    .option('--helper <command>', HELPER_HELP)
    .action(async (options) => done(await (await import('./sweep.ts')).runSweep(options)))
}

/** Started by `run`, and shown to nobody. */
function helperCommand(program: Command): void {
  program.command('helper', { hidden: true })
    .description('The privileged part of run, which starts it.')
    .requiredOption('-c, --config <file>', 'a knocktail.conf or a knockd.conf')
    .option('--state-dir <dir>', 'where the ledger is kept, in place of the configured folder')
    .action(async ({ config, stateDir }: { config: string; stateDir?: string }) => (await import('../helper/run-helper.ts')).runHelper(config, stateDir === undefined ? {} : { stateDir }))
}

function runOptions(command: Command): Command {
  return command
    .requiredOption('-c, --config <file>', 'a knocktail.conf or a knockd.conf')
    .option('--source <spec>', 'what to follow, in place of the configured sources: kmsg, journald, stdin, file:/PATH, command:CMDLINE; parser=NAME: may go before it', collect)
    .option('--parser <name>', 'the format of the sources named here (knocktail parsers lists them)')
    .option('--prefix <text>', 'what the LOG rule prints before a packet, for the sources named here')
    .option('--state-dir <dir>', 'where the ledger is kept, in place of the configured folder')
    .option('--helper <command>', HELPER_HELP)
}

const HELPER_HELP = 'how the privileged part is started, in place of the configured way: a command, or unix:PATH of a service manager\'s socket'

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

function logOptions(command: Command, logs = '<log...>'): Command {
  return command
    .argument(logs, 'log files; .gz too; - is standard input; parser=NAME:FILE names the format of one')
    .option('--parser <name>', 'the format of the logs (knocktail parsers lists them); found out from the first lines if not given')
    .option('--timezone <tz>', 'the zone of stamps that name none: UTC, Europe/Berlin, +02:00')
    .option('--year <year>', 'the year of the first line, where stamps have none; else the file\'s own time tells')
    .option('--spans <kind>', 'what tcpdump\'s spans count from: since-first or since-previous line; found out if not given')
}

function version(): string {
  const manifest = createRequire(import.meta.url)('knocktail/package.json') as { version: string }
  return manifest.version
}
