import type { Micros } from '../../parsers/time.ts'
import type { Ran } from '../../src/firewalls/run.ts'
import type { World } from '../../src/machine/world.ts'

export interface WorldParts {
  readonly platform?: NodeJS.Platform
  readonly isRoot?: boolean
  /** By their paths. */
  readonly files?: Readonly<Record<string, string>>
  /** When files were written to, where it matters: microseconds since 1970. */
  readonly modified?: Readonly<Record<string, number>>
  /** What each command line prints, or how it ends; a program that only stands here by its name is installed, and fails. */
  readonly programs?: Readonly<Record<string, string | Partial<Ran>>>
}

const FAILED: Ran = { code: 1, stdout: '', stderr: '', timedOut: false }

/** A machine that has just what it is given. */
export function worldOf({ platform = 'linux', isRoot = true, files = {}, modified = {}, programs = {} }: WorldParts = {}): World {
  const installed = new Set(Object.keys(programs).map((line) => line.split(' ')[0]!))
  return {
    platform, isRoot, hostName: 'gate',
    tools: {
      find: (name) => (installed.has(name) ? `/usr/bin/${name}` : undefined),
      run: async ({ program, args }) => {
        const ran = programs[[program.slice('/usr/bin/'.length), ...args].join(' ')]
        return typeof ran === 'string' ? { ...FAILED, code: 0, stdout: ran } : { ...FAILED, ...ran }
      },
    },
    read: (path) => files[path],
    list: (folder) => Object.keys(files).filter((path) => path.startsWith(`${folder}/`)),
    canOpen: (path) => Object.hasOwn(files, path),
    lastLines: (path) => (files[path] ?? '').split('\n').slice(0, -1),
    modifiedAt: (path) => (Object.hasOwn(files, path) ? ((modified[path] ?? 0) as Micros) : undefined),
  }
}
