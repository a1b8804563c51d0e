import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

/** What the pages link to, and the files of the project that they name, are there. */

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = ['.', 'docs'].flatMap((folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md')).map((name) => join(folder, name)))

it.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8')
  const links = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, path]) => join(dirname(page), path!))
  const named = [...text.matchAll(/(?<![\w/.-])(?:samples|packaging|test|man)\/[\w./@*-]*[\w*]/g)].map(([path]) => path).filter((path) => !/\*|NAME/.test(path))
  expect([...links, ...named].filter((path) => !existsSync(join(root, path)))).toEqual([])
})
