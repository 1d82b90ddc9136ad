"""What leaklint costs, as ratios of CPU time measured side by side on real files.

    python tests/benchmarks/cost.py                 # 1,000 files of the standard library and the site-packages: minutes
    python tests/benchmarks/cost.py --skip-flake8   # without the runs that take long

Two commands that are compared run in turn, several times; a figure is the median of the ratios of the pairs. CPU time
is that of a process and its children, so other work on the machine counts for little. The files are copied to a scratch
directory without configuration. flake8 and leaklint run from compiled modules, as they do where they are installed;
flake8 runs once with the plugin beside it and once without.
"""

import argparse
import compileall
import gc
import importlib.metadata
import os
import random
import resource
import shutil
import site
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leaklint.config import load_config
from leaklint.engine import Project, lint
from leaklint.model.source import SourceError, parse, read

FLAKE8 = ("flake8", "mccabe", "pycodestyle", "pyflakes")
LEAKLINT = ("click", "pathspec", "rich")  # besides the package itself
LARGEST = 400_000  # bytes; a few generated files would otherwise decide everything


@dataclass(frozen=True, slots=True)
class Command:
    """A command to measure, and the directory from which Python takes its packages besides the usual ones."""

    arguments: tuple[str, ...]
    packages: Path | None = None

    def on(self, path: Path) -> "Command":
        """Give the command with a path to work on."""
        return Command((*self.arguments, str(path)), self.packages)

    def cost(self) -> float:
        """Give the CPU seconds that the command and its children take."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        if self.packages:
            environment["PYTHONPATH"] = str(self.packages)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(self.arguments, env=environment, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in (0, 1) or "Traceback" in done.stderr:
            sys.exit(f"{' '.join(self.arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=3, help="how often two commands are compared")
    parser.add_argument("--seed", type=int, default=1, help="which files are chosen")
    parser.add_argument("--skip-flake8", action="store_true", help="only what takes seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leaklint-cost-") as scratch:
        folder = Path(scratch)
        chosen = copied(options.files, options.seed, folder / "code")
        lines = sum(path.read_bytes().count(b"\n") for path in chosen)
        print(f"{len(chosen)} files, {lines} lines, Python {sys.version.split()[0]}", flush=True)
        check, flake8, plugged = installed(folder)
        report_share(chosen, lines)
        report_growth()
        report_small(folder, check, flake8, plugged, options.pairs)
        report_ruff(folder / "code", check, options.pairs)
        if not options.skip_flake8:
            report_flake8(folder / "code", check, flake8, plugged, options.pairs)


def copied(count: int, seed: int, target: Path) -> list[Path]:
    """Copy a random sample of real files that parse, and give their copies."""
    roots = [Path(sysconfig.get_path("stdlib")), *(Path(path) for path in site.getsitepackages())]
    paths = sorted({path for root in roots for path in root.rglob("*.py") if path.stat().st_size < LARGEST})
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


def installed(folder: Path) -> tuple[Command, Command, Command]:
    """Lay out packages, and give the commands `leaklint check`, flake8 without the plugin, and flake8 with it."""
    bare, full = folder / "bare", folder / "full"
    for target, names in ((bare, FLAKE8), (full, FLAKE8 + LEAKLINT)):
        target.mkdir()
        for name in names:
            place(importlib.metadata.distribution(name), target)
    shutil.copytree(Path(__file__).parents[2] / "src" / "leaklint", full / "leaklint")
    metadata = full / "flake8_leaklint-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: flake8-leaklint\nVersion: 0\n")
    (metadata / "entry_points.txt").write_text("[flake8.extension]\nLKR = leaklint.plugin:Plugin\n")
    compileall.compile_dir(folder, quiet=1)
    python = (sys.executable, "-S", "-m")  # -S: of what is installed, only what is laid out here
    flake8 = (*python, "flake8", "--isolated", "--exit-zero", "--quiet", "--quiet")
    return Command((*python, "leaklint", "check"), full), Command(flake8, bare), Command(flake8, full)


def place(distribution: importlib.metadata.Distribution, target: Path) -> None:
    """Copy the modules and the metadata of an installed distribution."""
    for file in distribution.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            copy = target / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), copy)


def report_share(paths: list[Path], lines: int) -> None:
    """Print what parsing and linting take in this process."""
    texts = [(str(path), read(path).text) for path in paths]
    parsing = used(lambda: [parse(name, text) for name, text in texts])
    sources = [parse(name, text) for name, text in texts]
    project = Project(load_config(paths[0]))
    linting = used(lambda: [lint(source, project) for source in sources])
    print(f"in process: parse {parsing:.2f} s ({parsing / lines * 1e6:.1f} us/line)")
    print(f"in process: lint  {linting:.2f} s ({linting / lines * 1e6:.1f} us/line), {linting / parsing:.2f} of the parse")


def report_growth() -> None:
    """Print how the cost of one function grows with its length."""
    project = Project(load_config(Path(tempfile.gettempdir())))
    short, long = growth(5000, 100, project), growth(10_000, 200, project)
    print(f"one function: 5,000 statements, 100 resources {short:.2f} s; 10,000 and 200 {long:.2f} s")
    print_ratio("twice the function", long / short, 2.2)


def report_small(folder: Path, check: Command, flake8: Command, plugged: Command, pairs: int) -> None:
    """Print what one file takes: one that leaks, and one of the same length in which nothing is opened."""
    leak = "def first(path):\n    file = open(path)\n    return file.readline()\n"
    for what, text in (("leaks", leak), ("opens nothing", leak.replace("open(path)", "path"))):
        small = folder / "small.py"
        small.write_text(text * 30)
        for peer, name in ((flake8, "flake8"), (plugged, "flake8 with the plugin")):
            ratio = compared(check.on(small), peer.on(small), pairs * 5)
            print_ratio(f"one file that {what}: check / {name}", ratio, 0.4)


def report_ruff(code: Path, check: Command, pairs: int) -> None:
    """Print a whole run beside ruff's."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff is None:
        print("no ruff here")
        return
    options = ("check", "--select", "SIM115", "--no-cache", "--isolated", "--exit-zero", "--silent")
    ratio = compared(two(check).on(code), Command((ruff, *options)).on(code), pairs + 2)
    print_ratio("check -j2 / ruff SIM115", ratio, 12)


