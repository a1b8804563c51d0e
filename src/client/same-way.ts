import { basename } from 'node:path'
import type { Route } from './route.ts'

/** Programs that take ssh's options. */
const LIKE_SSH = new Set(['ssh', 'scp', 'sftp'])

/**
 * The command, told to go the way that was knocked: a name may have other addresses, and we may have other ones, for which no door is open.
 * Only OpenSSH's programs are told so, and only if it is this host that they are to connect to.
 */
export function alongRoute([program = '', ...args]: readonly string[], { host, family, source }: Route): string[] {
  const leadsThere = LIKE_SSH.has(basename(program)) && args.some((arg) => namesHost(arg, host))
  return leadsThere ? [program, `-${family}`, '-o', `BindAddress=${source}`, ...args] : [program, ...args]
}

/** `HOST`, `USER@HOST`, `USER@HOST:PATH`. */
function namesHost(arg: string, host: string): boolean {
  const [, name = arg] = /^[^@/]*@(.*)$/.exec(arg) ?? []
  return name === host || name.startsWith(`${host}:`) || name.startsWith(`[${host}]`)
}
