"""Warning filters for what third parties leak: each names the text that only they give, and none that code of ours gives.

A ResourceWarning is matched by its text and by the module that warns. Objects written in C (sockets, files, databases) warn
in whatever module runs when they are collected, so there the text must do. pytest's PytestUnraisableExceptionWarning is a
ResourceWarning that was an error inside `__del__`: a filter that ignores the one prevents the other.

https://docs.python.org/3/library/warnings.html#the-warnings-filter
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from leaklint.model.data import dataclass
from leaklint.model.leak import Leak
from leaklint.triage.case import OWN, THIRD_PARTY, Judged

ASYNCIO = r"asyncio\."
STARTS = {  # how the texts of a category begin, where its types do not tell, and what warns
    "transport": ("unclosed transport <", ASYNCIO),
    "event loop": ("unclosed event loop <", ASYNCIO),
    "event loop thread": ("unclosed event loop <", ASYNCIO),
    "client session": ("Unclosed client session <", ""),
    "connector": ("Unclosed connector", ""),
    "socket": ("unclosed <socket.socket", ""),
    "file": ("unclosed file <", ""),
    "sqlite connection": ("unclosed database in <", ""),
    "subprocess": ("subprocess ", "subprocess"),
    "temporary directory": ("Implicitly cleaning up <", "tempfile"),
}
BY_TYPE = {"socket": "unclosed <", "client session": "Unclosed client session <"}  # whose texts name the type
BY_CLASS = {
    "transport": "unclosed transport <",
    "event loop": "unclosed event loop <",
    "event loop thread": "unclosed event loop <",
}
PAIR = "unclosed <socket.socket fd=0, family=1, type=1, proto=0"  # by which a loop is woken up; the number varies
REMOTE = re.compile(r"raddr=\('([^']+)', (\d+)")
FILE_NAME = re.compile(r"name='([^']+)'")


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """One line of `filterwarnings`; `message` and `module` are regular expressions, and `reason` is the comment above it."""

    message: str
    module: str
    reason: str

    @property
    def line(self) -> str:
        """The line as pytest reads it."""
        return f"ignore:{self.message}:ResourceWarning" + (f":{self.module}" if self.module else "")


@dataclass(frozen=True, slots=True)
class Refused:
    """A filter that is not written, because it would silence what code of ours leaks as well."""

    line: str
    reason: str


def filters_for(judged: Iterable[Judged]) -> tuple[list[Filter], list[Refused]]:
    """Give the filters for third-party verdicts, and those that would silence more."""
    everything = [*judged]
    wanted: defaultdict[tuple[str, str], list[Judged]] = defaultdict(list)
    for one in everything:
        if one.verdict == THIRD_PARTY:
            for text in _texts(one):
                wanted[text].append(one)
    own = [one for one in everything if one.verdict in OWN]
    written: list[Filter] = []
    refused: list[Refused] = []
    for (message, module), group in sorted(wanted.items()):
        also = next((one for one in own if _silences(message, one)), None)
        if also is None:
            written.append(Filter(message, module, _reason(group)))
        else:
            line = Filter(message, module, "").line
            refused.append(Refused(line, f"would silence {also.place} as well: mend that first"))
    return written, refused


def _silences(message: str, one: Judged) -> bool:
    """Say whether a filter's expression matches a warning of a leak."""
    texts = [one.case.message] if one.case.message else [f"{start} " for start, _ in _starts(one.leak)]
    return any(re.match(message, text, re.IGNORECASE) for text in texts)


def _texts(one: Judged) -> list[tuple[str, str]]:
    """Give the expressions for the warnings of a leak, each with that for the module that warns."""
    if one.case.message:
        return [(_narrowed(one.leak, one.case.message), STARTS.get(one.leak.category, ("", ""))[1])]
    return [(_escaped(start) + (r"\b" if start[-1].isalnum() else ""), module) for start, module in _starts(one.leak)]


def _starts(leak: Leak) -> list[tuple[str, str]]:
    """Give how the texts of a leak's warnings begin, its parts' included, each with what warns."""
    found: list[tuple[str, str]] = []
    if leak.warns and leak.category in STARTS:
        start, module = STARTS[leak.category]
        if leak.category in BY_TYPE:
            start = BY_TYPE[leak.category] + leak.type
        elif leak.category in BY_CLASS:
            start = BY_CLASS[leak.category] + leak.type.rpartition(".")[2]
        found.append((start, module))
    is_loop = leak.category in ("event loop", "event loop thread")
    for part in dict.fromkeys(leak.parts):
        if part in STARTS:
            found.append((PAIR, "") if is_loop and part == "socket" else STARTS[part])
    return found


def _narrowed(leak: Leak, message: str) -> str:
    """Give an expression for a warning's own text, with the remote address or the file that it names."""
    start = message.partition("<")[0] + "<" if "<" in message else message.partition(" 0x")[0]
    named = re.match(r"[\w.]+", message.partition("<")[2])
    text = _escaped(start + (named[0] if named else ""))
    remote, file = REMOTE.search(message), FILE_NAME.search(message)
    if remote is not None:
        return f"{text}\\b.*raddr=.'{_escaped(remote[1])}', {remote[2]}"
    if leak.category == "file" and file is not None:
        return f"{text}\\b.*name='{_escaped(file[1])}'"
    return text + (r"\b" if named else "")


def _escaped(text: str) -> str:
    """Escape a text for an expression in which no colon may stand: pytest splits a filter there."""
    return re.escape(text).replace("\\ ", " ").replace(":", ".").replace("fd=0", r"fd=\d+")


def _reason(group: list[Judged]) -> str:
    makers = sorted({one.leak.library or "the standard library" for one in group})
    number = "1 leak" if len(group) == 1 else f"{len(group)} leaks"
    return f"{', '.join(makers)}, {number}: {group[0].cure}"
