import { formatTime, SECOND, type Micros } from '../../parsers/time.ts'
import { formatDuration } from '../config/duration.ts'
import type { Digest, Mark, Visit } from './digest.ts'
import { html, Html } from './html.ts'
import { POLICY, STYLE } from './style.ts'
import { timeline } from './timeline.ts'

/** Rows of a table: whoever needs more has the history. */
const MOST_ROWS = 500

/** One page that needs nothing else: no network, no script. `title` says whose story it is. */
export function reportPage(digest: Digest | undefined, title: string): string {
  const body = digest === undefined ? html`<p>Nothing has happened.</p>` : content(digest)
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<title>Knocktail: ${title}</title><style>${new Html(STYLE)}</style></head><body>
<h1>Knocktail</h1><p class="faint">${title}</p>
${body}
</body></html>
`.text
}

function content(digest: Digest): Html {
  const { visits, marks, troubles, nearMisses, leftOut } = digest
  const scans = marks.filter(({ kind }) => kind === 'scan')
  return html`<p>${clock(digest.from)} to ${clock(digest.to)}, in UTC.</p>
<ul class="numbers">${numbers(digest)}</ul>
<h2>Doors and knocks</h2>${timeline(digest)}
<h2>Who came in</h2>${table('', ['opened', 'for', 'address', 'user', 'rule', 'extended'], visits.toReversed().map((visit) => visitRow(visit, digest.to)))}
<h2>Near misses</h2>${nearMissTable(nearMisses)}
<h2>Scans</h2>${markTable(scans)}
<h2>What failed or was refused</h2>${markTable(marks.filter(({ kind }) => kind !== 'scan'))}
<h2>Troubles</h2>${table('', ['when', 'what'], troubles.toReversed().map(({ time, text }) => [cell('time', clock(time)), cell('', text)]))}
${leftOut > 0 ? html`<p class="faint">${leftOut} more events are not on this page.</p>` : undefined}`
}

function numbers({ visits, marks }: Digest): Html[] {
  const count = (kind: Mark['kind']): number => marks.filter((mark) => mark.kind === kind).length
  const all: (readonly [number, string])[] = [
    [visits.length, 'opened'], [new Set(visits.map(({ address }) => address)).size, 'addresses came in'], [count('failure') + count('timeout'), 'failed or too slow'],
    [count('scan'), 'scans'], [count('refused'), 'refused'],
  ]
  return all.map(([number, text]) => html`<li><b>${number}</b>${text}</li>`)
}

function visitRow({ rule, user, address, from, until, extensions }: Visit, end: Micros): Html[] {
  const lasted = formatDuration((Math.max(1, Math.round(((until ?? end) - from) / SECOND)) * SECOND) as Micros)
  return [
    cell('time', clock(from)), cell('number', until === undefined ? `${lasted}, still open` : lasted, 'for'), cell('address', address), cell('', user ?? ''), cell('', rule),
    cell('number', extensions || '', 'extended'),
  ]
}

function markTable(marks: readonly Mark[]): Html {
  return table('', ['when', 'address', 'rule', 'what'], marks.toReversed().map(({ time, address, rule, text }) => [cell('time', clock(time)), cell('address', address), cell('', rule), cell('', text)]))
}

function nearMissTable(nearMisses: Digest['nearMisses']): Html {
  const rows = [...nearMisses].flatMap(([rule, steps]) => [...steps].toSorted(([one], [other]) => one - other).map(([step, count]) =>
    [cell('', rule), cell('number', step, 'at step'), cell('number', count, 'attempts')]))
  return table('Attempts that ended, by the step at which they did.', ['rule', 'at step', 'attempts'], rows)
}

function table(caption: string, heads: readonly string[], rows: readonly (readonly Html[])[]): Html {
  if (rows.length === 0) return html`<p class="faint">None.</p>`
  const shown = rows.slice(0, MOST_ROWS).map((row) => html`<tr>${row}</tr>
`)
  return html`<div class="scroll"><table>${caption === '' ? undefined : html`<caption>${caption}</caption>`}<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>
${shown}</tbody></table></div>${rows.length > MOST_ROWS ? html`<p class="faint">${rows.length - MOST_ROWS} older ones are not shown.</p>` : undefined}`
}

/** `head`: what a phone shows before it, where there is no room for a row of heads. */
function cell(kind: string, text: string | number, head = ''): Html {
  return html`<td class="${kind}" data-head="${head}">${text}</td>`
}

function clock(time: Micros): string {
  return formatTime(time).slice(0, 19).replace('T', ' ')
}
