import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { config } from '../support/config.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** What packaging/ holds, judged by the programs that read it. */

const PACKAGING = fileURLToPath(new URL('../../packaging', import.meta.url))
const UNITS = ['knocktail.service', 'knocktail-helper@.service', 'knocktail-helper.socket', 'knocktail-sweep.service']
const INSTALLED = '/usr/local/bin/knocktail'

const text = (path: string): string => readFileSync(join(PACKAGING, path), 'utf8')

function ran(argv: readonly string[], env: Readonly<Record<string, string>> = {}): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(argv[0]!, argv.slice(1), { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...env } })
  return { code: status, output: `${stdout}${stderr}` }
}

systemTest(['systemd-analyze'])('the units', () => {
  const folder = useFolder()
  let count = 0

  /** The units with those drop-ins, as an administrator puts them, in a folder of their own; the program is where we have it. */
  function install(dropIns: Readonly<Record<string, string>> = {}): string {
    const place = join(folder.path, `units${++count}`)
    mkdirSync(place)
    writeFileSync(join(place, 'knocktail'), '#!/bin/sh\n', { mode: 0o755 })
    for (const unit of UNITS) writeFileSync(join(place, unit), text(`systemd/${unit}`).replaceAll(INSTALLED, join(place, 'knocktail')))
    for (const [name, unit] of Object.entries(dropIns)) {
      mkdirSync(join(place, `${unit}.d`), { recursive: true })
      cpSync(join(PACKAGING, 'systemd/drop-ins', `${name}.conf`), join(place, `${unit}.d`, `${name}.conf`))
    }
    return place
  }

  const exposure = (place: string, unit: string): number => {
    const { output } = ran(['systemd-analyze', 'security', '--offline=true', '--no-pager', join(place, unit)], { SYSTEMD_UNIT_PATH: `${place}:` })
    return Number(/exposure level for \S+: ([\d.]+)/.exec(output)?.[1] ?? Number.NaN)
  }

  /** The unit that a drop-in says it is for. */
  const DROP_INS = Object.fromEntries(readdirSync(join(PACKAGING, 'systemd/drop-ins')).map((name) =>
    [name.replace('.conf', ''), new RegExp(`^# /etc/systemd/system/(\\S+)\\.d/${name}:`).exec(text(`systemd/drop-ins/${name}`))?.[1] ?? '']))

  it.each([{}, DROP_INS])('are what systemd understands, with the drop-ins %o', (dropIns) => {
    const place = install(dropIns)
    const { code, output } = ran(['systemd-analyze', 'verify', '--man=no', ...UNITS.map((unit) => join(place, unit.replace('@', '@1')))], { SYSTEMD_UNIT_PATH: `${place}:` })
    expect(output).toBe('')
    expect(code).toBe(0)
  }, 60_000)

  it.each([
    ['knocktail.service', {}, 2], ['knocktail-helper@.service', {}, 2], ['knocktail-sweep.service', {}, 2],
    ['knocktail.service', { journald: 'knocktail.service' }, 1.5], ['knocktail.service', { 'syslog-file': 'knocktail.service' }, 1.5],
  ] as const)('expose no more than they must: %s with %o at most %d of 10', (unit, dropIns, most) => {
    expect(exposure(install(dropIns), unit)).toBeLessThanOrEqual(most)
  }, 60_000)

  it('expose more with a door by ssh, a metrics port or a canary, which is why these are not in them', () => {
    for (const name of ['ssh-doors', 'metrics-port', 'canary']) {
      const unit = DROP_INS[name]!
      expect(exposure(install({ [name]: unit }), unit)).toBeGreaterThan(exposure(install(), unit))
    }
  }, 60_000)
})

