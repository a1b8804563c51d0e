import { randomInt } from 'node:crypto'
import { resolve } from 'node:path'
import { KnocktailError } from '../error.ts'
import type { Plan } from '../init/plan.ts'
import type { Answers } from '../init/questions.ts'
import { drawKnock, setupOf } from '../init/setup.ts'
import { lockoutWarning, stepsOf, stepsText } from '../init/steps.ts'
import { survey, type Survey } from '../init/survey.ts'
import { writeSetup } from '../init/write.ts'
import { thisMachine } from '../machine/world.ts'
import { printable } from '../printable.ts'
import { choose, type InitOptions } from './init-answers.ts'
import { Output, tell } from './output.ts'

/** `knocktail init`: writes a setup for this machine into a folder, and prints what to do with it. Answers the exit code. */
export async function runInit(options: InitOptions): Promise<number> {
  const found = await survey(thisMachine())
  const plan = planOf(await choose(found, options), found, options)
  const { files, rules } = setupOf(plan)
  const steps = stepsText(stepsOf(plan, rules, found))
  writeSetup(plan.folder, [...files, { name: 'NEXT-STEPS', text: steps, isSecret: true }])
  const output = new Output()
  output.line(`Written to ${printable(plan.folder)}: ${files.map(({ name }) => name).join(', ')}. Nothing else was changed. Now, as root:\n`)
  output.line(steps.trimEnd())
  await output.flush()
  const warning = lockoutWarning(plan)
  if (warning !== undefined) tell(`warning: ${warning}`)
  return 0
}

function planOf(answers: Answers, { ports, hostName }: Survey, { prefix, folder, place }: InitOptions): Plan {
  const { port, kind, log, console: hasConsole, ...rest } = answers
  if (rest.firewall === 'pf' && (log === 'kmsg' || log === 'journald')) throw new KnocktailError('usage', `${log} shows nothing of pf: give --log 'command:tcpdump -n -l -e -tt -i pflog1'`)
  const knock = drawKnock(kind, ports, randomInt)
  if (!knock) throw new KnocktailError('failed', `this machine has too few free ports for --kind ${kind}: they are given to outgoing connections, or in use`)
  if (!/^[\x20-\x7e]{1,28}$/.test(prefix) || /["\\]/.test(prefix)) throw new KnocktailError('usage', '--prefix must be up to 28 printable ASCII characters, without " and \\')
  for (const path of [folder, place]) if (!/^[\w@%+=:,./-]+$/.test(path)) throw new KnocktailError('usage', `${printable(path)} stands in commands and must have no blanks and signs that a shell knows`)
  return { ...rest, rule: port.port === 22 ? 'ssh' : `door-${port.port}`, port, follow: log, hasConsole, hostId: hostName, knock, prefix, folder: resolve(folder), place: resolve(place) }
}

