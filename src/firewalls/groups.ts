/** Works on items group by group, and answers the results in the items' own order. */
export async function inGroups<T, G, R>(
  items: readonly T[], groupOf: (item: T) => G, act: (group: G, items: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const groups = Map.groupBy(items.keys(), (index) => groupOf(items[index]!))
  const results: R[] = []
  for (const [group, indexes] of groups) {
    const some = await act(group, indexes.map((index) => items[index]!))
    for (const [place, index] of indexes.entries()) results[index] = some[place]!
  }
  return results
}
