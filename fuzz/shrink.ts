/** A text of which no piece can be taken away while it still `holds`: halves first, then ever smaller pieces. */
export async function shrink(text: string, holds: (shorter: string) => Promise<boolean>): Promise<string> {
  let smallest = text
  for (let size = Math.ceil(text.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length;) {
      const shorter = smallest.slice(0, at) + smallest.slice(at + size)
      if (await holds(shorter)) smallest = shorter
      else at += size
    }
  }
  return smallest
}
