"""What the configured target-version changes in what is said of event loops."""

import textwrap
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.model.source import parse

CURRENT = "asyncio.get_event_loop().run_until_complete(main())"
POLICY = "asyncio.set_event_loop_policy(None)"
TASK = "asyncio.create_task(main())"


def said(statement: str, target: tuple[int, int], head: str = "") -> str:
    """Give the one message about a statement, which stands below a head."""
    body = f"{head}\n    {statement}" if head else statement
    text = f"import asyncio, sys\nasync def main(): ...\n{textwrap.dedent(body)}\n"
    project = Project(Config(Path(__file__).parent, target_version=target))
    codes = ("LKR206", "LKR208", "LKR909")
    return "; ".join(one.message for one in lint(parse("piece.py", text), project) if one.code in codes)


@pytest.mark.parametrize(
    ("statement", "target", "wanted"),
    [
        (CURRENT, (3, 9), "raises from Python 3.14 where no loop is running; use `asyncio.run()`"),
        (CURRENT, (3, 11), "raises from Python 3.14 where no loop is running; use `asyncio.run()` or a Runner"),
        (CURRENT, (3, 14), "raises where no loop is running; use `asyncio.run()` or a Runner"),
        (
            POLICY,
            (3, 9),
            "does not work from Python 3.16 on; use asyncio.Runner(loop_factory=...) from Python 3.11 on, and this",
        ),
        (POLICY, (3, 13), "does not work from Python 3.16 on; use asyncio.Runner(loop_factory=...)"),
        (POLICY, (3, 16), "is gone since Python 3.16; use asyncio.Runner(loop_factory=...)"),
        (TASK, (3, 10), "await it, or keep it"),
        (TASK, (3, 11), "await it, keep it, or use a TaskGroup"),
    ],
)
def test_the_cure_is_one_that_the_target_has(statement: str, target: tuple[int, int], wanted: str) -> None:
    head = "async def run():" if statement is TASK else ""
    assert wanted in said(statement, target, head)


@pytest.mark.parametrize(
    ("head", "is_reached"),
    [
        ("if sys.version_info < (3, 14):", False),
        ("if sys.version_info[:2] <= (3, 13):", False),
        ("if not sys.version_info >= (3, 14):", False),
        ("if sys.platform == 'win32' and sys.version_info < (3, 12):", False),
        ("if sys.version_info >= (3, 14):\n    pass\nelse:", False),
        ("def run():\n    if sys.version_info >= (3, 14):\n        return", False),
        ("if sys.version_info < (3, 16):", True),
        ("if sys.version_info >= (3, 12):", True),
        ("if sys.version_info < (3, 14) or sys.platform == 'win32':", True),
    ],
)
def test_what_a_later_python_never_reaches_is_left_alone(head: str, is_reached: bool) -> None:
    assert bool(said(CURRENT, (3, 9), head)) is is_reached
