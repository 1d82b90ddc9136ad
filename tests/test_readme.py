"""The README is right about the rules and the commands; run as a script, this writes the table of rules into it."""

import re
import shlex
from pathlib import Path

import click
import pytest

from leaklint.cli import main
from leaklint.config import load_config
from leaklint.rules.pages import PAGES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TABLE = re.compile(r"(?<=writes this table -->\n).*?(?=<!-- end of rules -->)", re.DOTALL)


def table() -> str:
    """Give the table of rules in Markdown."""
    rows = [f"| {page.code} | {page.name} | {cell(page.summary)} | {cell(page.fix)} |\n" for page in PAGES]
    return "".join(["| code | name | what is wrong | fix |\n", "|---|---|---|---|\n", *rows])


def cell(text: str) -> str:
    """Give text that a cell of a table can hold."""
    return " ".join(text.split()).replace("|", "\\|")


def test_the_table_of_rules_is_current() -> None:
    found = TABLE.search(README.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == table(), "run `python tests/test_readme.py`"


def test_ci_runs_the_command_of_the_readme() -> None:
    (command,) = re.findall(r"^python3 .*pytest$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_configuration_of_the_readme_is_valid(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "pyproject.toml").write_text("".join(blocks), encoding="utf-8")
    assert load_config(tmp_path).ignore == ("LKR103",)


@pytest.mark.parametrize("command", re.findall(r"`leaklint ([a-z]+ [^`]*)`", README.read_text(encoding="utf-8")))
def test_every_command_of_the_readme_parses(command: str) -> None:
    name, *arguments = shlex.split(command)
    subcommand = main.get_command(click.Context(main), name)
    assert subcommand is not None
    subcommand.make_context(name, arguments)


if __name__ == "__main__":
    README.write_text(TABLE.sub(lambda _: table(), README.read_text(encoding="utf-8")), encoding="utf-8")
