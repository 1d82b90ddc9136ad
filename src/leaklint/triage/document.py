"""The verdicts as JSON. The shape is kept; a change that is more than a new key raises `VERSION`.

    {"version": 1,
     "verdicts": {"fix automatically": 3, "fix by hand": 1, "third party": 0, "intended": 0, "unknown": 0},
     "leaks": [{"verdict": "fix automatically", "path": "tests/conftest.py", "line": 22, "code": "LKR302",
                "cure": "...", "message": null, "leak": {...}}]}

`leak` is as in the file of `--leaklint-report`; `path`, `line` and `code` are null where no line or finding stands for it.
"""

import json
from collections import Counter
from collections.abc import Sequence

from leaklint.runtime.leaks_file import leak_object
from leaklint.triage.case import VERDICTS, Judged

VERSION = 1


def document(judged: Sequence[Judged]) -> str:
    """Give the whole document."""
    counts = Counter(one.verdict for one in judged)
    content = {
        "version": VERSION,
        "verdicts": {verdict: counts[verdict] for verdict in VERDICTS},
        "leaks": [_object(one) for one in judged],
    }
    return json.dumps(content, indent=1)


def _object(one: Judged) -> dict[str, object]:
    return {
        "verdict": one.verdict,
        "path": None if one.frame is None else one.frame.path,
        "line": None if one.frame is None else one.frame.line,
        "code": one.code or None,
        "cure": one.cure,
        "message": None if one.finding is None else one.finding.message,
        "leak": leak_object(one.leak),
    }
