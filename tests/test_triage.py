"""Triage of suites that leak, in real runs: each leak gets its verdict, and filters silence third parties' leaks alone."""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from leaklint.catalogue.hidden import hidden_in
from leaklint.catalogue.library import paths
from leaklint.model.leak import Frame, Leak
from leaklint.triage.case import AUTOMATIC, BY_HAND, INTENDED, THIRD_PARTY, UNKNOWN, Case, Judged
from leaklint.triage.filters import filters_for
from leaklint.triage.log import cases_in
from leaklint.triage.page import page

ROOT = Path(__file__).parent.parent
PROJECTS = ROOT / "fixtures" / "projects"
MARK = re.compile(r"# triage: ([a-z ]+?)(?: (LKR\d+))?$")
Verdict = tuple[str, int, str, str]  # path, line, verdict, code


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    given = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT / "src"), "PATH": "", "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=given, capture_output=True, text=True, timeout=120, check=False
    )


def leak_report(folder: Path, *options: str) -> str:
    """Run a suite, which passes, and give what it prints."""
    done = run(folder, "pytest", "-q", "-p", "leaklint.runtime.plugin", *options, "--leaklint-report=leaks.json", "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def verdicts(folder: Path, *options: str) -> list[dict[str, object]]:
    done = run(folder, "leaklint", "triage", "leaks.json", "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    leaks: list[dict[str, object]] = json.loads(done.stdout)["leaks"]
    return leaks


def marked(folder: Path) -> set[Verdict]:
    found: set[Verdict] = set()
    for path in folder.rglob("*.py"):
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if mark := MARK.search(line):
                found.add((path.relative_to(folder).as_posix(), number, mark[1], mark[2] or ""))
    return found


def warned(folder: Path) -> Counter[str]:
    """Run the suite without us, and count the types in its summary of warnings, and in what the interpreter adds to it."""
    done = run(folder, "pytest", "-q", "tests")
    return Counter(case.leak.type for case in cases_in(done.stdout + done.stderr, folder))


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    folder = Path(shutil.copytree(PROJECTS / "triage_suite", tmp_path / "suite", ignore=ignored))
    leak_report(folder)
    return folder


def test_every_leak_gets_its_verdict(suite: Path) -> None:
    found = verdicts(suite)
    placed = {(one["path"], one["line"], one["verdict"], one["code"] or "") for one in found if one["path"]}
    assert placed == marked(suite)
    assert {one["verdict"] for one in found} == {AUTOMATIC, BY_HAND, THIRD_PARTY, INTENDED}
    foreign = Counter(
        (one["verdict"], leak["library"], leak["category"])
        for one in found
        if isinstance(leak := one["leak"], dict)
        if one["path"] is None
    )
    assert foreign == {(THIRD_PARTY, "radio", "socket"): 7, (THIRD_PARTY, "radio", "event loop"): 7}
    cached = "its clients are kept in a cache of the process: await litellm.close_litellm_async_clients() on the loop that"
    assert [str(one["cure"]) for one in found if one["path"] and one["verdict"] == THIRD_PARTY] == [
        f"{cached} used them, before it is closed"
    ] * 2


def test_the_report_at_the_end_says_the_same_in_short(suite: Path) -> None:
    told = leak_report(suite).partition("app/feeds.py")
    assert (told[1] + told[2]).splitlines()[:-1] == [
        "app/feeds.py:17 2 leaks from 2 tests: third party: await litellm.close_litellm_async_clients() on the loop that used "
        "them, before it is closed",
        "app/feeds.py:10 LKR401 1 leak from 1 test: fixable with leaklint fix --unsafe-fixes",
        "tests/conftest.py:10 LKR301 1 leak from 1 test: fixable with leaklint fix",
        "tests/test_feeds.py:15 LKR101 1 leak from 1 test: fixable with leaklint fix",
        "tests/test_feeds.py:24 1 leak from 1 test: to be fixed by hand (no finding there)",
        "radio: 14 leaks without a first-party line: third party",
        "what to do about each: leaklint triage leaks.json",
    ]


def test_filters_silence_what_third_parties_leak_and_no_more(suite: Path) -> None:
    before = warned(suite)
    assert before == {"radio.Link": 7, "UnixSelectorEventLoop": 7, "io.TextIOWrapper": 4, "litellm.Client": 2}
    foreign = Counter(
        leak["type"] for one in verdicts(suite) if one["verdict"] == THIRD_PARTY and isinstance(leak := one["leak"], dict)
    )
    settings = suite / "pyproject.toml"
    old = settings.read_text()
    told = run(suite, "leaklint", "triage", "leaks.json", "--write-filters")
    assert (told.stderr, told.returncode) == ("4 filters in pyproject.toml\n", 0)
    new = settings.read_text()
    assert [line for line in new.split("\n") if line not in old.split("\n")][1::2] == [
        r"    'ignore:unclosed <litellm\.Client\b:ResourceWarning',",
        r"    'ignore:unclosed <radio\.Link\b:ResourceWarning',",
        r"    'ignore:unclosed <socket\.socket fd=\d+, family=1, type=1, proto=0\b:ResourceWarning',",
        r"    'ignore:unclosed event loop <_UnixSelectorEventLoop\b:ResourceWarning:asyncio\.',",
    ]
    assert all(line in new.split("\n") for line in old.split("\n"))
    after = warned(suite)
    assert after == {"io.TextIOWrapper": 4}
    assert len(foreign) == len(before - after) and foreign.total() == (before - after).total()
    run(suite, "leaklint", "triage", "leaks.json", "--write-filters")
    assert settings.read_text() == new


def test_filters_hold_where_warnings_are_errors(suite: Path) -> None:
    settings = suite / "pyproject.toml"
    settings.write_text(settings.read_text().replace('"always::ResourceWarning",  # to see them all', '"error",'))
    assert "PytestUnraisableExceptionWarning" in run(suite, "pytest", "-q", "tests").stdout
    run(suite, "leaklint", "triage", "leaks.json", "--write-filters")
    strict = run(suite, "pytest", "-q", "tests").stdout
    assert "unclosed file" in strict
    assert not re.search(r"radio|litellm\.Client|event loop|socket", strict)


def test_the_leaky_suite_is_fixable_but_for_a_class_body_and_a_library(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PROJECTS / "leaky_suite", tmp_path / "suite"))
    leak_report(folder, "-p", "pytest_asyncio.plugin")
    found = verdicts(folder)
    assert Counter(one["verdict"] for one in found) == {AUTOMATIC: 28, BY_HAND: 1, THIRD_PARTY: 1}
    assert [leak["library"] for one in found if one["path"] is None and isinstance(leak := one["leak"], dict)] == ["ollama"]


def test_the_scattered_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(PROJECTS / "scattered_suite", tmp_path / "suite"))
    conftest = folder / "tests" / "conftest.py"
    conftest.write_text(conftest.read_text().replace('os.environ["SEED"]', "1"))
    leak_report(folder, "-p", "anyio.pytest_plugin")
    found = verdicts(folder)
    assert {str(one["path"]) for one in found if one["verdict"] == INTENDED} == {"tests/test_files.py", "tests/test_classes.py"}
    assert {one["verdict"] for one in found} == {AUTOMATIC, BY_HAND, INTENDED}
    assert all(one["code"] for one in found if one["verdict"] == AUTOMATIC)
    run(folder, "leaklint", "fix")
    leak_report(folder, "-p", "anyio.pytest_plugin")
    left = {
        (one["path"], one["leak"]["test"]) for one in found if one["verdict"] != AUTOMATIC and isinstance(one["leak"], dict)
    }
    after = verdicts(folder)
    assert {(one["path"], one["leak"]["test"]) for one in after if isinstance(one["leak"], dict)} == left


