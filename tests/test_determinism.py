"""Messages depend on the text alone, not on the order of sets, which hangs on where objects lie in memory."""

from pathlib import Path

from leaklint.config import load_config
from leaklint.engine import Project, lint
from leaklint.model.source import parse

FACTORY = """
def make{0}(path, is_packed):
    if is_packed:
        file = gzip.open(path)
    else:
        file = open(path)
    return {1}


def use{0}(path, is_packed):
    {2} = make{0}(path, is_packed)
    print(file.read())
    file.close()
"""
SHAPES = (("file", "file"), ("csv.writer(file), file", "writer, file"), ("[file]", "[file]"))


def test_runs_in_other_corners_of_memory_say_the_same(tmp_path: Path) -> None:
    made = [FACTORY.format(number, *SHAPES[number % 3]) for number in range(24)]
    text = "import csv\nimport gzip\n" + "".join(made)
    project = Project(load_config(tmp_path))
    told: set[tuple[str, ...]] = set()
    crowd: list[object] = []
    for run in range(8):
        crowd += [[object()] * size for size in range(run * 37)]
        told.add(tuple(found.message for found in lint(parse(str(tmp_path / "module.py"), text), project)))
        project = Project(load_config(tmp_path))
        del crowd[::3]
    assert len(told) == 1
    assert any("gzip.GzipFile" in message for message in told.pop())
