import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach } from 'vitest'
import type { TargetId } from '../../src/firewalls/target.ts'
import { endHelpersAfterEach, helperArgv, startProcess, targetsOf, type HelperProcess } from './helper-process.ts'
import { usePfctl } from './pf.ts'
import { useFolder, type Folder } from './run.ts'

/** The real helper process, with pf's recorder, commands and null behind it. */
export interface PfHelper {
  readonly folder: Folder
  readonly pfctl: ReturnType<typeof usePfctl>
  readonly config: string
  /** The text of `config`, for one that is changed. */
  readonly text: string
  /** The same rules, with another port for `ssh`. */
  readonly otherConfig: string
  /** `ssh` is of pf, `slow` and `brief` are commands, `none` is null. */
  readonly ssh: TargetId
  readonly slow: TargetId
  readonly brief: TargetId
  readonly none: TargetId
  /** Another one for each test. */
  readonly stateDir: string
  readonly start: (config?: string) => Promise<HelperProcess>
  /** What the commands have printed. */
  readonly output: () => string
}

const textOf = (program: string, out: string): string => `
[knocktail]
firewall = pf
never_open = 203.0.113.0/24
[firewall pf]
table = knocktail
program = ${program}
[ssh]
sequence = 7000, 8000, 9000
ports = 22/tcp
open_for = 30s
max_open = 1h
[slow]
sequence = 7001, 8001, 9001
start_command = echo start %IP% >> ${out} && sleep 0.5
stop_command = echo stop %IP% >> ${out}
[brief]
sequence = 7003, 8003, 9003
start_command = echo start %IP% >> ${out}
stop_command = echo stop %IP% >> ${out}
open_for = 1s
max_open = 1s
[none]
sequence = 7002, 8002, 9002
firewall = null
ports = 80/tcp
`

export async function usePfHelper(): Promise<PfHelper> {
  const folder = useFolder()
  const pfctl = usePfctl()
  const out = join(folder.path, 'out')
  const text = textOf(pfctl.program, out)
  const config = folder.write('knocktail.conf', text)
  const targets = await targetsOf(config)
  const [ssh, slow, brief, none] = ['ssh', 'slow', 'brief', 'none'].map((rule) => targets.get(rule)!) as [TargetId, TargetId, TargetId, TargetId]
  let count = 0
  let stateDir = ''

  endHelpersAfterEach()
  beforeEach(() => {
    pfctl.reset()
    rmSync(out, { force: true })
    stateDir = join(folder.path, `state${++count}`)
  })

  return {
    folder, pfctl, config, text, otherConfig: folder.write('other.conf', text.replaceAll('22/tcp', '2222/tcp')), ssh, slow, brief, none,
    get stateDir() {
      return stateDir
    },
    start: (path = config) => startProcess(helperArgv(path, stateDir)),
    output: () => (existsSync(out) ? readFileSync(out, 'utf8') : ''),
  }
}
