import type { Random } from './random.ts'

/** One change of a text of one character a byte. `others` are texts of the same kind, to take pieces from. */
type Change = (text: string, random: Random, others: readonly string[]) => string

/** Numbers at which ranges end. */
const NUMBERS = ['0', '00', '1', '-1', '7', '255', '256', '400', '1023', '65535', '65536', '99999', '4294967295', '4294967296', '18446744073709551616', '0x10', '1e3', '']

/** What each format gives a meaning: `changeTokens` inserts them where they were not. */
const FIELDS = [
  'SRC=203.0.113.66 ', 'DST=203.0.113.66 ', 'DPT=22 ', 'SPT=1 ', 'IN=eth1 OUT= ', 'PROTO=TCP ', 'PROTO=UDP ', 'SYN ', 'ACK ', 'FRAG:3 ', 'MF ', 'INCOMPLETE [8 bytes] ', 'OPT ( ) ',
  '[SRC=203.0.113.66 ] ', 'kernel: ', '[ 1.000000] ', '<4>', 'knock: ', '203.0.113.66', '203.0.113.66.1 > ', ' > ', '.22: S', 'Flags [S]', ' ack 7', ' win 1', ' (encap)', ' [|tcp]', 'IP ', 'IP6 ',
  'HBH ', 'frag (0x1:24@0+) ', ' (frag 7:8@0)', 'rule 4/(match) pass in on em0: ', ': ', ' - - ', '"', '\\"', '\\x22', '\\x0a', '[20/Nov/2026:23:42:50 +0000] ', '"GET /knock HTTP/1.1" 200 1', ' 404 0',
  '::ffff:203.0.113.66', '2001:db8::66', 'gemini://x/', '"remote_ip":"203.0.113.66",', '"src_ip": "203.0.113.66", ', '"dest_port": 22, ', ',tcp,', ',6,', ',,', ' in via em0', 'TCP ', 'ipfw: ',
  'last message repeated 3 times', 'message repeated 3 times: [ ', '\u00e9', '\u00c3\u00a9', '\\u{e9}', '\\u0000', '\t20\t', '-', 'a'.repeat(40),
]
const CONTROLS = ['\0', '\t', '\n', '\r', '\u001b', '\u007f', '\u0080', '\u009b', '\u00ff']

const CHANGES: readonly Change[] = [
  flipBit,
  (text, random) => splice(text, random.below(text.length + 1), 1, ''),
  (text, random) => splice(text, random.below(text.length + 1), 0, String.fromCharCode(random.below(256))),
  (text, random) => splice(text, random.below(text.length + 1), 0, random.pick(CONTROLS)),
  (text, random) => splice(text, random.below(text.length + 1), 0, random.pick(FIELDS)),
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => text.slice(random.below(text.length + 1)),
  changeNumber,
  changeNumber,
  deleteToken,
  duplicateToken,
  swapTokens,
  insertField,
  insertField,
  splicePieces,
  replaceToken,
]

/** The text after one to four changes. */
export function mutate(text: string, random: Random, others: readonly string[]): string {
  let changed = text
  for (let left = 1 + random.below(4); left > 0; left--) changed = random.pick(CHANGES)(changed, random, others)
  return changed
}

function splice(text: string, at: number, length: number, inserted: string): string {
  return text.slice(0, at) + inserted + text.slice(at + length)
}

function flipBit(text: string, random: Random): string {
  if (text === '') return text
  const at = random.below(text.length)
  return splice(text, at, 1, String.fromCharCode((text.charCodeAt(at) ^ (1 << random.below(8))) & 255))
}

function changeNumber(text: string, random: Random): string {
  const numbers = [...text.matchAll(/\d+/g)]
  if (numbers.length === 0) return text
  const { 0: number, index } = random.pick(numbers)
  return splice(text, index, number.length, random.pick(NUMBERS))
}

/** Words with what separates them: every second one is a separator. */
function tokensOf(text: string): string[] {
  return text.split(/([\s,;:="[\](){}/]+)/)
}

function changeTokens(text: string, random: Random, change: (tokens: string[], at: number) => void): string {
  const tokens = tokensOf(text)
  change(tokens, random.below(tokens.length))
  return tokens.join('')
}

function deleteToken(text: string, random: Random): string {
  return changeTokens(text, random, (tokens, at) => tokens.splice(at, 1 + random.below(3)))
}

function duplicateToken(text: string, random: Random): string {
  return changeTokens(text, random, (tokens, at) => tokens.splice(at, 0, ...tokens.slice(at, at + 1 + random.below(4))))
}

function swapTokens(text: string, random: Random): string {
  return changeTokens(text, random, (tokens, at) => {
    const other = random.below(tokens.length)
    ;[tokens[at], tokens[other]] = [tokens[other]!, tokens[at]!]
  })
}

function insertField(text: string, random: Random): string {
  return changeTokens(text, random, (tokens, at) => tokens.splice(at, 0, random.pick(FIELDS)))
}

function replaceToken(text: string, random: Random, others: readonly string[]): string {
  return changeTokens(text, random, (tokens, at) => tokens.splice(at, 1, random.pick(tokensOf(random.pick(others)))))
}

/** The head of one text and the tail of another, or a piece of it in the middle. */
function splicePieces(text: string, random: Random, others: readonly string[]): string {
  const other = random.pick(others)
  const from = random.below(other.length + 1)
  const piece = random.below(2) === 0 ? other.slice(from) : other.slice(from, from + random.below(60))
  const at = random.below(text.length + 1)
  return text.slice(0, at) + piece + (random.below(2) === 0 ? '' : text.slice(at))
}
