import { FLAG_BITS, type FlagName, type TcpFlags } from './event.ts'

/** Reads TCP flags that a log prints as letters; every letter of the text must be in the table. */
export function flagLetters(table: Readonly<Record<string, FlagName>>): (letters: string) => TcpFlags {
  const bits = new Uint16Array(128)
  for (const [letter, name] of Object.entries(table)) bits[letter.charCodeAt(0)] = FLAG_BITS[name]
  return (letters) => {
    let flags = 0
    for (let index = 0; index < letters.length; index++) flags |= bits[letters.charCodeAt(index)]!
    return flags as TcpFlags
  }
}
