"""What many tests need: the engine with the shipped catalogue, and findings as short pairs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.model.source import parse


@pytest.fixture(scope="session")
def shipped() -> Project:
    """The engine as users have it, without configuration."""
    return Project(Config(Path(__file__).parent))


@pytest.fixture(scope="session")
def marks(shipped: Project) -> Callable[[str], list[tuple[int, str]]]:
    """Line (1-based) and code of every finding of a text, advice left out."""

    def found(text: str) -> list[tuple[int, str]]:
        findings = lint(parse("module.py", text), shipped)
        return [(one.span.line, one.code) for one in findings if not one.code.startswith("LKR9")]

    return found


@pytest.fixture(scope="session")
def advice(shipped: Project) -> Callable[[str], list[tuple[int, str]]]:
    """Line (1-based) and code of the advice on a text."""

    def found(text: str) -> list[tuple[int, str]]:
        findings = lint(parse("module.py", text), shipped)
        return [(one.span.line, one.code) for one in findings if one.code.startswith("LKR9")]

    return found