def test_leaks_are_written_to_the_baseline_and_pruned(suite: Path) -> None:
    done = run(suite, "leaklint", "triage", "leaks.json", "--write-baseline")
    assert done.stderr == "8 kinds of leaks in leaklint-baseline.json\n"
    entries = json.loads((suite / "leaklint-baseline.json").read_text())["leaks"]
    assert {"path": "", "category": "socket", "function": "radio", "expression": "radio.Link", "count": 1} in entries
    assert {
        "path": "tests/test_feeds.py",
        "category": "file",
        "function": "keep",
        "expression": "[open(name)]",
        "count": 1,
    } in entries
    content = json.loads((suite / "leaks.json").read_text())
    content["leaks"] = [one for one in content["leaks"] if one["path"]]
    (suite / "leaks.json").write_text(json.dumps(content))
    done = run(suite, "leaklint", "triage", "leaks.json", "--prune-baseline")
    assert done.stderr == "6 kinds of leaks in leaklint-baseline.json\n"


def test_trouble_is_one_line_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "leaks.json").write_text("{}")
    wrong = run(tmp_path, "leaklint", "triage", "leaks.json")
    assert wrong.stderr.startswith("leaklint: leaks.json: schema: expected 1, got None") and wrong.returncode == 2
    absent = run(tmp_path, "leaklint", "triage", "log.txt")
    assert (absent.stderr, absent.returncode) == ("leaklint: log.txt: cannot be read: No such file or directory\n", 2)
    (tmp_path / "log.txt").write_text("1 passed\n")
    assert run(tmp_path, "leaklint", "triage", "log.txt").stderr.startswith("note: no ResourceWarning in log.txt")