systemTest(['systemd-sysusers', 'systemd-tmpfiles'])('the user and the folders', () => {
  const folder = useFolder()

  it('are made, for whom they are', () => {
    const root = join(folder.path, 'root')
    mkdirSync(join(root, 'etc/knocktail'), { recursive: true })
    writeFileSync(join(root, 'etc/knocktail/knocktail.conf'), '', { mode: 0o666 })
    expect(ran(['systemd-sysusers', `--root=${root}`, join(PACKAGING, 'sysusers.d/knocktail.conf')]).code).toBe(0)
    const passwd = readFileSync(join(root, 'etc/passwd'), 'utf8').split('\n').find((line) => line.startsWith('knocktail:'))!
    expect(passwd).toMatch(/:Knocktail:\/var\/lib\/knocktail:\/usr\/sbin\/nologin$/)
    const id = Number(passwd.split(':')[2])
    expect(ran(['systemd-tmpfiles', `--root=${root}`, '--create', join(PACKAGING, 'tmpfiles.d/knocktail.conf')])).toEqual({ code: 0, output: '' })
    const rights = (path: string): string => {
      const { mode, uid, gid } = statSync(join(root, path))
      return `${(mode & 0o7777).toString(8)} ${uid === id ? 'knocktail' : uid} ${gid === id ? 'knocktail' : gid}`
    }
    expect(['etc/knocktail', 'etc/knocktail/knocktail.conf'].map(rights)).toEqual(['750 0 knocktail', '640 0 knocktail'])
    // A folder that is the right user's already is passed over by systemd, with what is in it.
    expect(existsSync(join(root, 'var/lib/knocktail'))).toBe(false)
  })
})

systemTest(['logrotate', 'setpriv'])('the log', () => {
  const folder = useFolder()

  it('is rotated as its owner, and the daemon is told', () => {
    const logs = join(folder.path, 'log')
    mkdirSync(logs)
    execFileSync('chown', ['nobody:nogroup', logs])
    execFileSync('setpriv', ['--reuid=nobody', '--regid=nogroup', '--clear-groups', 'sh', '-c', `umask 027; echo '{}' > ${logs}/knocktail.log`])
    const told = join(folder.path, 'told')
    const rules = folder.write('logrotate.conf', text('logrotate/knocktail').replaceAll('knocktail knocktail', 'nobody nogroup')
      .replaceAll('/var/log/knocktail', logs).replace(/^ *systemctl (.*) \|\|.*$/m, (_, what: string) => `echo $(id -u) ${what} >> ${told}`))
    expect(ran(['logrotate', '-d', rules]).output).not.toMatch(/error/i)
    expect(ran(['logrotate', '-f', '-s', join(folder.path, 'status'), rules])).toEqual({ code: 0, output: '' })
    expect(readdirSync(logs).toSorted()).toEqual(['knocktail.log', 'knocktail.log.1'])
    expect(statSync(join(logs, 'knocktail.log')).mode & 0o777).toBe(0o640)
    expect(readFileSync(told, 'utf8')).toBe('0 reload knocktail.service\n')
  })
})

systemTest(['doas'])('doas', () => {
  const folder = useFolder()

  it('permits the helper of that configuration, and nothing else', () => {
    // opendoas asks for whoever calls it, who is root here.
    const own = text('openbsd/doas.conf').replaceAll('_knocktail as root', 'root as root')
    const helper = /helper = doas -n (.*)$/m.exec(own)![1]!.split(' ')
    const path = folder.write('doas.conf', own)
    const asked = (...argv: readonly string[]): string => ran(['doas', '-C', path, ...argv]).output.trim()
    expect(asked(...helper)).toBe('permit nopass')
    expect(asked(...helper.slice(0, -1), '/tmp/other')).toBe('deny')
    expect(asked(INSTALLED, 'helper', '-c', '/tmp/other.conf')).toBe('deny')
    expect(asked('/sbin/pfctl', '-d')).toBe('deny')
  })
})

it('cron takes away what stands longer than any door may by default', () => {
  const [door] = config('[knocktail]\nfirewall = null\n[d]\nsequence = 7000, 8000, 9000\nports = 22/tcp\n').rules
  expect(Number(/^\*\/5 \* \* \* \* \/sbin\/pfctl -q -t knocktail -T expire (\d+)$/m.exec(text('openbsd/crontab'))?.[1])).toBe(door!.opens.maxOpen / 1e6 + 60)
})

it('rc.d is a script that a shell can read', () => {
  expect(ran(['sh', '-n', join(PACKAGING, 'openbsd/knocktail.rc')])).toEqual({ code: 0, output: '' })
})
