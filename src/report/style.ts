import { createHash } from 'node:crypto'

/** The page's only style sheet. No element has a style of its own, so that the policy can allow this text and nothing else. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1c2128; --paper: #fbfaf7; --faint: #6b7280; --line: #dcd8cf; --open: #2f7d4f; --bad: #b4552d; --scan: #8a5aa8; --late: #b08a1e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e3dc; --paper: #16181c; --faint: #9aa1ac; --line: #33373f; --open: #5cb884; --bad: #e08a5f; --scan: #bb93d6; --late: #d9b64e; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.5rem; margin: .5rem 0 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0 1rem; } .faint, caption { color: var(--faint); }
.numbers { display: flex; flex-wrap: wrap; gap: .5rem 2rem; padding: 0; margin: 1rem 0; list-style: none; }
.numbers b { display: block; font-size: 1.6rem; line-height: 1.1; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } caption { text-align: left; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--faint); font-weight: 600; white-space: nowrap; } td.time, td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; min-width: 34rem; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg .faint { fill: var(--faint); }
.grid { stroke: var(--line); stroke-width: 1; }
.open { fill: var(--open); } .failure { fill: var(--bad); } .scan { fill: var(--scan); } .timeout { fill: var(--late); } .refused { fill: none; stroke: var(--bad); stroke-width: 2; }
.legend svg { display: inline-block; width: 12px; min-width: 12px; vertical-align: -1px; margin: 0 .3rem 0 1rem; }
td.address { white-space: nowrap; }
@media (max-width: 40rem) {
  thead { display: none; } tr, tbody, table, caption { display: block; } tr { padding: .4rem 0; border-bottom: 1px solid var(--line); }
  td { display: inline; padding: 0 .5rem 0 0; border: 0; } td.number::before { content: attr(data-head) ' '; color: var(--faint); } td:empty { display: none; }
}
@media print { body { max-width: none; } }
`

/** Nothing is fetched, nothing runs, nothing is sent. */
export const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`
