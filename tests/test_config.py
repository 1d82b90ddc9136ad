"""`[tool.leaklint]`: what is read, where from, and what is said where it is wrong."""

from pathlib import Path

import pytest

from leaklint.config import Config, ConfigError, catalogue_of, load_config


def configured(folder: Path, text: str) -> Config:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return load_config(folder)


def test_defaults_without_a_pyproject(tmp_path: Path) -> None:
    config = load_config(tmp_path)
    assert config.origin is None
    assert config.select == ("LKR",)


def test_every_key_is_read(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        """
[tool.leaklint]
select = ["LKR1"]
ignore = ["LKR103"]
extend-select = ["LKR9"]
exclude = ["generated", "src/old/*.py"]
src = ["lib"]
target-version = "py312"
release-methods = ["hang_up"]
[tool.leaklint.per-file-ignores]
"tests/*" = ["LKR1"]
[[tool.leaklint.resource]]
name = "mylib.Channel"
release = ["hang_up"]
[[tool.leaklint.summary]]
name = "mylib.dial"
acquires = "mylib.Channel"
""",
    )
    assert (config.select, config.ignore, config.extend_select) == (("LKR1",), ("LKR103",), ("LKR9",))
    assert config.exclude == ("generated", "src/old/*.py")
    assert config.src == (tmp_path / "lib",)
    assert config.target_version == (3, 12)
    assert config.per_file_ignores == (("tests/*", ("LKR1",)),)
    assert config.release_methods == ("hang_up",)
    assert catalogue_of(config).release_methods == {"hang_up"}
    channel = catalogue_of(config).resource("mylib.Channel")
    assert channel is not None
    assert channel.releases == {"hang_up"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('selct = ["LKR"]', "tool.leaklint.selct: unknown key; did you mean select?"),
        ('extend_select = ["LKR"]', "tool.leaklint.extend_select: unknown key; did you mean extend-select?"),
        ("frobnicate = 1", "tool.leaklint.frobnicate: unknown key; expected one of select, ignore"),
        ('select = "LKR"', "tool.leaklint.select: expected a list of code prefixes (strings), got 'LKR'"),
        ('select = ["E501"]', "tool.leaklint.select: 'E501' is no code: expected LKR and up to three digits"),
        ("ignore = [101]", "tool.leaklint.ignore: expected a list of code prefixes"),
        ('release-methods = "hang_up"', "tool.leaklint.release-methods: expected a list of names of methods (strings)"),
        ('release-methods = ["hang up"]', "tool.leaklint.release-methods: 'hang up' is no name of a method"),
        ("exclude = 3", "tool.leaklint.exclude: expected a list of file patterns"),
        ('src = "src"', "tool.leaklint.src: expected a list of directories"),
        ('target-version = "2.7"', 'tool.leaklint.target-version: expected a Python version such as "3.11"'),
        ("target-version = 3.11", "tool.leaklint.target-version: expected a Python version"),
        ('per-file-ignores = ["a.py"]', "tool.leaklint.per-file-ignores: expected a table such as"),
        ('per-file-ignores = {"a.py" = ["X"]}', "tool.leaklint.per-file-ignores.\"a.py\": 'X' is no code"),
        ("resource = 1", "tool.leaklint.resource: expected tables"),
        ('[[tool.leaklint.resource]]\nname = "a.B"\nrelase = ["close"]', "relase"),
        ("select = [", "not valid TOML"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, f"[tool.leaklint]\n{line}\n")
    message = str(caught.value)
    assert "pyproject.toml" in message
    assert said in message
    assert "\n" not in message


def test_the_nearest_pyproject_with_our_table_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.leaklint]\nignore = ["LKR103"]\n')
    inner, innermost = tmp_path / "inner", tmp_path / "inner" / "innermost"
    innermost.mkdir(parents=True)
    (inner / "pyproject.toml").write_text('[project]\nname = "inner"\n')
    module = innermost / "module.py"
    module.touch()
    assert load_config(module) is load_config(tmp_path)
    (innermost / "pyproject.toml").write_text("[tool.leaklint]\n")
    # read once a run: another directory, as the first answer is kept
    other = tmp_path / "other"
    other.mkdir()
    (other / "pyproject.toml").write_text("[tool.leaklint]\n")
    assert load_config(other).ignore == ()


def test_a_broken_pyproject_of_somebody_else_is_no_concern_of_ours(tmp_path: Path) -> None:
    assert configured(tmp_path, "[tool.black\n").origin is None


def test_requires_python_is_the_target(tmp_path: Path) -> None:
    assert configured(tmp_path, '[project]\nrequires-python = ">=3.9,<4"\n').target_version == (3, 9)


def test_advice_takes_a_prefix_of_its_own() -> None:
    root = Path.cwd()
    assert Config(root).is_selected("LKR101", "a.py")
    assert not Config(root).is_selected("LKR901", "a.py")
    assert Config(root, select=("LKR", "LKR9")).is_selected("LKR901", "a.py")
    assert Config(root, extend_select=("LKR901",)).is_selected("LKR901", "a.py")
    assert not Config(root, extend_select=("LKR901",)).is_selected("LKR902", "a.py")


def test_the_longest_prefix_wins_and_ignore_wins_a_draw() -> None:
    root = Path.cwd()
    assert not Config(root, ignore=("LKR1",)).is_selected("LKR101", "a.py")
    assert Config(root, ignore=("LKR1",), extend_select=("LKR101",)).is_selected("LKR101", "a.py")
    assert not Config(root, ignore=("LKR101",), extend_select=("LKR101",)).is_selected("LKR101", "a.py")
    assert not Config(root, select=("LKR2",)).is_selected("LKR101", "a.py")


@pytest.mark.parametrize(
    ("pattern", "path", "is_ignored"),
    [
        ("tests/*", "tests/unit/test_a.py", True),
        ("tests", "tests/unit/test_a.py", True),
        ("tests", "package/tests/test_a.py", True),
        ("tests/", "tests/test_a.py", True),
        ("tests/*", "package/tests/test_a.py", False),
        ("test_*.py", "deep/down/test_a.py", True),
        ("./a.py", "a.py", True),
        ("./a.py", "b/a.py", False),
        ("tests", "contests/a.py", False),
    ],
)
def test_per_file_ignores(tmp_path: Path, pattern: str, path: str, is_ignored: bool) -> None:
    config = Config(tmp_path, per_file_ignores=((pattern, ("LKR1",)),))
    assert config.is_selected("LKR101", tmp_path / path) is not is_ignored
    assert config.is_selected("LKR201", tmp_path / path)
