/** What JSON leaves as it is and a terminal obeys: DEL, C1 controls, marks that turn or hide text. */
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** One JSON object on one line of printable text. Undefined fields are left out. */
export function jsonLine(record: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(record).replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
