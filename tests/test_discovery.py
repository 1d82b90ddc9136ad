"""Which files are taken."""

import os
from pathlib import Path

import pytest

from leaklint.config import load_config
from leaklint.discovery import Discovery, discover


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "a.py",
        "b.txt",
        "stub.pyi",
        "book.ipynb",
        "package/c.py",
        "package/generated/d.py",
        ".venv/lib/e.py",
        "build/f.py",
        "env/pyvenv.cfg",
        "env/lib/g.py",
        "node_modules/x/h.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def found(*paths: str, exclude: tuple[str, ...] = (), force_exclude: bool = False) -> list[str]:
    return [*looked(*paths, exclude=exclude, force_exclude=force_exclude).files]


def looked(*paths: str, exclude: tuple[str, ...] = (), force_exclude: bool = False) -> Discovery:
    return discover(paths, load_config, exclude, force_exclude)


@pytest.mark.usefixtures("tree")
def test_python_files_without_the_usual_clutter() -> None:
    discovery = looked(".")
    assert [*discovery.files] == ["a.py", "package/c.py", "package/generated/d.py"]
    assert discovery.notebooks == 1
    assert not discovery.troubles


@pytest.mark.usefixtures("tree")
def test_what_is_named_is_taken() -> None:
    assert found("build/f.py", "b.txt") == ["build/f.py", "b.txt"]
    assert found(".venv") == [".venv/lib/e.py"]
    assert found("env") == ["env/lib/g.py"]
    assert found("build/f.py", force_exclude=True) == []
    assert found("a.py", "./a.py", "package", "package/c.py") == ["a.py", "package/c.py", "package/generated/d.py"]


def test_patterns(tree: Path) -> None:
    assert found(".", exclude=("generated",)) == ["a.py", "package/c.py"]
    assert found(".", exclude=("c.*",)) == ["a.py", "package/generated/d.py"]
    assert found(".", exclude=(f"{tree}/package",)) == ["a.py"]


def test_configured_patterns_are_relative_to_their_file(tree: Path) -> None:
    (tree / "pyproject.toml").write_text('[tool.leaklint]\nexclude = ["package/generated", "./a.py"]\n')
    assert found(".") == ["package/c.py"]
    assert found(str(tree)) == [str(tree / "package/c.py")]
    assert found("a.py", force_exclude=True) == []


def test_each_file_has_its_own_configuration(tree: Path) -> None:
    (tree / "pyproject.toml").write_text('[tool.leaklint]\nignore = ["LKR1"]\n')
    (tree / "package" / "pyproject.toml").write_text('[tool.leaklint]\nignore = ["LKR2"]\n')
    files = looked(".").files
    assert files["a.py"].ignore == ("LKR1",)
    assert files["package/c.py"].ignore == ("LKR2",)
    assert files["package/generated/d.py"] is files["package/c.py"]


def test_gitignore(tree: Path) -> None:
    (tree / ".git").mkdir()
    (tree / ".gitignore").write_text("generated/\n/a.py\n*.tmp.py\n!keep.tmp.py\n")
    (tree / "package" / ".gitignore").write_text("/c.py\n")
    (tree / "x.tmp.py").touch()
    (tree / "keep.tmp.py").touch()
    assert found(".") == ["keep.tmp.py"]
    assert found("package") == []
    assert found("package/generated") == ["package/generated/d.py"]  # named, though ignored
    assert found("a.py") == ["a.py"]
    assert found("a.py", "package/c.py", force_exclude=True) == []


def test_trouble_is_told_and_passed_by(tree: Path) -> None:
    (tree / "loop.py").symlink_to("loop.py")
    (tree / "folder").symlink_to(".", target_is_directory=True)
    (tree / ".#lock.py").symlink_to("nobody@nowhere")
    discovery = looked(".", "missing.py")
    assert [*discovery.files] == ["a.py", "package/c.py", "package/generated/d.py"]
    assert len(discovery.troubles) == 2
    assert discovery.troubles[0].startswith("loop.py: cannot be read: ")
    assert discovery.troubles[1] == "missing.py: no such file or directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_directory(tree: Path) -> None:
    (tree / "package").chmod(0)
    try:
        discovery = looked(".")
    finally:
        (tree / "package").chmod(0o755)
    assert discovery.troubles == ["package: cannot be read: Permission denied"]
    assert [*discovery.files] == ["a.py"]
