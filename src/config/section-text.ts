import type { Entry } from './lines.ts'

/** What a section is about. `global`: [knocktail], or [options] in a knockd.conf. */
export type SectionKind = 'global' | 'source' | 'firewall' | 'user' | 'rule'

/** A value in plain text: comments and quotes are gone. */
export type TextEntry = Entry & { readonly value: string }

/** What both readers make of a section: unique keys in lower case with their text. */
export interface SectionText {
  readonly kind: SectionKind
  readonly name: string
  readonly line: number
  readonly entries: ReadonlyMap<string, TextEntry>
}

/** Where a key is set, or else the section's header. */
export function lineOf(section: SectionText, key: string): number {
  return section.entries.get(key)?.line ?? section.line
}

/** The sections that are not a rule's, as `[source NAME]`, `[firewall NAME]` and `[user NAME]`. */
export function splitHeader(header: string): { kind: 'source' | 'firewall' | 'user'; name: string } | undefined {
  const [, kind, name] = /^(source|firewall|user)(?:\s+(\S.*?))?\s*$/.exec(header) ?? []
  return kind === undefined ? undefined : { kind: kind as 'source' | 'firewall' | 'user', name: name ?? '' }
}

/** Names reach commands, comments in firewalls and file names, so they are made of little. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
