/** Works on items group by group, and answers the results in the items' own order. */
export async function inGroups<T, G, R>(
  items: readonly T[], groupOf: (item: T) => G, act: (group: G, items: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const results: R[] = []
  for (const [group, indexes] of indexesByGroup(items, groupOf)) {
    const some = await act(group, indexes.map((index) => items[index]!))
    for (const [place, index] of indexes.entries()) results[index] = some[place]!
  }
  return results
}

function indexesByGroup<T, G>(items: readonly T[], groupOf: (item: T) => G): Map<G, number[]> {
  const groups = new Map<G, number[]>()
  for (const [index, item] of items.entries()) {
    const group = groupOf(item)
    groups.set(group, [...(groups.get(group) ?? []), index])
  }
  return groups
}