def test_a_log_with_allocations_is_judged(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import socket\n\n\ndef dial():\n    return socket.socket()\n\n\ndef use():\n    one = dial()\n    print(one)\n\n\n"
        "use()\nopen(__file__).read(1)\n"
    )
    command = [sys.executable, "-X", "tracemalloc=9", "-W", "always::ResourceWarning", "a.py"]
    log = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    (tmp_path / "log.txt").write_text(log)
    assert run(tmp_path, "leaklint", "triage", "log.txt").stdout.splitlines() == [
        "fix automatically: 2 leaks; run `leaklint fix`",
        "  a.py:14 LKR104 file: 1 leak",
        "  a.py:9 LKR101 socket: 1 leak",
    ]


# Filters


def judged(verdict: str, category: str, name: str, library: str | None = None, message: str = "", parts: str = "") -> Judged:
    frame = None if verdict == THIRD_PARTY else Frame("tests/test_a.py", 3, "test_a")
    frames = () if frame is None else (frame,)
    leak = Leak(category, name, frames, None, None, "function", "collected", True, library=library)
    return Judged(Case(leak, message), verdict, "its cure", frame)


def test_a_filter_that_meets_code_of_ours_is_refused() -> None:
    foreign = judged(THIRD_PARTY, "socket", "socket.socket", "lib")
    (written,), refused = filters_for([foreign])
    assert written.line == r"ignore:unclosed <socket\.socket\b:ResourceWarning" and not refused
    for verdict in (AUTOMATIC, BY_HAND, UNKNOWN):
        written_now, (one,) = filters_for([foreign, judged(verdict, "socket", "socket.socket")])
        assert not written_now
        assert one.reason == "would silence tests/test_a.py:3 as well: mend that first"
    assert filters_for([judged(INTENDED, "socket", "socket.socket")]) == ([], [])


def test_a_log_narrows_its_filters_to_the_address() -> None:
    def socket(verdict: str, port: int) -> Judged:
        text = f"unclosed <socket.socket fd=9, family=2, type=1, proto=6, laddr=('::1', 40000), raddr=('10.0.0.1', {port})>"
        return judged(verdict, "socket", "socket.socket", "lib", text)

    (written,), refused = filters_for([socket(THIRD_PARTY, 6379), socket(BY_HAND, 5432)])
    assert written.line == r"ignore:unclosed <socket\.socket\b.*raddr=.'10\.0\.0\.1', 6379:ResourceWarning"
    assert not refused
    assert re.match(written.message, socket(THIRD_PARTY, 6379).case.message)


def test_what_libraries_hide_is_written_as_it_must_be() -> None:
    found = {path.stem for path in paths() if hidden_in(path.stem) is not None}
    assert "litellm" in found


# The page


class Page(HTMLParser):
    """Gathers tags, and checks that they close."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_asks_nobody(suite: Path) -> None:
    run(suite, "leaklint", "triage", "leaks.json", "--html", "report.html")
    found = Page()
    found.feed((suite / "report.html").read_text())
    assert found.open == []
    assert found.tags["table"] == 3 and found.tags["caption"] == 3 and found.tags["section"] == 4
    assert found.tags["script"] == found.tags["link"] == found.tags["img"] == 0
    assert all(link.startswith("#") for link in found.links)
    assert "KEPT[name] = [open(name)]  # triage: fix by hand" in found.text
    assert "tests/test_feeds.py::test_kept" in found.text


def test_names_are_text_on_the_page() -> None:
    evil = "<script>alert(1)</script>\"'&"
    frame = Frame(f"{evil}.py", 1, evil)
    leak = Leak(evil, evil, (frame,), f"t::{evil}", evil, "function", "open", library=evil)
    found = Page()
    text = page([Judged(Case(leak, evil), BY_HAND, evil, frame)], evil, lambda _: evil)
    found.feed(text)
    assert found.open == [] and found.tags["script"] == 0 and "<script" not in text
    assert found.text.count("<script>alert(1)</script>") >= 8
