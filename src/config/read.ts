/** What reading a text gave: its value, or what is wrong with it. */
export type Read<T> = { readonly value: T } | { readonly fault: string }

/** Reads every element of a comma list; the first fault is the list's. */
export function readList<T>(text: string, read: (element: string) => Read<T>): Read<T[]> {
  const values: T[] = []
  for (const element of text.split(',')) {
    const one = read(element.trim())
    if ('fault' in one) return one
    values.push(one.value)
  }
  return { value: values }
}
