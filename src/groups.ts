import { readFileSync } from 'node:fs'

/** A group as the group file has it. */
export interface Group {
  readonly name: string
  readonly gid: number
  /** Who was added to it, beside those whose first group it is. */
  readonly members: readonly string[]
}

/** By name or number. Undefined: there is none, or none that can be seen. */
export function findGroup(wanted: string | number): Group | undefined {
  return readGroups().find(({ name, gid }) => name === wanted || gid === wanted)
}

function readGroups(): Group[] {
  try {
    return readFileSync('/etc/group', 'utf8').split('\n').flatMap((line) => {
      const [name, , gid, members = ''] = line.split(':')
      return name === undefined || gid === undefined ? [] : [{ name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') }]
    })
  } catch {
    return []
  }
}
