import { join, resolve } from 'node:path'
import { machineClocks } from '../clocks.ts'
import { loadOwnConfig } from '../config/load.ts'
import { Entries } from '../firewalls/entries.ts'
import { RulesetWatch } from '../firewalls/nft-watch.ts'
import { OpenTargets } from '../firewalls/open-targets.ts'
import { findProgram } from '../firewalls/run.ts'
import { UsedTargets } from '../firewalls/used-targets.ts'
import { OneTimeLists } from '../one-time/lists.ts'
import { Front } from './front.ts'
import { inheritEntries, offerEntries } from './handover.ts'
import { enterOwnFolder, openOwnFile } from '../own-folder.ts'
import type { Reply } from '../wire.ts'
import { formatReply } from './protocol.ts'
import { Server } from './server.ts'

const LOOK_MS = 500
const RETRY_MS = 5000
/** So long the front has to close what is over, in microseconds. */
const GRACE = 3e6

/**
 * The privileged part: serves the front on standard input and output, and outlives it until what it opened is closed. Does not
 * return; throws a KnocktailError if it cannot begin.
 */
export async function runHelper(configPath: string, options: { readonly stateDir?: string } = {}): Promise<never> {
  const path = resolve(configPath)
  enterOwnFolder(join(resolve(options.stateDir ?? (await loadOwnConfig(path)).stateDir), 'helper'))
  const { boot } = machineClocks()
  const [entries, front] = [new Entries(), new Front()]
  const watch = new RulesetWatch((firewall) => say({ kind: 'changed', firewall }))
  const tools = { run: watch.run, find: findProgram }
  const [targets, lists] = [new OpenTargets(new UsedTargets(openOwnFile('targets'), '.'), tools), new OneTimeLists(tools, (text) => say({ kind: 'note', text }))]
  const reload = async (): Promise<void> => {
    const config = await loadOwnConfig(path)
    for (const each of [targets, lists]) each.load(config)
    watch.follow(targets.planned)
    targets.begin()
  }
  const leave = (): void => {
    entries.keepInherited()
    front.end()
  }
  const server = new Server({ say, targets, entries, boot, reload, leave, spend: (entry) => lists.spend(entry) })
  await reload()
  await inheritEntries(entries, boot)
  offerEntries(entries, boot, () => front.ended.then(() => server.turns.idle()))
  say({ kind: 'ready', count: targets.planned.length })
  const guard = setInterval(() => closeOverdue(server, entries, boot() - GRACE), RETRY_MS / 2)
  front.listen((line) => server.receive(line), server.turns)
  await front.ended
  clearInterval(guard)
  watch.stop()
  await closeAll(server, entries, () => (front.isHurried ? Number.POSITIVE_INFINITY : boot()))
  process.exit(0)
}

/** What is said in one go is written in one go. */
function say(reply: Reply): void {
  const { stdout } = process
  if (stdout.writableCorked === 0) {
    stdout.cork()
    queueMicrotask(() => stdout.uncork())
  }
  stdout.write(formatReply(reply))
}

/** A front that lives may still be stuck, behind a log that nobody reads, say. It closes in time itself, or not at all. */
function closeOverdue({ turns }: Server, entries: Entries, now: number): void {
  if (turns.size > 0) return
  for (const { target, address } of entries.due(now)) turns.push(target, { id: 0, verb: 'remove', target, address })
}

/** Takes away what the front cannot any more, each at its time by the clock given; what fails is tried again. */
async function closeAll({ turns }: Server, entries: Entries, now: () => number): Promise<void> {
  await turns.idle()
  while (entries.size > 0) {
    const due = entries.due(now())
    for (const { target, address } of due) turns.push(target, { id: 0, verb: 'remove', target, address })
    await turns.idle()
    const isFailing = due.some((entry) => entries.has(entry))
    if (entries.size > 0) await new Promise((done) => setTimeout(done, isFailing ? RETRY_MS : LOOK_MS))
  }
}
