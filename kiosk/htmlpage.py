"""One page of HTML that needs nothing else: light or dark as the reader likes, and printable."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark; --text: #1b1d21; --page: #ffffff; --soft: #5b616b;
  --rule: #d7dae0; --band: #f4f5f7; --good: #1d7a46; --bad: #b3261e;
  --c0: #1f5fbf; --c1: #c2571a; --c2: #1d7a46; --c3: #8a3ab9; --c4: #8a6d00; }
@media (prefers-color-scheme: dark) { :root { --text: #e7e9ed; --page: #16181c; --soft: #a2a9b4;
  --rule: #3a3f48; --band: #20242a; --good: #6fcf97; --bad: #ff8a80;
  --c0: #7fb0ff; --c1: #ffab73; --c2: #6fcf97; --c3: #d0a2f5; --c4: #e3c65b; } }
@media print { :root { --text: #000; --page: #fff; --soft: #444; --rule: #bbb; --band: #f4f4f4;
  --c0: #1f5fbf; --c1: #c2571a; --c2: #1d7a46; --c3: #8a3ab9; --c4: #8a6d00; }
  h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
p, li { max-width: 46rem; } .soft { color: var(--soft); }
h2 { margin-top: 2.2rem; border-top: 1px solid var(--rule); padding-top: 1rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; }
th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; vertical-align: bottom; } td.number { text-align: right;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
tr:nth-child(even) td { background: var(--band); }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; }
figcaption { font-weight: 600; } svg { max-width: 100%; height: auto; }
.axis { fill: none; stroke: var(--soft); } .grid { stroke: var(--rule); stroke-width: .7; }
.label { fill: var(--text); font: 12px system-ui, sans-serif; }
.line { fill: none; stroke-width: 2; } .line0 { stroke: var(--c0); } .line1 { stroke: var(--c1); }
.line2 { stroke: var(--c2); } .line3 { stroke: var(--c3); } .line4 { stroke: var(--c4); }
"""


def page(title: str, parts: Sequence[str]) -> str:
    """Return a document; ``parts`` are HTML already, ``title`` is text."""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            f"<h1>{escape(title)}</h1>",
            *parts,
            "</body>",
            "</html>",
            "",
        ]
    )


def heading(text: str) -> str:
    """Return a heading of a section."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str, is_soft: bool = False) -> str:
    """Return a paragraph of text."""
    return f'<p class="soft">{escape(text)}</p>' if is_soft else f"<p>{escape(text)}</p>"


def warning(text: str) -> str:
    """Return a paragraph that must not be overlooked."""
    return f'<p class="bad">{escape(text)}</p>'


def figure(caption: str, svg: str) -> str:
    """Return a drawing, which is markup already, with its caption."""
    return f"<figure><figcaption>{escape(caption)}</figcaption>{svg}</figure>"


def figures(drawings: Sequence[str]) -> str:
    """Return figures side by side where there is room."""
    return "\n".join(['<div class="plots">', *drawings, "</div>"])


def html_table(headings: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Return a table of texts; all but the first ``texts`` columns are numbers."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in headings)
    body = [
        "<tr>" + "".join(_cell(cell, place >= texts) for place, cell in enumerate(row)) + "</tr>"
        for row in rows
    ]
    return "\n".join(
        [
            '<div class="wide"><table>',
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *body,
            "</tbody></table></div>",
        ]
    )


def _cell(text: str, is_number: bool) -> str:
    return f'<td class="number">{escape(text)}</td>' if is_number else f"<td>{escape(text)}</td>"
