import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { run, useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** What the shells themselves offer, against what --help of each command says. */

const folder = useFolder()

/** How each shell is asked what it would offer behind these words. */
const ASK: Readonly<Record<string, (script: string, words: readonly string[]) => string>> = {
  bash: (script, words) => `source ${script}; COMP_WORDS=(knocktail ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _knocktail; printf '%s\\n' "\${COMPREPLY[@]}"`,
  // Its own functions want a line editor: what they are told is what is looked at.
  zsh: (script, words) => `compdef() { :; }; _describe() { print -rl -- \${commands%%:*}; }; _arguments() { local spec; for spec in "$@"; do spec=\${spec#\\(*\\)}; print -r -- \${spec%%[\\[]*}; done; }
source ${script}; words=(knocktail ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length + 1}; _knocktail`,
  fish: (script, words) => `source ${script}; complete -C 'knocktail ${words.join(' ')}'`,
}

systemTest(Object.keys(ASK))('completion', () => {
  const options = new Map<string, string[]>()

  beforeAll(async () => {
    for (const shell of Object.keys(ASK)) folder.write(`completion.${shell}`, (await run(['completion', shell])).stdout)
    mkdirSync(join(folder.path, 'work'))
    for (const name of ['a log', 'b.log']) writeFileSync(join(folder.path, 'work', name), '')
    const names = [...(await run(['--help'])).stdout.matchAll(/^ {2}([a-z]+) (?:\[|<)/gm)].map(([, name]) => name!)
    await Promise.all(names.map(async (name) => {
      const { stdout } = await run([name, '--help'])
      options.set(name, [...stdout.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)/gm)].flatMap(([, short, long]) => [short, long].filter((flag) => flag !== undefined)))
    }))
  })

  describe.each(Object.entries(ASK))('for %s', (shell, ask) => {
    const offered = (words: readonly string[]): string[] => {
      const { stdout, stderr } = spawnSync(shell, [...(shell === 'zsh' ? ['-f'] : []), '-c', ask(join(folder.path, `completion.${shell}`), words)], { encoding: 'utf8', cwd: join(folder.path, 'work'), env: { PATH: process.env['PATH'], HOME: folder.path } })
      expect(stderr).toBe('')
      return stdout.split('\n').filter(Boolean).map((line) => line.split('\t')[0]!)
    }

    it('offers every command', () => {
      expect(options.size).toBeGreaterThan(8)
      expect(offered(['']).filter((word) => !word.startsWith('-')).toSorted()).toEqual([...options.keys()].toSorted())
    })

    it('offers every option of each command, and no other', () => {
      for (const [name, flags] of options) {
        // fish offers short ones behind one hyphen, and long ones behind two.
        const found = shell === 'fish' ? [...offered([name, '--']), ...offered([name, '-']).filter((word) => /^-\w$/.test(word))] : offered([name, '-'])
        expect([name, [...new Set(found.filter((word) => word.startsWith('-')))].toSorted()]).toEqual([name, flags.toSorted()])
      }
    })

    // zsh's own functions, which find files, are not asked.
    if (shell !== 'zsh') it('offers files where they are wanted, and words where there are some', () => {
      expect(offered(['parse', '']).filter((word) => !word.startsWith('-')).map((word) => word.replace('\\', '')).toSorted()).toEqual(['a log', 'b.log'])
      expect(offered(['run', '-c', 'b'])).toEqual(['b.log'])
      expect(offered(['knock', '--delay', ''])).toEqual([])
      expect(offered(['completion', '']).filter((word) => !word.startsWith('-')).toSorted()).toEqual(['bash', 'fish', 'zsh'])
    })
  })

  it('for a shell that is not known is refused', async () => {
    expect(await run(['completion', 'csh'])).toMatchObject({ code: 2, stderr: expect.stringContaining('bash, zsh, fish') })
  })
})
