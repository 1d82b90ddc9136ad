"""Classes whose release ends a process and leaves its pipes open, and those that release the pipes somehow."""

import textwrap
from collections.abc import Callable

import pytest

Marks = Callable[[str], list[tuple[int, str]]]

FOUND = {
    "it is only waited for": """
        def close(self):
            self.process.terminate()
            self.process.wait()
    """,
    "its pipes are only read from": """
        def read(self):
            for line in self.process.stdout:
                print(line, self.process.pid)
            return self.process.stdout.read()

        def close(self):
            if self.process is not None and self.process.poll() is None:
                self.process.kill()
                self.process.wait(timeout=5)
    """,
}

SILENT = {
    "a pipe is closed": """
        def close(self):
            self.process.stdout.close()
            self.process.wait()
    """,
    "it is read to its end": """
        def run(self):
            return self.process.communicate()

        def close(self):
            self.process.wait()
    """,
    "a with closes them": """
        def close(self):
            with self.process:
                self.process.terminate()
            self.process.wait()
    """,
    "somebody else has a pipe": """
        def watch(self, selector):
            selector.register(self.process.stdout)

        def close(self):
            self.process.wait()
    """,
    "another name stands for it": """
        def close(self):
            process = self.process
            self.process.wait()
            process.stdout.close()
    """,
}


def module(methods: str) -> str:
    """Give a class with methods that keeps a process with a pipe."""
    head = """
import subprocess

class Runner:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
"""
    return head + textwrap.indent(textwrap.dedent(methods), "    ")


@pytest.mark.parametrize("title", FOUND)
def test_pipes_that_stay_open_are_found(title: str, marks: Marks) -> None:
    assert marks(module(FOUND[title])) == [(6, "LKR402")]


@pytest.mark.parametrize("title", SILENT)
def test_pipes_that_may_be_closed_are_silent(title: str, marks: Marks) -> None:
    assert marks(module(SILENT[title])) == []


def test_a_process_without_pipes_is_released_by_waiting(marks: Marks) -> None:
    assert marks(module(FOUND["it is only waited for"]).replace(", stdout=subprocess.PIPE", "")) == []
