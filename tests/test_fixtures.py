"""All of fixtures/: the marks are found and nothing else, a fix gives the text beside it, the demo leaks as it should.

A mark `# LKR101` is a finding that `leaklint fix` mends; `# LKR101 stays` one without a safe fix. Run as a script, this
writes every leaks.fixed.py anew, and every leaks.unsafe.py that exists: what the unsafe fixes make of a test module.
"""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.fixing import fix_source
from leaklint.model.finding import Finding
from leaklint.model.source import Source, parse, read
from leaklint.rules.pages import PAGES

Marks = Callable[[str], list[tuple[int, str]]]
FIXTURES = Path(__file__).parent.parent / "fixtures"
FOLDERS = sorted((FIXTURES / "rules").glob("LKR*"))
MARK = re.compile(r"# (LKR\d{3})(?: stays)?$")
MENDED = re.compile(r"  # LKR\d{3}$", re.MULTILINE)
DEMO = {
    "tests/test_report.py": ["test_write LKR104"],
    "tests/test_storage.py": ["test_add LKR101"],
    "weather/client.py": ["fetch LKR101", "fetch_all LKR103", "stations LKR102"],
    "weather/convert.py": ["to_grib LKR101", "from_grib LKR101"],
    "weather/probe.py": ["is_open LKR102", "banner LKR103"],
    "weather/report.py": [
        "settings LKR104",
        "template LKR104",
        "write LKR101",
        "summarise LKR105",
        "unpack LKR107",
        "rotate LKR105",
        "rotate LKR103",
        "tail LKR106",
    ],
    "weather/storage.py": ["create LKR107", "add LKR102"],
}


def marked(text: str) -> list[tuple[int, str]]:
    """Give line and code of every mark of a text."""
    lines = enumerate(text.split("\n"), 1)
    return [(number, found[1]) for number, line in lines if (found := MARK.search(line))]


def is_advice(folder: Path) -> bool:
    """Say whether a folder is about advice, which other folders leave out."""
    return folder.name.startswith("LKR9")


def unique(found: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Keep one of several findings with one code on one line: a mark stands for them all."""
    return list(dict.fromkeys(found))


def wanted(folder: Path) -> Callable[[Finding, Source], bool]:
    """Fix everything but advice; in a folder of advice, that."""
    return lambda finding, _: finding.code.startswith("LKR9") == is_advice(folder)


def fixed(folder: Path, project: Project) -> str:
    """Fix the leaks of a folder, from which the marks of what is mended were taken away."""
    text = (folder / "leaks.py").read_text(encoding="utf-8")
    return fix_source(parse("leaks.py", MENDED.sub("", text)), project, wanted(folder), unsafe=False).text


def unsafely_fixed(folder: Path, project: Project) -> str:
    """Fix the leaks of a folder with unsafe fixes, as those of a test module."""
    text = (folder / "leaks.py").read_text(encoding="utf-8")
    text = re.sub(r"  # LKR\d{3}(?: stays)?$", "", text, flags=re.MULTILINE)
    source = parse(str(folder / "test_leaks.py"), text)
    return fix_source(source, project, lambda finding, _: finding.code == folder.name[:6], unsafe=True).text


def test_every_rule_has_its_folder() -> None:
    assert [folder.name for folder in FOLDERS] == [f"{page.code}_{page.name.replace('-', '_')}" for page in PAGES]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_leaks_are_found_where_they_are_marked(folder: Path, marks: Marks, advice: Marks) -> None:
    text = (folder / "leaks.py").read_text(encoding="utf-8")
    own = [mark for mark in marked(text) if mark[1] == folder.name[:6]]
    assert len(own) >= 12
    found = advice if is_advice(folder) else marks
    assert unique(found(text)) == marked(text)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_clean_code_is_silent(folder: Path, marks: Marks, advice: Marks) -> None:
    text = (folder / "clean.py").read_text(encoding="utf-8")
    assert sum(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(ast.parse(text))) >= 12
    found = [*marks(text), *(advice(text) if is_advice(folder) else ())]
    assert [one for one in found if one[1] < "LKR9" or one[1] == folder.name[:6]] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_fixing_gives_the_text_beside_it(folder: Path, shipped: Project, marks: Marks, advice: Marks) -> None:
    text = (folder / "leaks.fixed.py").read_text(encoding="utf-8")
    assert fixed(folder, shipped) == text, "run `python tests/test_fixtures.py` where the new text is right"
    found = advice if is_advice(folder) else marks
    assert unique(found(text)) == marked(text)
    again = fix_source(parse("leaks.py", text), shipped, wanted(folder), unsafe=False)
    assert (again.text, again.applied) == (text, ())


@pytest.mark.parametrize("folder", [one for one in FOLDERS if (one / "leaks.unsafe.py").exists()], ids=lambda one: one.name)
def test_unsafe_fixing_gives_the_text_beside_it(folder: Path, shipped: Project) -> None:
    text = (folder / "leaks.unsafe.py").read_text(encoding="utf-8")
    assert unsafely_fixed(folder, shipped) == text, "run `python tests/test_fixtures.py` where the new text is right"
    again = fix_source(parse(str(folder / "test_leaks.py"), text), shipped, lambda *_: True, unsafe=True)
    assert [one.code for one in again.applied if one.code == folder.name[:6]] == []


def test_the_demo_leaks_where_it_should(shipped: Project) -> None:
    found: dict[str, list[str]] = {}
    for path in sorted((FIXTURES / "demo").rglob("*.py")):
        source = read(path)
        codes = [f"{around(source, one.span.line)} {one.code}" for one in lint(source, shipped) if one.code < "LKR9"]
        if codes:
            found[path.relative_to(FIXTURES / "demo").as_posix()] = codes
    assert found == DEMO


def around(source: Source, line: int) -> str:
    """Give the name of the function around a line."""
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            return node.name
    return "<module>"


if __name__ == "__main__":
    for one in FOLDERS:
        (one / "leaks.fixed.py").write_text(fixed(one, Project(Config(FIXTURES))), encoding="utf-8")
        if (one / "leaks.unsafe.py").exists():
            (one / "leaks.unsafe.py").write_text(unsafely_fixed(one, Project(Config(FIXTURES))), encoding="utf-8")
