import type { Finding } from './firewall.ts'
import { error } from './outcome.ts'

/** A table's first line: letters for its flags (print_table in pfctl_table.c: c const, p persist, a active, r referenced ...), its name, its anchor. */
const HEAD = /^([-a-zA-Z]{5,8})\t([^\t]+)(?:\t(.+))?$/
const RULES = /^\tReferences:.*\bRules:\s*(\d+)/

interface Table {
  readonly flags: string
  readonly rules: number
}

/** What keeps a table from opening anything, from what `pfctl -vvsTables` prints. Only the main ruleset's tables count. */
export function checkPfTable(output: string, name: string): Finding[] {
  const table = findTable(output, name)
  const line = `put "table <${name}> persist" into pf.conf, before the rule that uses it, and load it: pfctl -f /etc/pf.conf`
  if (!table) return [error(`there is no table <${name}>; ${line}`)]
  return [
    ...(table.flags.includes('c') ? [error(`table <${name}> is const: nothing can be added to it; ${line}`)] : []),
    ...(table.flags.includes('p') ? [] : [error(`table <${name}> is not persistent: it goes with the last rule that uses it; ${line}`)]),
    ...(table.rules > 0 ? [] : [error(`no rule uses table <${name}>: what is in it opens nothing; in pf.conf: pass in proto tcp from <${name}> to port 22`)]),
  ]
}

function findTable(output: string, name: string): Table | undefined {
  const lines = output.split('\n')
  const start = lines.findIndex((line) => {
    const head = HEAD.exec(line)
    return head?.[2] === name && head[3] === undefined
  })
  if (start < 0) return undefined
  const length = lines.slice(start + 1).findIndex((line) => HEAD.test(line))
  const own = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length)
  const rules = own.map((line) => RULES.exec(line)?.[1]).find((count) => count !== undefined)
  return { flags: HEAD.exec(lines[start]!)![1]!, rules: Number(rules ?? 0) }
}
