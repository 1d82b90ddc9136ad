"""What opens under another name: a partial that is called, a function that `map` calls, the default of a parameter."""

import textwrap
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.model.source import read

HEAD = """
import functools
import socket
from contextlib import ExitStack
from functools import partial
from subprocess import DEVNULL, PIPE, Popen
"""

FOUND = {
    "an argument that decides, handed on by a function": """
        import requests

        def fetch(url, stream=False):
            return requests.get(url, stream=stream)

        def status(url):
            response = fetch(url, stream=True)  # LKR101
            return response.status_code
    """,
    "a partial that is called where it is made": """
        def load(path):
            file = functools.partial(open, path)()  # LKR101
            return file.read()
    """,
    "a partial with a name": """
        def load(path):
            begin = partial(open, mode="rb")
            file = begin(path, mode="r")  # LKR101
            return file.read()
    """,
    "a map that opens each": """
        def load(paths):
            for file in map(open, paths):  # LKR101
                print(file.read())

        def listed(paths):
            files = list(map(open, paths))  # LKR101
            return [file.read() for file in files]
    """,
    "an opener by default": """
        def load(path, opener=open):
            file = opener(path)  # LKR101
            return file.read()

        def send(data, *, make=socket.socket):
            plugged = make()  # LKR101
            plugged.send(data)
    """,
    "a pipe by default, which waiting leaves open": """
        def run(command, stdout=PIPE):
            process = Popen(command, stdout=stdout)  # LKR101
            return process.wait()
    """,
}

SILENT = {
    "partials whose file is released or given on": """
        def load(path):
            begin = partial(open, path)
            with begin() as file:
                return file.read()

        def opened(path):
            return partial(open, path)()
    """,
    "a name that is bound twice": """
        def load(path, make):
            begin = partial(open, path)
            begin = make(path)
            file = begin()
            return file.read()
    """,
    "maps whose files are released or given on": """
        def entered(paths):
            with ExitStack() as stack:
                files = list(map(stack.enter_context, map(open, paths)))
                return [file.read() for file in files]

        def each(paths):
            with ExitStack() as stack:
                files = [stack.enter_context(file) for file in map(open, paths)]
                return [file.read() for file in files]

        def blocks(paths):
            for file in map(open, paths):
                with file:
                    print(file.read())

        def opened(paths):
            return dict(zip(paths, map(open, paths)))
    """,
    "a function called map of its own": """
        def load(map, paths):
            for file in map(open, paths):
                print(file.read())
    """,
    "an opener by default, whose file is released or given on": """
        def load(path, opener=open):
            with opener(path) as file:
                return file.read()

        def opened(path, opener=open):
            return opener(path)
    """,
    "no pipe by default": """
        def run(command, stdout=DEVNULL):
            process = Popen(command, stdout=stdout)
            return process.wait()
    """,
}


def found_in(body: str, folder: Path) -> tuple[list[str], list[str]]:
    """Give what is found in a module, and what is marked in it: lines with codes. Advice is left out."""
    text = HEAD + textwrap.dedent(body)
    (folder / "using.py").write_text(text)
    source = read(folder / "using.py")
    found = [one for one in lint(source, Project(Config(folder))) if "LKR9" not in one.code and one.code != "LKR103"]
    lines = [f"{source.lines[one.span.line - 1].partition('  #')[0].strip()} {one.code}" for one in found]
    marked = [line.strip().replace("  # ", " ") for line in text.split("\n") if "# LKR" in line]
    return lines, marked


@pytest.mark.parametrize("body", [*FOUND.values(), *SILENT.values()], ids=[*FOUND, *SILENT])
def test_what_opens_under_another_name_is_known(body: str, tmp_path: Path) -> None:
    """What it opens has to be released as any other."""
    found, marked = found_in(body, tmp_path)
    assert found == marked
