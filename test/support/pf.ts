import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const RECORDER = fileURLToPath(new URL('pfctl-recorder', import.meta.url))

/** The table as pf.conf has it, as `pfctl -vvsTables` prints it. */
export const GOOD_TABLE = `-pa-r--\tknocktail
\tAddresses:   0
\tCleared:     Sat Jul  4 12:00:00 2026
\tReferences:  [ Anchors: 0                  Rules: 1                  ]
\tEvaluations: [ NoMatch: 0                  Match: 0                  ]
`

export interface Recorder {
  readonly folder: string
  /** For `program = PATH`. */
  readonly program: string
  /** What it was called with, a line each. */
  readonly calls: () => string[]
  /** Addresses in a table; undefined: there is none. */
  readonly held: (table?: string) => string[] | undefined
  readonly put: (file: string, text: string) => void
  /** As it was at first: an empty table, used by a rule. */
  readonly reset: () => void
}

/** A pfctl that keeps its tables in a folder of its own, removed after the tests of the file. */
export function usePfctl(): Recorder {
  const folder = mkdtempSync(join(tmpdir(), 'knocktail-pfctl-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const path = (file: string): string => join(folder, file)
  const read = (file: string): string[] => readFileSync(path(file), 'utf8').split('\n').slice(0, -1)
  copyFileSync(RECORDER, path('pfctl'))
  const reset = (): void => {
    for (const file of ['argv', 'hang', 'refuse', 'states']) rmSync(path(file), { force: true })
    writeFileSync(path('knocktail.table'), '')
    writeFileSync(path('tables'), GOOD_TABLE)
  }
  reset()
  return {
    folder, reset,
    program: path('pfctl'),
    calls: () => (existsSync(path('argv')) ? read('argv') : []),
    held: (table = 'knocktail') => (existsSync(path(`${table}.table`)) ? read(`${table}.table`) : undefined),
    put: (file, text) => writeFileSync(path(file), text),
  }
}
