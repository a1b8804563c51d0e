/** Blanks between words, quotes and backslash as in sh(1); nothing is expanded. Answers what is wrong in words. */
export function splitWords(text: string): string[] | { readonly fault: string } {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (character === '\\' && quote !== "'") {
      const next = text[++at]
      if (next === undefined) return { fault: 'ends with a backslash' }
      // In double quotes a backslash escapes only these.
      word = (word ?? '') + (quote === '"' && !'"\\$`'.includes(next) ? `\\${next}` : next)
    } else if (character === quote) quote = undefined
    else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character
      word ??= ''
    } else if (quote === undefined && (character === ' ' || character === '\t')) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + character
  }
  if (quote !== undefined) return { fault: `has a quote ${quote} that is not closed` }
  return word === undefined ? words : [...words, word]
}
