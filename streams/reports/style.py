"""The style of a report: readable on a screen, dark or light, and on A4."""

from typing import Final

STYLE: Final = """
@page { size: A4; margin: 12mm }
@page wide { size: A4 landscape; margin: 12mm }
:root { color-scheme: light dark; --text: #16181d; --quiet: #565c66; --page: #fff; --line: #d5d9df; --tile: #f4f6f8 }
* { box-sizing: border-box }
body { margin: 0; color: var(--text); background: var(--page); overflow-wrap: anywhere;
  font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, "Noto Sans", sans-serif }
main { max-width: 1060px; margin: 0 auto; padding: 24px 20px 60px }
header p { margin: 0; color: var(--quiet) }
h1 { font-size: 32px; line-height: 1.15; margin: 2px 0 6px }
h2 { font-size: 20px; margin: 34px 0 10px; padding-bottom: 4px; border-bottom: 2px solid var(--line) }
h3 { font-size: 15px; margin: 18px 0 6px }
section { break-inside: auto }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 8px; margin: 0 }
.tiles div { background: var(--tile); border-radius: 8px; padding: 10px 12px; break-inside: avoid }
.tiles dt { color: var(--quiet); font-size: 13px }
.tiles dd { margin: 2px 0 0; font-size: 20px; font-weight: 650; font-variant-numeric: tabular-nums;
  overflow-wrap: normal }
.facts { display: grid; grid-template-columns: minmax(0, 26em) minmax(0, 1fr); gap: 3px 16px; margin: 0 }
.facts dt { color: var(--quiet) }
.facts dd { margin: 0; font-variant-numeric: tabular-nums }
.note { color: var(--quiet); font-size: 13px }
@media screen and (min-width: 1100px) { .wide .scroll { margin-inline: max(-240px, (1060px - 100vw) / 2) }
  .wide table { font-size: 12px } .wide th, .wide td { padding-inline: 5px } }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums;
  overflow-wrap: normal }
th, td { padding: 5px 7px; border-bottom: 1px solid var(--line); vertical-align: top; text-align: right }
th { color: var(--quiet); font-weight: 600; vertical-align: bottom }
th:first-child, td:first-child, .words th, .words td { text-align: left }
tr { break-inside: avoid }
.numbers td { white-space: nowrap }
.numbers td:first-child, .posts td:nth-child(3) { white-space: normal; overflow-wrap: anywhere; min-width: 8em }
.below, .within, .above { display: block; font-size: 11px; color: var(--quiet) }
.csv { font-size: 12px; color: var(--quiet) }
svg { width: 100%; height: auto; display: block; break-inside: avoid; font-size: 10px }
svg text { fill: var(--quiet) }
svg text.name { font-weight: 650; fill: var(--text) }
svg polyline { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
svg .grid { stroke: var(--line); stroke-width: .7 }
svg line.mark { stroke: #D55E00; stroke-width: 1; stroke-dasharray: 3 3 }
svg text.mark { fill: var(--text); font-weight: 650 }
code { font: 12px/1.4 ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
@media (prefers-color-scheme: dark) { @media screen { :root { --text: #eceef1; --quiet: #a9b0bb; --page: #14161a;
  --line: #343a43; --tile: #1e2228 } } }
section > p { break-after: avoid }
@media print { body { font-size: 9.5pt } main { padding: 0; max-width: none } h1 { font-size: 22pt }
  h2 { font-size: 13pt; margin-top: 14pt; break-after: avoid } .csv { display: none } .scroll { overflow: visible }
  table { font-size: 7pt } th, td { padding: 2pt 2.5pt } .tiles { grid-template-columns: repeat(4, minmax(0, 1fr)) }
  .wide { page: wide } .below, .within, .above { font-size: 6pt }
  .tiles dd { font-size: 12pt; overflow-wrap: anywhere } .tiles dt { font-size: 8pt }
  .numbers td:first-child { min-width: 6em } }
"""
