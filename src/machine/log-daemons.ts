import type { Finding, SourceLook } from './finding.ts'
import { isKernelLog } from './source-lines.ts'
import type { World } from './world.ts'

/** A file of settings, each of which may hide knocks. */
interface Setting {
  readonly pattern: RegExp
  readonly message: (value: string) => string
  readonly mend: (path: string) => string
  readonly severity: 'error' | 'warning'
}

const RESTART_JOURNALD = 'systemctl restart systemd-journald'

/** journald.conf(5). Its rate limit does not hold for the kernel's records. */
const JOURNALD: readonly Setting[] = [
  { pattern: /^\s*ReadKMsg\s*=\s*(no|false|0|off)\b/im, severity: 'error', message: () => 'journald does not read the kernel\'s log', mend: (path) => `set ReadKMsg=yes in ${path}, and ${RESTART_JOURNALD}` },
  { pattern: /^\s*Storage\s*=\s*(none)\b/im, severity: 'error', message: () => 'journald keeps nothing', mend: (path) => `set Storage=volatile in ${path}, and ${RESTART_JOURNALD}` },
  {
    pattern: /^\s*MaxLevelStore\s*=\s*(emerg|alert|crit|err|[0-3])\b/im, severity: 'error',
    message: (level) => `journald keeps only what is ${level} or worse, and packets are logged as warnings`, mend: (path) => `set MaxLevelStore=debug in ${path}, and ${RESTART_JOURNALD}`,
  },
]

const RESTART_RSYSLOG = 'systemctl restart rsyslog'

/** rsyslog.conf(5): what it folds, and how many lines it takes of the kernel, of the local socket, or of the journal. */
const RSYSLOG: readonly Setting[] = [
  {
    pattern: /^\s*\$RepeatedMsgReduction\s+(on)\b/im, severity: 'warning',
    message: () => 'rsyslog folds lines that repeat, and with them knocks', mend: (path) => `sed -i 's/^\\s*$RepeatedMsgReduction\\s.*/$RepeatedMsgReduction off/' ${path} && ${RESTART_RSYSLOG}`,
  },
  {
    pattern: /^(?!\s*#).*(?:ratelimit\.?interval"?\s*[= ]\s*"?)([1-9]\d*)/im, severity: 'warning',
    message: (seconds) => `rsyslog limits how many lines it takes in ${seconds} s: a flood hides knocks`, mend: (path) => `set that interval to 0 in ${path}, and ${RESTART_RSYSLOG}`,
  },
]

/** Whether what stands between the kernel and the source is told to leave lines out. */
export const logDaemons: SourceLook = (source, world) => {
  if (source.follow.kind === 'journald') return inFiles(['/etc/systemd/journald.conf', ...world.list('/etc/systemd/journald.conf.d')], JOURNALD, world)
  if (source.follow.kind !== 'file' || !isKernelLog(source)) return []
  return inFiles(['/etc/rsyslog.conf', ...world.list('/etc/rsyslog.d')], RSYSLOG, world)
}

function inFiles(paths: readonly string[], settings: readonly Setting[], world: World): Finding[] {
  return paths.flatMap((path) => settings.flatMap(({ pattern, message, mend, severity }) => {
    const [line, value] = pattern.exec(world.read(path) ?? '') ?? []
    return line === undefined ? [] : [{ severity, message: `${message(value ?? '')} (${path})`, mend: mend(path) }]
  }))
}
