import { clientLines, codeByHand, otpauthUri } from './client-text.ts'
import { secretName } from './config-text.ts'
import type { Plan } from './plan.ts'
import type { DoorRules } from './rules/door-rules.ts'
import { serviceOf } from './service.ts'
import type { Survey } from './survey.ts'

/** One thing to do. Commands are for root on this machine, unless `elsewhere`. */
export interface Step {
  readonly title: string
  readonly commands: readonly string[]
  readonly notes?: readonly string[]
}

const UNDO_MINUTES = 10

/** Starts what undoes the rules after a while, and ends it again. */
const TIMERS: Readonly<Record<Survey['timer'], (script: string) => { readonly start: string; readonly end: string }>> = {
  'systemd-run': (script) => ({ start: `systemd-run --unit=knocktail-undo --on-active=${UNDO_MINUTES}min /bin/sh ${script}`, end: 'systemctl stop knocktail-undo.timer' }),
  at: (script) => ({ start: `echo '/bin/sh ${script}' | at now + ${UNDO_MINUTES} minutes`, end: 'atq   # and atrm with its number' }),
  sleep: (script) => ({ start: `nohup sh -c 'sleep ${UNDO_MINUTES * 60} && /bin/sh ${script}' >/dev/null 2>&1 & echo $! > ${script}.pid`, end: `pkill -P $(cat ${script}.pid)` }),
}

/** From the files that were written to a door that works, with a way back at each moment. */
export function stepsOf(plan: Plan, rules: DoorRules, { timer, hasSystemd }: Pick<Survey, 'timer' | 'hasSystemd'>): Step[] {
  const { place, folder } = plan
  const config = `${place}/knocktail.conf`
  const undo = TIMERS[timer](`${place}/undo.sh`)
  const service = serviceOf(plan, hasSystemd)
  return [
    ...(folder === place ? [] : [{ title: 'Put the files where they are to stand.', commands: [`install -d -m 0750 ${place}`, `cp -pR ${folder}/. ${place}/`, `chown -R 0:0 ${place}`] }]),
    {
      title: 'Keep a way back in: leave this session open, open a second one, and let the rules be taken away by themselves unless you say otherwise.',
      commands: [undo.start],
    },
    { title: 'Load the rules of the firewall.', commands: rules.load, notes: rules.notes },
    { title: 'See whether all is there that Knocktail needs.', commands: [`knocktail check -c ${config}`] },
    { title: 'Start Knocktail, here for now (end it with Ctrl-C).', commands: [`knocktail run -c ${config}`] },
    clientStep(plan),
    { title: 'When it works: end the timer, and let it all stay.', commands: [undo.end, ...rules.keep, ...service.commands], notes: service.notes },
  ]
}

function clientStep(plan: Plan): Step {
  const { knock, user, folder } = plan
  const prepare = knock.kind === 'static' ? [] : [`Bring profile.conf (into ~/.config/knocktail/profiles.conf) and ${secretName(user)} (beside it, chmod 600) from ${folder} to the client, by a way that others cannot read.`, 'Wait a minute after the very first start: what could have been used before it does not count.']
  const phone = [otpauthUri(plan), codeByHand(plan)].filter((line) => line !== undefined)
  return {
    title: 'From elsewhere: see that nobody comes in without knocking; then knock, and come in.',
    commands: clientLines(plan),
    notes: [...prepare, ...(phone.length === 0 ? [] : ['For an authenticator app:', ...phone])],
  }
}

/** For people; commands stand by themselves, indented, to be copied. */
export function stepsText(steps: readonly Step[]): string {
  return steps.map(({ title, commands, notes = [] }, index) => {
    const lines = [`${index + 1}. ${title}`, ...notes.map((note) => `   ${note}`), ...commands.map((command) => `       ${command}`)]
    return `${lines.join('\n')}\n`
  }).join('')
}

/** What the admin must not overlook. Undefined: nothing. */
export function lockoutWarning({ alwaysAllow, hasConsole }: Plan): string | undefined {
  if (alwaysAllow.length > 0 || hasConsole) return undefined
  return 'no address is always allowed, and no console was spoken of: if Knocktail or its log fails, nobody comes in. Give --always-allow ADDRESS, or --console if you have another way in'
}
