import type { OpenedFile } from './file-facts.ts'
import { hasHead, isSameFile, type FilePosition, type Place } from './file-place.ts'
import { headOf, type Beginning } from './generation.ts'
import { beginAlike, byAge, openSibling, siblingHead, siblingsOf, type Sibling } from './siblings.ts'

/** Which files are to be read after a restart, the oldest first, and from where. */
export interface StartPlan {
  readonly files: readonly { readonly opened: OpenedFile; readonly beginning: Beginning }[]
  /** Files that are older than all that. */
  readonly history: readonly Sibling[]
  /** Where the lines begin that are read again. */
  readonly resume: Place | undefined
  /** The file that was read is not there any more. */
  readonly isLost: boolean
}

/** A file that may be what was read, or what followed it. */
interface Candidate {
  readonly key: string
  readonly size: number
  readonly head: Buffer
  readonly begunNs: bigint
  readonly isRotated: boolean
  /** Undefined: the log itself. */
  readonly sibling: Sibling | undefined
}

export function planStart(path: string, position: FilePosition, file: OpenedFile | undefined, isRestart: boolean): StartPlan {
  const siblings = siblingsOf(path).filter(({ key, isCompressed }) => key !== file?.facts.key && !isCompressed).toSorted(byAge)
  const candidates: Candidate[] = siblings.map((sibling) => ({ ...sibling, head: siblingHead(sibling), sibling }))
  if (file) candidates.push({ ...file.facts, head: headOf(file.fd), isRotated: true, sibling: undefined })
  const places = placesIn(candidates, position.read)
  const read = [...places.keys()]
  const resumeAt = isRestart || !position.resume ? -1 : findPlace(candidates, position.resume)
  const resume = resumeAt >= 0 && read.every((index) => index >= resumeAt) ? position.resume : undefined
  const isLost = position.read.length > 0 && read.length === 0
  const first = resume ? resumeAt : Math.min(candidates.length, ...read)
  const begin = { candidates, places, first, resume, isRestart, youngest: BigInt(position.youngest), keys: new Set(position.read.map(({ key }) => key)) }
  const files = candidates.flatMap((candidate, index) => {
    const beginning = beginningOf(index, begin)
    const opened = beginning && (candidate.sibling ? openSibling(candidate.sibling) : file)
    return beginning && opened ? [{ opened, beginning }] : []
  })
  const opened = new Set(files.map((started) => started.opened.facts.key))
  return { files, history: siblingsOf(path).filter(({ key, isCompressed }) => isCompressed || !opened.has(key)), resume, isLost }
}

interface Begin {
  readonly candidates: readonly Candidate[]
  /** The places that were found again, by the candidates' index. */
  readonly places: ReadonlyMap<number, Place>
  readonly first: number
  readonly resume: Place | undefined
  readonly isRestart: boolean
  readonly youngest: bigint
  /** Of the files that were read, whatever became of them. */
  readonly keys: ReadonlySet<string>
}

/** Undefined: it is not to be read. */
function beginningOf(index: number, begin: Begin): Beginning | undefined {
  const { candidates, places, resume, isRestart } = begin
  const place = places.get(index)
  const isFirst = resume !== undefined && index === begin.first
  const isUnread = isNew(index, begin)
  if (!place && !isFirst && !isUnread && !isReadAgain(index, begin)) return undefined
  const countedFrom = place?.offset ?? (isUnread ? 0 : Number.POSITIVE_INFINITY)
  const from = isFirst ? resume : resume ? undefined : place
  const carry = place?.offset === 0 ? place.carry : (from?.carry ?? '')
  return { offset: from?.offset ?? 0, carry, countedFrom, backlogEnd: isRestart ? 0 : candidates[index]!.size }
}

/** It came after all that was known then, or was truncated since. The log itself is always one that has to be read. */
function isNew(index: number, { candidates, places, youngest, keys }: Begin): boolean {
  const { key, sibling, begunNs, isRotated } = candidates[index]!
  if (places.has(index)) return false
  return sibling === undefined || keys.has(key) || (isRotated && begunNs > youngest && !isCopy(index, candidates, places))
}

/** It was read to its end, but not before the lines that are read again. */
function isReadAgain(index: number, { candidates, places, first, resume }: Begin): boolean {
  return resume !== undefined && index > first && candidates[index]!.isRotated && !isCopy(index, candidates, places)
}

/** Somebody made it of a file that is read itself. */
function isCopy(index: number, candidates: readonly Candidate[], places: ReadonlyMap<number, Place>): boolean {
  const { head, size } = candidates[index]!
  return [...places.keys()].some((other) => beginAlike(candidates[other]!.head, head) && size <= candidates[other]!.size)
}

function placesIn(candidates: readonly Candidate[], places: readonly Place[]): Map<number, Place> {
  return new Map(places.flatMap((place) => {
    const index = findPlace(candidates, place)
    return index < 0 ? [] : [[index, place] as const]
  }))
}

/** That very file, wherever it was moved to, or else the last copy of what it held. */
function findPlace(candidates: readonly Candidate[], place: Place): number {
  const same = candidates.findIndex((candidate) => isSameFile(place, candidate))
  return same >= 0 ? same : candidates.findLastIndex(({ head, size }) => hasHead(place, head, size))
}
