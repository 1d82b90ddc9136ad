"""The examples in each rule's docstring are true: Bad is found, Good is silent, the fix leads from one to the other."""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from leaklint.engine import Project, lint
from leaklint.fixing import fix_source
from leaklint.model.finding import Finding
from leaklint.model.fix import Applicability
from leaklint.model.rule import RulePage
from leaklint.model.source import Source, parse
from leaklint.rules.pages import PAGES, RULES

Marks = Callable[[str], list[tuple[int, str]]]
HEADING = re.compile(r"^(Why|Bad|Good|Fix):[ \t]*", re.MULTILINE)
MARK = re.compile(r"  # (LKR\d{3})$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """One pair of a docstring."""

    code: str
    bad: str
    good: str
    has_fix: bool
    is_unsafe: bool  # its fix is

    @property
    def marked(self) -> list[tuple[int, str]]:
        """The marks of Bad, as findings."""
        lines = enumerate(self.bad.split("\n"), 1)
        return [(number, code) for number, line in lines for code in MARK.findall(line)]


def sections(page: RulePage) -> list[tuple[str, str]]:
    """Give the headings of a docstring, each with its text."""
    parts = HEADING.split(page.documentation)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def examples(page: RulePage) -> list[Example]:
    """Give the pairs of Bad and Good."""
    texts = {name: [code(text) for title, text in sections(page) if title == name] for name in ("Bad", "Good")}
    pairs = zip(texts["Bad"], texts["Good"], strict=True)
    has_fix, is_unsafe = not page.fix.startswith("none"), page.fix.startswith("unsafe")
    return [Example(page.code, bad, good, has_fix, is_unsafe) for bad, good in pairs]


def code(text: str) -> str:
    """Take the indentation off a block of code."""
    return textwrap.dedent(text.strip("\n")).rstrip() + "\n"


EXAMPLES = [example for page in PAGES for example in examples(page)]


def wanted(code: str) -> Callable[[Finding, Source], bool]:
    """Fix what a rule finds; without advice, unless the rule gives it."""
    return lambda finding, _: finding.code.startswith("LKR9") == code.startswith("LKR9")


def test_every_rule_has_a_page() -> None:
    assert [page.code for page in PAGES] == [rule.code for rule in RULES] == sorted({rule.code for rule in RULES})
    assert len({page.name for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_a_page_has_its_headings_in_order(page: RulePage) -> None:
    titles = [title for title, _ in sections(page)]
    pairs = titles.count("Bad")
    assert 1 <= pairs <= 2
    assert titles == ["Why", *["Bad", "Good"] * pairs, "Fix"]
    summary, rest = page.documentation.split("\n", 1)
    assert summary.endswith(".")
    assert rest.startswith("\nWhy: ")
    assert all(text.strip() for _, text in sections(page))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.code)
def test_bad_gives_its_marks_and_good_is_silent(example: Example, marks: Marks, advice: Marks) -> None:
    assert {found for _, found in example.marked} == {example.code}
    found = advice if example.code.startswith("LKR9") else marks
    assert found(example.bad) == example.marked
    assert found(example.good) == []


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.has_fix], ids=lambda example: example.code)
def test_the_fix_leads_from_bad_to_good(example: Example, shipped: Project) -> None:
    source = parse("example.py", MARK.sub("", example.bad))
    result = fix_source(source, shipped, wanted(example.code), unsafe=example.is_unsafe)
    assert result.text == example.good
    if example.is_unsafe:
        assert fix_source(source, shipped, wanted(example.code), unsafe=False).text == source.text


@pytest.mark.parametrize("example", [one for one in EXAMPLES if not one.has_fix], ids=lambda example: example.code)
def test_a_rule_without_a_fix_offers_none(example: Example, shipped: Project) -> None:
    fixes = [finding.fix for finding in lint(parse("example.py", example.bad), shipped) if finding.code == example.code]
    assert all(fix is None or fix.applicability is Applicability.UNSAFE for fix in fixes)
