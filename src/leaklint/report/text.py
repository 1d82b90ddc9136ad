"""Plain text, one line for each finding, in flake8's format: editors and scripts that read flake8 read it too.

src/app.py:12:9: LKR101 `h` (open file) is never closed; open it in a `with` block
"""

from collections import Counter
from collections.abc import Iterable

from leaklint.model.finding import Finding


def lines(path: str, findings: Iterable[Finding]) -> list[str]:
    """Give a file's findings, one line each; columns are 1-based as in flake8."""
    return [f"{path}:{found.span.line}:{found.span.column + 1}: {found.code} {found.message}" for found in findings]


def statistics(findings: Iterable[Finding], names: dict[str, str]) -> list[str]:
    """Give the number of findings of each code, with its name where `names` has it."""
    counted = Counter(found.code for found in findings)
    width = max((len(str(number)) for number in counted.values()), default=0)
    return [f"{number:{width}} {code} {names.get(code, '')}".rstrip() for code, number in sorted(counted.items())]