def report_flake8(code: Path, check: Command, flake8: Command, plugged: Command, pairs: int) -> None:
    """Print whole runs beside flake8's, and what the plugin adds to one."""
    checks, bares, added = [], [], []
    for _ in range(pairs):
        checks.append(two(check).on(code).cost())
        bares.append(flake8.on(code).cost())
        added.append(plugged.on(code).cost() / bares[-1])
    print(f"check -j2 {statistics.median(checks):.2f} s, flake8 {statistics.median(bares):.2f} s")
    ratios = [check / bare for check, bare in zip(checks, bares, strict=True)]
    print_ratio("check -j2 / flake8", statistics.median(ratios), 0.125)
    print_ratio("flake8 with the plugin / flake8", statistics.median(added), 1.10)


def two(check: Command) -> Command:
    """Give the command with two processes."""
    return Command((*check.arguments, "--jobs", "2"), check.packages)


def compared(one: Command, other: Command, pairs: int) -> float:
    """Run two commands in turn and give the median of the ratios of their costs."""
    return statistics.median(one.cost() / other.cost() for _ in range(pairs))


def print_ratio(what: str, ratio: float, aim: float) -> None:
    """Print a ratio and what it is to be."""
    print(f"{what:54} {ratio:7.3f}  (aim: at most {aim:g})", flush=True)


def growth(statements: int, resources: int, project: Project) -> float:
    """Give the CPU seconds for linting one function."""
    source = parse("huge.py", huge(statements, resources))
    return used(lambda: lint(source, project))


def huge(statements: int, resources: int) -> str:
    """Write a function with branches, loops and calls in which resources are opened and closed."""
    body: list[str] = ["def huge(a, b):"]
    for number in range(resources):
        body.append(f"    f{number} = open(a)")
        for inner in range(0, statements // resources - 4, 4):
            body += [f"    if b({inner}):", f"        a = f{number}.read()", "    for b in a:", "        print(b, a)"]
        body.append(f"    f{number}.close()")
    return "\n".join(body) + "\n"


def used(work: Callable[[], object]) -> float:
    """Give the CPU seconds that this process takes for some work, without collections, as `leaklint check` works."""
    gc.collect()
    gc.disable()
    start = time.process_time()
    work()
    took = time.process_time() - start
    gc.enable()
    return took


if __name__ == "__main__":
    main()
