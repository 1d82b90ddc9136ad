"""The walk of the README through a suite that leaks: its commands print what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
SECONDS = re.compile(r"in \d+\.\d\ds\b")
SKIPPED = "..."


def steps() -> list[tuple[str, list[str]]]:
    """Give the commands of the README, each with the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for block in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def printed(command: str, folder: Path) -> list[str]:
    """Run a command and give what it prints."""
    name, *arguments = command.split()
    program = {"python": [], "leaklint": ["-m", "leaklint"]}[name]
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "src"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "-p leaklint.runtime.plugin -p pytest_asyncio.plugin -p no:cacheprovider",
    }
    done = subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=folder,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return [SECONDS.sub("in 0s", line) for line in done.stdout.splitlines()]


def is_shown(lines: list[str], shown: list[str]) -> bool:
    """Say whether lines are what is shown of them."""
    expression = "".join(r"(?:.*\n)*?" if line == SKIPPED else re.escape(SECONDS.sub("in 0s", line)) + r"\n" for line in shown)
    return re.fullmatch(expression, "".join(f"{line}\n" for line in lines)) is not None


def test_the_walk_prints_what_the_readme_says(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "fixtures" / "projects" / "leaky_suite", tmp_path / "suite"))
    walk = steps()
    assert len(walk) >= 7
    for command, shown in walk:
        lines = printed(command, folder)
        assert is_shown(lines, shown), "\n".join([command, *lines])
