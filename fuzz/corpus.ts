import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the fuzzer found worth keeping: one file a target, one JSON string a line, of one character a byte. */
const FOLDER = 'fuzz/corpus'

export function readCorpus(target: string): string[] {
  const path = pathOf(target)
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').trimEnd().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as string)
}

/** The shortest first, so that additions are seen as such. */
export function writeCorpus(target: string, texts: readonly string[]): void {
  mkdirSync(FOLDER, { recursive: true })
  const sorted = [...new Set(texts)].toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
  writeFileSync(pathOf(target), sorted.map((text) => `${asciiJson(text)}\n`).join(''))
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replaceAll(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function pathOf(target: string): string {
  return join(FOLDER, `${target}.jsonl`)
}
