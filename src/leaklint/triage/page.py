"""The verdicts as one page of HTML that asks the network for nothing: tables, and for every leak its lines and its way.

Everything that comes from a suite (names, paths, source) is escaped.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from leaklint.model.leak import Frame
from leaklint.triage.case import VERDICTS, Judged, way
from leaklint.triage.text import grouped

AROUND = 3  # lines of source before and after
MARKS = dict(zip(VERDICTS, "ahtiu", strict=True))
STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --faint: #595959; --line: #c8c8c8; --code: #f3f3f3;
  --here: #ffe9a8; --focus: #0b57d0 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eaeaea; --paper: #161616; --faint: #b0b0b0; --line: #4a4a4a; --code: #222; --here: #574400; --focus: #8ab4f8 }
}
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 70rem; margin: 0 auto;
  padding: 1.5rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin-top: 2.5rem }
table { border-collapse: collapse; margin: 1rem 0; max-width: 100% }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .6rem 0; padding: .4rem .8rem }
summary { cursor: pointer; overflow-wrap: anywhere } summary:focus-visible, a:focus-visible, pre:focus-visible {
  outline: 2px solid var(--focus); outline-offset: 2px }
a { color: var(--focus) }
pre { background: var(--code); padding: .5rem; overflow-x: auto; margin: .5rem 0 }
pre mark { background: var(--here); color: inherit; display: inline-block; min-width: 100% }
.faint { color: var(--faint) } code, pre { font: .9rem/1.45 ui-monospace, monospace }
"""

Text = Callable[[str], str]  # the text of a file below the root, empty where it cannot be read


def page(judged: Sequence[Judged], title: str, text_of: Text) -> str:
    """Give the page."""
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>",
        f"<p>{_counted(len(judged), 'leak')}.</p>",
        *_overview(judged),
    ]
    for verdict in VERDICTS:
        chosen = [one for one in judged if one.verdict == verdict]
        if chosen:
            parts += _section(verdict, chosen, text_of)
    return "\n".join([*parts, "</main>\n</body>\n</html>\n"])


def _overview(judged: Sequence[Judged]) -> Iterator[str]:
    counts = Counter(one.verdict for one in judged)
    rows = [(f'<a href="#{MARKS[one]}">{one}</a>', counts[one]) for one in VERDICTS if counts[one]]
    yield _table("By verdict", "verdict", rows)
    yield _table("By category", "category", _rows(one.leak.category for one in judged))
    yield _table("By creating test", "test", _rows(one.leak.test or "outside of tests" for one in judged))


def _rows(names: Iterable[str]) -> list[tuple[str, int]]:
    return [(escape(name), number) for name, number in Counter(names).most_common()]


def _table(caption: str, head: str, rows: Iterable[tuple[str, int]]) -> str:
    body = "".join(f'<tr><th scope="row">{name}</th><td class="number">{number}</td></tr>\n' for name, number in rows)
    heading = f'<tr><th scope="col">{head}</th><th scope="col" class="number">leaks</th></tr>'
    return f"<table>\n<caption>{caption}</caption>\n<thead>{heading}</thead>\n<tbody>\n{body}</tbody>\n</table>"


def _section(verdict: str, judged: Sequence[Judged], text_of: Text) -> Iterator[str]:
    mark = MARKS[verdict]
    yield f'<section aria-labelledby="{mark}">\n<h2 id="{mark}">{verdict}: {_counted(len(judged), "leak")}</h2>'
    for group in grouped(judged):
        first = group[0]
        head = escape(" ".join(part for part in (first.place, first.code) if part))
        yield f"<details>\n<summary><code>{head}</code> {escape(first.what)}: {_counted(len(group), 'leak')}</summary>"
        yield f"<p>{escape(first.cure)}</p>"
        if first.finding is not None and not first.cure.startswith(first.finding.message):
            yield f'<p class="faint">{escape(first.finding.message)}</p>'
        if first.frame is not None:
            yield _source(first.frame, text_of)
        yield from _ways(group, text_of)
        yield "</details>"
    yield "</section>"


def _ways(group: Sequence[Judged], text_of: Text) -> Iterator[str]:
    """Give each leak's way from the line that made it up to its test, with the source line of every step."""
    for ways, number in Counter((one.leak, way(one.leak)) for one in group).most_common():
        leak, steps = ways
        times = f" ({_counted(number, 'time')})" if number > 1 else ""
        yield f"<p>{escape(leak.type)}, {leak.state}{times}:</p>\n<ol>"
        for place, step in enumerate(steps):
            code = _line(leak.frames[place], text_of) if place < len(leak.frames) else ""
            yield (
                f"<li><code>{escape(step)}</code>"
                + (f'<br><code class="faint">{escape(code)}</code>' if code else "")
                + "</li>"
            )
        yield "</ol>"


def _line(frame: Frame, text_of: Text) -> str:
    lines = text_of(frame.path).split("\n")
    return lines[frame.line - 1].strip() if frame.line <= len(lines) else ""


def _source(frame: Frame, text_of: Text) -> str:
    lines = text_of(frame.path).split("\n")
    if frame.line > len(lines):
        return ""
    first, last = max(1, frame.line - AROUND), min(len(lines), frame.line + AROUND)
    shown = [f"{number:>{len(str(last))}}  {escape(lines[number - 1])}" for number in range(first, last + 1)]
    shown[frame.line - first] = f"<mark>{shown[frame.line - first]}</mark>"
    label = escape(f"{frame.path}, lines {first} to {last}", quote=True)
    return f'<pre tabindex="0" role="region" aria-label="{label}">' + "\n".join(shown) + "</pre>"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
