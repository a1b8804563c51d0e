import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'

const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin', '/usr/lib/systemd', '/lib/systemd']

/** Set where a skipped test is a failed one. */
const isRequired = process.env['KNOCKTAIL_REQUIRE_SYSTEM'] === '1'

function isInstalled(program: string): boolean {
  return FOLDERS.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Why tests that need root and these programs cannot run here; undefined: they can. */
function systemLack(tools: readonly string[]): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root'
  const missing = tools.filter((tool) => !isInstalled(tool))
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`
}

/**
 * `describe` for tests of the real thing. Where it cannot be had they are skipped with the reason in the title;
 * under KNOCKTAIL_REQUIRE_SYSTEM=1 they run all the same, and fail.
 */
export function systemTest(tools: readonly string[]): (title: string, body: () => void) => void {
  const lack = systemLack(tools)
  if (lack === undefined || isRequired) return (title, body) => describe(title, body)
  return (title, body) => describe.skip(`${title} (skipped: ${lack})`, body)
}
