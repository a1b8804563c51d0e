import { quoted } from '../printable.ts'
import type { KnockContext, KnockKeys } from './knock-keys.ts'
import { lineOf, type SectionText } from './section-text.ts'
import { didYouMean } from './suggest.ts'
import type { UserConfig } from './user-section.ts'

/** The users of a rule, who all have what it needs; undefined after errors were reported. `lacks` names a key that one needs and has not. */
export function usersOf(
  { users }: Pick<KnockKeys, 'users'>, section: SectionText, context: KnockContext, lacks: (user: UserConfig) => string | undefined,
): UserConfig[] | undefined {
  const { report } = context
  if (users === undefined) {
    report.error(section.line, `rule ${section.name} has no users: set users, each with a section of his own, [user NAME]`)
    return undefined
  }
  const faults = users.map((name) => userFault(name, context, lacks))
  for (const fault of new Set(faults)) if (fault !== undefined) report.error(lineOf(section, 'users'), `users: ${fault}`)
  const twice = firstRepeated(users)
  if (twice !== undefined) report.error(lineOf(section, 'users'), `users: ${quoted(twice)} is named twice: once is enough`)
  const found = users.flatMap((name) => context.users.get(name) ?? [])
  return found.length === users.length && faults.every((fault) => fault === undefined) && twice === undefined ? found : undefined
}

function userFault(name: string, { users, userNames }: KnockContext, lacks: (user: UserConfig) => string | undefined): string | undefined {
  const user = users.get(name)
  // What is wrong with his section is told there.
  if (user === undefined) return userNames.has(name) ? undefined : `there is no [user ${name}]${didYouMean(name, userNames)}`
  const lack = lacks(user)
  return lack && `${quoted(name)} has no ${lack}: set it in [user ${name}]`
}

function firstRepeated(names: readonly string[]): string | undefined {
  const before = new Set<string>()
  return names.find((name) => before.has(name) || !before.add(name))
}
