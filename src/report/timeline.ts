import { formatTime, HOUR, type Micros } from '../../parsers/time.ts'
import type { Digest, Mark, Visit } from './digest.ts'
import { html, type Html } from './html.ts'

/** In the units of the drawing: it is as wide as the page. */
const WIDTH = 1000
const LEFT = 230
const ROW = 22
const TOP = 28
const LEAST_BAR = 3

/** Within less than that, seconds are told and no day. */
const SHORT = HOUR

/** Addresses of which a row is drawn. */
const MOST_ROWS = 60

interface Row {
  readonly address: string
  readonly visits: readonly Visit[]
  readonly marks: readonly Mark[]
}

/** When each address stood open, and when something went wrong for it: those who came in first, then those with the most failures. */
export function timeline(digest: Digest): Html {
  const rows = rowsOf(digest)
  const shown = rows.slice(0, MOST_ROWS)
  const height = TOP + ROW * shown.length + 8
  const scale = (time: Micros): number => LEFT + ((time - digest.from) / Math.max(1, digest.to - digest.from)) * (WIDTH - LEFT - 10)
  return html`<p class="legend faint">${legend('open', 'open')}${legend('failure', 'failed')}${legend('timeout', 'too slow')}${legend('scan', 'scan')}${legend('refused', 'refused')}</p>
<div class="scroll"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Doors by address and time">
${ticks(digest, scale, height)}${shown.map((row, index) => drawRow(row, TOP + ROW * index, scale, digest.to))}
</svg></div>${rows.length > shown.length ? html`<p class="faint">${rows.length - shown.length} more addresses are not drawn.</p>` : undefined}`
}

function rowsOf({ visits, marks }: Digest): Row[] {
  const addresses = new Set([...visits, ...marks].map(({ address }) => address))
  const visitsOf = byAddress(visits)
  const marksOf = byAddress(marks)
  const rows = [...addresses].map((address) => ({ address, visits: visitsOf.get(address) ?? [], marks: marksOf.get(address) ?? [] }))
  return rows.toSorted((one, other) => other.visits.length - one.visits.length || other.marks.length - one.marks.length)
}

function byAddress<T extends { readonly address: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(item.address)
    if (group) group.push(item)
    else groups.set(item.address, [item])
  }
  return groups
}

function legend(kind: string, text: string): Html {
  return html`<svg viewBox="0 0 12 12" aria-hidden="true">${kind === 'open' ? html`<rect class="open" x="0" y="3" width="12" height="6" rx="2"/>` : dot(kind, 6, 6)}</svg>${text}`
}

function dot(kind: string, x: number, y: number): Html {
  return html`<circle class="${kind}" cx="${x.toFixed(1)}" cy="${y}" r="4"/>`
}

function drawRow({ address, visits, marks }: Row, top: number, scale: (time: Micros) => number, end: Micros): Html {
  const middle = top + ROW / 2
  const bars = visits.map(({ rule, user, from, until }) => {
    const width = Math.max(LEAST_BAR, scale(until ?? end) - scale(from))
    return html`<rect class="open" x="${scale(from).toFixed(1)}" y="${middle - 6}" width="${width.toFixed(1)}" height="12" rx="2"><title>${rule}${user === undefined ? '' : ` (${user})`}</title></rect>`
  })
  const dots = marks.map(({ kind, time, text }) => html`<g>${dot(kind, scale(time), middle)}<title>${text}</title></g>`)
  return html`<text x="0" y="${middle + 4}">${address}</text><line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${top + ROW}" y2="${top + ROW}"/>${bars}${dots}
`
}

/** Five instants, the first and the last among them. */
function ticks({ from, to }: Digest, scale: (time: Micros) => number, height: number): Html[] {
  return [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const time = (from + part * (to - from)) as Micros
    const text = formatTime(time).replace('T', ' ')
    const anchor = part === 0 ? 'start' : part === 1 ? 'end' : 'middle'
    const x = scale(time).toFixed(1)
    return html`<line class="grid" x1="${x}" x2="${x}" y1="18" y2="${height}"/><text class="faint" x="${x}" y="12" text-anchor="${anchor}">${to - from < SHORT ? text.slice(11, 19) : text.slice(5, 16)}</text>
`
  })
}
