"""What leaklint costs, as ratios of CPU time measured side by side on real files.

    python tests/benchmarks/cost.py                 # 1,000 files of the standard library and the site-packages
    python tests/benchmarks/cost.py --files 3000 --repeat 3

CPU time is that of a process and its children. Every figure is the smallest of `--repeat` runs, so that other work on
the machine counts for little. The files are copied to a scratch directory without configuration.
"""

import argparse
import ast
import random
import resource
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from leaklint.config import load_config
from leaklint.engine import Project, lint
from leaklint.model.source import SourceError, parse, read

FLAKE8 = (sys.executable, "-m", "flake8", "--isolated", "--exit-zero", "--quiet", "--quiet")
CHECK = (sys.executable, "-m", "leaklint", "check")
RUFF = ("ruff", "check", "--select", "SIM115", "--no-cache", "--isolated", "--exit-zero", "--silent")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip-flake8", action="store_true", help="only what takes seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leaklint-cost-") as scratch:
        folder = Path(scratch)
        chosen = copied(options.files, options.seed, folder / "code")
        lines = sum(path.read_bytes().count(b"\n") for path in chosen)
        print(f"{len(chosen)} files, {lines} lines")
        report_share(chosen, lines)
        report_runs(folder / "code", options.repeat, options.skip_flake8)
        report_small(folder, options.repeat)
        report_growth()


def copied(count: int, seed: int, target: Path) -> list[Path]:
    """Copy a random sample of real files that parse, and give their copies."""
    roots = [Path(sysconfig.get_path("stdlib")), *(Path(path) for path in site.getsitepackages())]
    found = {path for root in roots for path in root.rglob("*.py") if path.stat().st_size < 400_000}
    paths = sorted(found)
    random.Random(seed).shuffle(paths)
    target.mkdir()
    chosen: list[Path] = []
    for path in paths:
        if len(chosen) == count:
            break
        try:
            read(path)
        except SourceError:
            continue
        copy = target / f"{len(chosen):05}_{path.name}"
        shutil.copyfile(path, copy)
        chosen.append(copy)
    return chosen


def report_share(paths: list[Path], lines: int) -> None:
    """Print what parsing and linting take in this process, per line and beside each other."""
    project = Project(load_config(paths[0]))
    texts = [(str(path), read(path).text) for path in paths]
    parsing = used(lambda: [ast.parse(text) for _, text in texts])
    sources = [parse(name, text) for name, text in texts]
    for what in ("lint, in process", "lint, once more"):
        took = used(lambda: [lint(source, project) for source in sources])
        print(f"{what:23} {took:8.2f} s  {took / lines * 1e6:6.1f} us/line  {took / parsing:.2f} x ast.parse")
    print(f"ast.parse               {parsing:8.2f} s  {parsing / lines * 1e6:6.1f} us/line")


def report_runs(folder: Path, repeat: int, skip_flake8: bool) -> None:
    """Print whole runs: leaklint check, ruff, and flake8 with and without the plugin."""
    check = least(lambda: run([*CHECK, "--jobs", "2", str(folder)]), repeat)
    print(f"leaklint check --jobs 2 {check:8.2f} s")
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff:
        peer = least(lambda: run([ruff, *RUFF[1:], str(folder)]), repeat)
        print(f"ruff SIM115             {peer:8.2f} s   check / ruff = {check / peer:.1f}    (aim: at most 12)")
    if skip_flake8:
        return
    # flake8 runs a plugin whatever is selected; ours lies still where its prefix cannot be
    without = least(lambda: run([*FLAKE8, "--select=E,F,W,C90", str(folder)]), repeat)
    plugin = least(lambda: run([*FLAKE8, "--select=E,F,W,C90,LKR", str(folder)]), repeat)
    print(f"flake8                  {without:8.2f} s   check / flake8 = {check / without:.3f}  (aim: at most 0.125)")
    print(f"flake8 with the plugin  {plugin:8.2f} s   added {plugin / without - 1:.1%}  (aim: at most 10 %)")


def report_small(folder: Path, repeat: int) -> None:
    """Print what one file takes, a tiny one and one of the usual length."""
    tiny = "def first(path):\n    file = open(path)\n    return file.readline()\n"
    for lines in (3, 300):
        small = folder / "small.py"
        small.write_text(tiny * (lines // 3))
        check = least(lambda: run([*CHECK, str(folder / "small.py")]), repeat + 3)
        flake8 = least(lambda: run([*FLAKE8, str(folder / "small.py")]), repeat + 3)
        print(
            f"one file of {lines:3} lines   {check:8.3f} s   check / flake8 = {check / flake8:.2f}  (aim: at most 0.4)"
        )


def report_growth() -> None:
    """Print how the cost of one function grows with its length: linear is a steady number of us per statement."""
    project = Project(load_config(Path(tempfile.gettempdir())))
    for statements in (1250, 2500, 5000, 10_000):
        resources = statements // 50
        took = growth(statements, resources, project)
        each = took / statements * 1e6
        print(f"one function of {statements:6} statements, {resources:3} resources: {took:6.2f} s, {each:6.0f} us each")


def growth(statements: int, resources: int, project: Project) -> float:
    """Give the CPU seconds for linting one function."""
    source = parse("huge.py", huge(statements, resources))
    return used(lambda: lint(source, project))


def huge(statements: int, resources: int) -> str:
    """Write a function with branches, loops and calls in which resources are opened and closed."""
    body: list[str] = ["def huge(a, b):"]
    step = max(1, statements // resources)
    for number in range(resources):
        body.append(f"    f{number} = open(a)")
        for inner in range(0, step - 4, 4):
            body += [f"    if b({inner}):", f"        a = f{number}.read()", "    for b in a:", "        print(b, a)"]
        body.append(f"    f{number}.close()")
    return "\n".join(body) + "\n"


def used(work: Callable[[], object]) -> float:
    """Give the CPU seconds that this process takes for some work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def run(command: list[str]) -> float:
    """Give the CPU seconds that a command and its children take."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def least(measure: Callable[[], float], repeat: int) -> float:
    """Give the smallest of some measurements."""
    return min(measure() for _ in range(repeat))


if __name__ == "__main__":
    main()
