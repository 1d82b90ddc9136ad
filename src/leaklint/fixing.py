"""Mends a module: lint, rewrite, prove by linting again, until nothing is left to do.

It knows which fixes go together and what a proof is. What a fix does is the analysis' business, how it is done the
rewriter's.
"""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Sequence

from leaklint.config import ADVICE
from leaklint.engine import Project, lint
from leaklint.model.data import dataclass
from leaklint.model.finding import Finding
from leaklint.model.fix import Applicability, Edit, WithBlock, WithItem, WithTemporary
from leaklint.model.source import Source, SourceError, parse
from leaklint.model.span import Span
from leaklint.rewrite import CannotRewrite, apply, clashes, extent
from leaklint.rewrite.proof import prove

_NUMBER = re.compile(r"\d+")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class FixResult:
    """A module's new text. `applied` findings stand where they were when they were mended (earlier fixes move lines);
    `refused` ones, with the reason, stand where they are in the new text."""

    text: str
    applied: tuple[Finding, ...]
    refused: tuple[tuple[Finding, str], ...]


@dataclass(frozen=True, slots=True)
class _State:
    source: Source
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class _Key:
    """What a finding is recognised by when lines have moved."""

    code: str
    line: str
    message: str


def fix_source(source: Source, project: Project, is_wanted: Callable[[Finding, Source], bool], unsafe: bool) -> FixResult:
    """Fix the wanted findings of a module, unsafe fixes included where asked for.

    `is_wanted` is asked with the text that the finding stands in, which changes from round to round.

    Every round either mends a finding for good or refuses one for good, so the rounds come to an end, and a second run
    finds nothing to do.
    """
    state = _State(source, lint(source, project))
    applied: list[Finding] = []
    reasons: dict[_Key, str] = {}
    while True:
        todo = [
            finding
            for finding in state.findings
            if finding.fix
            and (unsafe or finding.fix.applicability is Applicability.SAFE)
            and is_wanted(finding, state.source)
            and _key(finding, state.source) not in reasons
        ]
        if not todo:
            break
        state = _round(state, _batch(todo), project, applied, reasons)
    refused = [(finding, reasons.get(_key(finding, state.source), "")) for finding in state.findings]
    return FixResult(state.source.text, tuple(applied), tuple(pair for pair in refused if pair[1]))


def unified_diff(path: str, old_text: str, new_text: str) -> str:
    """Give the difference as a unified diff; lines end at newlines only, and keep their own kind of newline."""
    lines = difflib.unified_diff(_LINE.findall(old_text), _LINE.findall(new_text), path, path)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _round(state: _State, batch: list[Finding], project: Project, applied: list[Finding], reasons: dict[_Key, str]) -> _State:
    """Mend a batch, or what of it can be mended; note what is mended and what is refused."""
    good = _mended(state, batch, project, reasons)
    if not good:
        return state
    together = [finding for part, _ in good for finding in part]
    outcome = _attempt(state, together, project) if len(good) > 1 else good[0][1]
    part, result = (together, outcome) if isinstance(outcome, _State) else good[0]
    applied += part
    return result


def _mended(
    state: _State, batch: list[Finding], project: Project, reasons: dict[_Key, str]
) -> list[tuple[list[Finding], _State]]:
    """Give the parts of a batch that can be mended, each with its result; note why the others cannot.

    It is halved until what cannot be mended stands alone: every attempt costs as much as linting the module anew.
    """
    outcome = _attempt(state, batch, project)
    if isinstance(outcome, _State):
        return [(batch, outcome)]
    if len(batch) == 1:
        reasons[_key(batch[0], state.source)] = outcome
        return []
    middle = len(batch) // 2
    return [
        *_mended(state, batch[:middle], project, reasons),
        *_mended(state, batch[middle:], project, reasons),
    ]


def _attempt(state: _State, batch: list[Finding], project: Project) -> _State | str:
    """Carry out the fixes of a batch and prove the result; a text is the reason why not."""
    fixes = [finding.fix for finding in batch if finding.fix]
    try:
        new = parse(state.source.path, apply(state.source.text, fixes))
        prove(state.source, new, fixes)
    except CannotRewrite as refusal:
        return refusal.reason
    except SourceError as error:
        return f"the result would not parse: {error.reason}"
    findings = lint(new, project)
    return _objection(state, batch, _State(new, findings)) or _State(new, findings)


def _objection(old: _State, batch: list[Finding], new: _State) -> str | None:
    """Say what speaks against a result: a finding that is still there, or a new one."""
    found = [finding for finding in new.findings if not _is_revealed(finding, batch)]
    before, after = Counter(f.code for f in old.findings), Counter(f.code for f in found)
    gone = Counter(finding.code for finding in batch)
    wanted = {code for code in after if not code.startswith(ADVICE) or code in gone}
    for code in sorted(wanted):
        if after[code] > before[code] - gone[code]:
            return f"{code} would still be found" if after[code] <= before[code] else f"{code} would appear"
    fixed = set(map(id, batch))
    known = [_key(finding, old.source) for finding in old.findings if id(finding) not in fixed]
    lines, messages = ({(key.code, key.line) for key in known}, {(key.code, key.message) for key in known})
    for finding in found:
        key = _key(finding, new.source)
        if finding.code.startswith(ADVICE) and finding.code not in gone:
            continue  # advice is silent as a rule: it must not stand in the way of a fix
        if (key.code, key.line) not in lines and (key.code, key.message) not in messages:
            return f"{key.code} would appear: {finding.message}"
    return None


def _is_revealed(finding: Finding, batch: list[Finding]) -> bool:
    """Say whether a finding is about an instance of a class that a fix has made a resource: it leaked before, unseen."""
    names = {name for one in batch if one.fix for name in one.fix.reveals}
    return any(re.search(rf"\b{re.escape(name)}, which owns ", finding.message) for name in names)


def _batch(findings: Sequence[Finding]) -> list[Finding]:
    """Choose fixes that go together: of two blocks that cross the later one, which then moves into the earlier one;
    of two expressions in one statement the first."""
    chosen: list[tuple[Finding, Edit]] = []
    pairs = [(finding, finding.fix.edit) for finding in findings if finding.fix]
    for finding, edit in sorted(pairs, key=lambda pair: _order(pair[1])):
        if not any(clashes(edit, other) for _, other in chosen):
            chosen.append((finding, edit))
    return sorted((finding for finding, _ in chosen), key=lambda finding: finding.span)


def _order(edit: Edit) -> tuple[int, int, Span]:
    start = extent(edit)
    value = edit.value if isinstance(edit, WithBlock | WithTemporary | WithItem) else start
    return -start.line, -start.column, value


def _key(finding: Finding, source: Source) -> _Key:
    return _Key(finding.code, source.lines[finding.span.line - 1].strip(), _NUMBER.sub("#", finding.message))
