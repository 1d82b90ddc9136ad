"""Generators that open what they yield: whoever takes it out has to release it, and nothing is open before."""

import textwrap
from collections.abc import Callable

import pytest

Marks = Callable[[str], list[tuple[int, str]]]

MAKERS = """
import contextlib
import pathlib

def opened(paths):
    for path in paths:
        yield open(path)

def pairs(paths):
    for path in paths:
        yield path, open(path)

def again(paths):
    yield from opened(paths)

def given(paths):
    return opened(paths)

def lines(path):
    with open(path) as file:
        yield from file

def within(paths):
    for path in paths:
        with open(path) as file:
            yield file

def after(paths):
    for path in paths:
        file = open(path)
        try:
            yield file
        finally:
            file.close()

def kept(paths):
    files = []
    for path in paths:
        file = open(path)
        files.append(file)
        yield file
    for file in files:
        file.close()

async def awaited(paths):
    for path in paths:
        yield open(path)

class Files:
    def __init__(self):
        self.all = []

    def each(self, paths):
        for path in paths:
            file = open(path)
            self.all.append(file)
            yield file

    def loose(self, paths):
        for path in paths:
            yield open(path)

    def close(self):
        for file in self.all:
            file.close()
"""

FOUND = {
    "in a loop": """
        def read(paths):
            for file in opened(paths):  # LKR101
                print(file.read())
    """,
    "with what else it yields": """
        def read(paths):
            for path, file in pairs(paths):  # LKR101
                print(path, file.read())
    """,
    "by another generator": """
        def read(paths):
            for file in again(paths):  # LKR101
                print(file.read())
    """,
    "by a function that returns the generator": """
        def read(paths):
            for file in given(paths):  # LKR101
                print(file.read())
    """,
    "all at once": """
        def read(paths):
            files = list(opened(paths))  # LKR101
            return len(files)
    """,
    "the first one": """
        def read(paths):
            file = next(opened(paths))  # LKR101
            return file.read()
    """,
    "in a comprehension": """
        def read(paths):
            return "".join([file.read() for file in opened(paths)])  # LKR101
    """,
    "numbered": """
        def read(paths):
            for number, file in enumerate(opened(paths)):  # LKR101
                print(number, file.read())
    """,
    "asynchronously": """
        async def read(paths):
            async for file in awaited(paths):  # LKR101
                print(file.read())
    """,
    "by a method": """
        def read(paths):
            with contextlib.closing(Files()) as files:
                for file in files.loose(paths):  # LKR101
                    print(file.read())
    """,
    "released now and then": """
        def read(paths):
            for file in opened(paths):  # LKR102
                if file.readable():
                    file.close()
    """,
}

SILENT = {
    "closed in the loop": """
        def read(paths):
            for file in opened(paths):
                file.close()
            for file in opened(paths):
                with file:
                    print(file.read())
            for path, file in pairs(paths):
                try:
                    print(path, file.read())
                finally:
                    file.close()
    """,
    "closed asynchronously": """
        async def read(paths):
            async for file in awaited(paths):
                file.close()
    """,
    "closed by the generator": """
        def read(path, paths):
            for line in lines(path):
                print(line)
            for file in within(paths):
                print(file.read())
            for file in after(paths):
                print(file.read())
            for file in kept(paths):
                print(file.read())
    """,
    "kept by the generator's object": """
        def read(paths):
            with contextlib.closing(Files()) as files:
                for file in files.each(paths):
                    print(file.read())
    """,
    "never taken out": """
        def read(paths):
            files = opened(paths)
            return files is None
    """,
    "taken out one by one": """
        def read(paths):
            files = opened(paths)
            while True:
                file = next(files, None)
                if file is None:
                    break
                file.close()
    """,
    "the first one is closed": """
        def read(paths):
            files = opened(paths)
            file = next(files)
            file.close()
    """,
    "the one that the loop stops at is closed": """
        def read(paths):
            file = None
            for file in opened(paths):
                break
            if file:
                file.close()
    """,
    "handed on": """
        def read(paths, keep, process):
            for file in opened(paths):
                keep.append(file)
            with contextlib.ExitStack() as stack:
                for file in [stack.enter_context(one) for one in opened(paths)]:
                    print(file.read())
            return process(opened(paths))

        def each(paths):
            for file in opened(paths):
                yield file
    """,
    "collected, and then closed": """
        def read(paths):
            files = []
            for file in opened(paths):
                files.append(file)
            for file in files:
                file.close()
            for file in files:
                print(file.name)
    """,
}


def module(text: str) -> str:
    """Give a case as a module, below what makes the generators."""
    return MAKERS + textwrap.dedent(text)


@pytest.mark.parametrize("title", FOUND)
def test_what_nobody_releases_is_found(title: str, marks: Marks) -> None:
    text = module(FOUND[title])
    assert marks(text) == [(number, line[-6:]) for number, line in enumerate(text.split("\n"), 1) if "# LKR" in line]


@pytest.mark.parametrize("title", SILENT)
def test_what_somebody_releases_is_silent(title: str, marks: Marks) -> None:
    assert marks(module(SILENT[title])) == []
