"""How a project's pytest drives asynchronous tests: its configuration and the conftest files above a module.

Both are read from disk, found from the module's own path, and only when a rule asks. Of plugins it knows pytest-asyncio,
anyio and trio; whatever else may drive a coroutine counts as "somebody does".
"""

import configparser
import functools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from leaklint.model.data import dataclass

SECTIONS = {"pytest.ini": "pytest", ".pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}
ROOTS = (".git", ".hg", "setup.py")
DRIVEN = re.compile(
    r"\banyio_(?:backend|mode)|mark\.anyio|anyio\.pytest|pytest[_.]trio|trio_mode|mark\.trio"
    r"|pytest_pyfunc_call|pytest_fixture_setup|asyncio_mode|pytest_twisted|curio|^(?:import|from) trio\b",
    re.MULTILINE,
)
MARKED = re.compile(r"""asyncio\([^)]*?scope\s*=\s*["'](\w+)["']""")
OWN_LOOP = re.compile(r"^\s*def event_loop\(|def event_loop_policy\(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PytestSettings:
    """`asyncio_mode` and the default loop scopes; `conftests` are the texts of the conftest files above a module."""

    mode: str = "strict"
    test_loop_scope: str = "function"
    conftests: tuple[str, ...] = ()
    is_driven: bool = False  # by another plugin than pytest-asyncio

    def is_driven_in(self, text: str) -> bool:
        """Say whether something other than pytest-asyncio's markers may drive the coroutines of a module."""
        return self.is_driven or any(DRIVEN.search(one) for one in (text, *self.conftests))

    def test_scopes(self, text: str) -> set[str]:
        """Give the loop scopes that the tests of a module may have."""
        marked = {scope for one in (text, *self.conftests) for scope in MARKED.findall(one)}
        return {self.test_loop_scope, *marked}

    def has_own_loop(self, text: str) -> bool:
        """Say whether a module, or a conftest above it, overrides the event loop fixture."""
        return any(OWN_LOOP.search(one) for one in (text, *self.conftests))


def settings_for(path: str) -> PytestSettings:
    """Read the settings that hold for a module."""
    return _settings_in(Path(path).absolute().parent)


@functools.lru_cache(maxsize=256)
def neighbours(directory: Path) -> str:
    """Give the text of the test modules beside and below a conftest, in one piece."""
    texts = []
    for number, one in enumerate(sorted(directory.rglob("test*.py"))):
        if number >= 300:
            break
        texts.append(_text(one))
    return "\n".join(texts)


@functools.lru_cache(maxsize=256)
def _settings_in(directory: Path) -> PytestSettings:
    conftests: list[str] = []
    options: Mapping[str, str] = {}
    for one in (directory, *directory.parents):
        conftest = one / "conftest.py"
        if conftest.is_file():
            conftests.append(_text(conftest))
        found = _options(one)
        if found is not None:
            options = found
            break
        if any((one / name).exists() for name in ROOTS):
            break
    added = options.get("addopts", "")
    mode = "auto" if re.search(r"asyncio[-_]mode[= ]auto", added) else options.get("asyncio_mode", "strict")
    return PytestSettings(
        mode,
        options.get("asyncio_default_test_loop_scope", "function"),
        tuple(conftests),
        any(name in options for name in ("anyio_mode", "trio_mode")) or "pytest_trio" in added,
    )


def _options(directory: Path) -> Mapping[str, str] | None:
    """Give pytest's options where a directory holds its configuration."""
    pyproject = directory / "pyproject.toml"
    for name, section in SECTIONS.items():
        file = directory / name
        if file.is_file():
            parser = configparser.ConfigParser(interpolation=None, strict=False)
            try:
                parser.read_string(_text(file))
            except configparser.Error:
                continue
            if parser.has_section(section) or name.endswith("pytest.ini"):
                return dict(parser[section]) if parser.has_section(section) else {}
    return _toml_options(pyproject) if pyproject.is_file() else None


def _toml_options(pyproject: Path) -> Mapping[str, str] | None:
    try:
        table: object = tomllib.loads(_text(pyproject))
    except tomllib.TOMLDecodeError:
        return None
    for keys in (("tool", "pytest", "ini_options"), ("tool", "pytest")):
        found = table
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, dict):
            return {str(name): value if isinstance(value, str) else str(value) for name, value in found.items()}
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
