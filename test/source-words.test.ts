import { expect, it } from 'vitest'
import { splitWords } from '../src/sources/words.ts'

it.each([
  ['tcpdump -n -l', ['tcpdump', '-n', '-l']],
  ['  a\t b  ', ['a', 'b']],
  ['', []],
  [`sh -c 'echo "a  b"; c'`, ['sh', '-c', 'echo "a  b"; c']],
  ['a"b c"d', ['ab cd']],
  [`a'' ""`, ['a', '']],
  ['a\\ b \\"c\\\\', ['a b', '"c\\']],
  ['"a\\"b\\$\\n"', ['a"b$\\n']],
  [`'a\\b'`, ['a\\b']],
  ['$HOME *.log `x` ~ | > &', ['$HOME', '*.log', '`x`', '~', '|', '>', '&']],
])('splits %j as sh(1) does, and expands nothing', (text, words) => {
  expect(splitWords(text)).toEqual(words)
})

it.each([['a "b', 'has a quote " that is not closed'], [`a 'b"`, "has a quote ' that is not closed"], ['a \\', 'ends with a backslash']])('refuses %j', (text, fault) => {
  expect(splitWords(text)).toEqual({ fault })
})
