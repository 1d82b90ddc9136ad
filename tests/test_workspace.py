"""Imports over the modules of a project: which file a name leads to, and what is known of it there."""

import os
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.analysis.files import find_module, module_name
from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.model.source import read

Tree = Callable[[dict[str, str]], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Write files by their paths; give the directory."""

    def write(files: dict[str, str]) -> Path:
        for name, text in {"pyproject.toml": "", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def findings(root: Path, name: str, src: tuple[Path, ...] = ()) -> list[tuple[int, str]]:
    """Lint one file of a tree: line and code of every finding."""
    project = Project(Config(root, src=src))
    return [(one.span.line, one.code) for one in lint(read(root / name), project)]


MAKE = "def make(p):\n    return open(p)\n"
CONDITIONAL = "try:\n    from fast import make\nexcept ImportError:\n    from slow import make\n"
BUILD = MAKE.replace("make", "build")
USE = "from {0} import make\n\ndef use(p):\n    x = make(p)\n    return x.read()\n"
LEAK = [(4, "LKR101")]
LAYOUTS = {
    "flat": ({"app.py": MAKE, "use.py": USE.format("app")}, "use.py"),
    "package": ({"app/__init__.py": "", "app/io.py": MAKE, "use.py": USE.format("app.io")}, "use.py"),
    "namespace": ({"app/io.py": MAKE, "use.py": USE.format("app.io")}, "use.py"),
    "src": ({"src/app/__init__.py": MAKE, "tests/test_use.py": USE.format("app")}, "tests/test_use.py"),
    "relative": ({"app/__init__.py": "", "app/a.py": MAKE, "app/use.py": USE.format(".a")}, "app/use.py"),
    "two dots": ({"app/__init__.py": MAKE, "app/b/__init__.py": "", "app/b/use.py": USE.format("..")}, "app/b/use.py"),
    "re-export": ({"app/__init__.py": "from .a import make", "app/a.py": MAKE, "use.py": USE.format("app")}, "use.py"),
    "renamed": (
        {"app/__init__.py": "from .a import build as make", "app/a.py": BUILD, "use.py": USE.format("app")},
        "use.py",
    ),
    "star": ({"app/__init__.py": "from .a import *", "app/a.py": MAKE, "use.py": USE.format("app")}, "use.py"),
    "conditional": ({"app.py": CONDITIONAL, "slow.py": MAKE, "fast.py": MAKE, "use.py": USE.format("app")}, "use.py"),
    "grouped": ({"app.py": "from a import (  # why\n    make,\n)\n", "a.py": MAKE, "use.py": USE.format("app")}, "use.py"),
    "sibling of a test": ({"tests/helpers.py": MAKE, "tests/test_use.py": USE.format("helpers")}, "tests/test_use.py"),
    "conftest": ({"tests/conftest.py": MAKE, "tests/unit/test_use.py": USE.format("conftest")}, "tests/unit/test_use.py"),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_imports_lead_to_the_opener(layout: str, tree: Tree) -> None:
    files, name = LAYOUTS[layout]
    assert findings(tree(files), name) == LEAK


def test_a_configured_source_directory_comes_first(tree: Tree) -> None:
    root = tree({"python/app.py": MAKE, "tests/test_use.py": USE.format("app")})
    assert findings(root, "tests/test_use.py") == []
    assert findings(root, "tests/test_use.py", (root / "python",)) == LEAK


def test_another_project_is_not_searched(tree: Tree) -> None:
    root = tree({"app.py": MAKE, "inner/pyproject.toml": "", "inner/use.py": USE.format("app")})
    assert findings(root, "inner/use.py") == []


def test_circles_of_imports_end(tree: Tree) -> None:
    files = {"a.py": "from b import make\n", "b.py": "from a import make\n", "use.py": USE.format("a")}
    assert findings(tree(files), "use.py") == []


def test_functions_that_call_each_other_are_the_same_from_either_side(tree: Tree) -> None:
    one = "def one(p):\n    x = a.make(p)\n    return x.read()\n"
    two = "def two(p):\n    x = b.build(p)\n    return x.read()\n"
    files = {
        "a.py": "import b\ndef make(p):\n    return b.build(p)\n",
        "b.py": "import a\ndef build(p):\n    if not p:\n        return a.make('x')\n    return open(p)\n",
        "use.py": f"import a, b\n\n{one}\n{two}",
        "again.py": f"import a, b\n\n{two}\n{one}",
    }
    root = tree(files)
    assert findings(root, "use.py") == findings(root, "again.py") == [(4, "LKR101"), (8, "LKR101")]


def test_a_rewritten_module_is_read_anew(tree: Tree) -> None:
    root = tree({"app.py": MAKE, "use.py": USE.format("app")})
    project = Project(Config(root))
    assert len(lint(read(root / "use.py"), project)) == 1
    (root / "app.py").write_text("def make(p):\n    return p\n", encoding="utf-8")
    assert lint(read(root / "app.py"), project) == []
    assert lint(read(root / "use.py"), project) == []


def test_many_classes_of_one_name_cost_little(tree: Tree) -> None:
    classes = "".join(f"def t{n}():\n    class A(B):\n        x = open\n    class B(A):\n        y = A\n" for n in range(300))
    root = tree({"many.py": classes + "class A(B): pass\nclass B(A): pass\n", "use.py": "from many import A, B\nA()\nB()\n"})
    start = time.process_time()
    findings(root, "use.py")
    assert time.process_time() - start < 5


def test_module_names_and_paths(tree: Tree) -> None:
    root = tree({"src/app/__init__.py": "", "src/app/core/__init__.py": "", "src/app/core/io.py": ""})
    path = str(root / "src" / "app" / "core" / "io.py")
    assert module_name(path) == "app.core.io"
    assert module_name(os.path.join(os.path.dirname(path), "__init__.py")) == "app.core"
    assert find_module("app.core.io.Thing.method", path) == (path, ("Thing", "method"))
    assert find_module("..core.io", path) == (path, ())
    assert find_module("nowhere.at.all", path) is None


def test_a_class_outlives_the_tree_of_its_base(tree: Tree) -> None:
    """The trees last asked for are kept; a base's constructor is solved again after its tree was let go."""
    base = """
        class Base:
            def __init__(self, path, *, is_open=True):
                self.file = open(path) if is_open else None

            def close(self):
                if self.file:
                    self.file.close()
        """
    use = [
        "from base import Base",
        *(f"from m{n} import make{n}" for n in range(250)),
        "class Mine(Base): ...",
        "def first(path):",
    ]
    use += ["    one = Mine(path, is_open=True)", "    return one.file.read()"]
    use += ["def between(path):", *(f"    make{n}(path).close()" for n in range(250))]
    use += ["def second(path):", "    return Mine(path, is_open=False).file"]
    files = {f"m{n}.py": f"def make{n}(path):\n    return open(path)\n" for n in range(250)}
    root = tree({**files, "base.py": textwrap.dedent(base), "use.py": "\n".join(use) + "\n"})
    assert findings(root, "use.py") == [(use.index("    one = Mine(path, is_open=True)") + 1, "LKR101")]
