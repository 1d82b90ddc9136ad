"""Conditions that cannot hold together: one thing is compared with several constants."""

import textwrap
from collections.abc import Callable

import pytest

Marks = Callable[[str], list[tuple[int, str]]]

SILENT = {
    "a parameter": """
        def send(mode):
            if mode == "socket":
                sock = socket.socket()
            if mode == "nothing":
                return
            if mode == "socket":
                sock.close()
    """,
    "a number": """
        def send(kind):
            if kind == 1:
                sock = socket.socket()
            elif kind != 2:
                raise ValueError(kind)
            if kind == 2:
                return
            sock.close()
    """,
    "an attribute": """
        def send(options):
            if options.mode == "socket":
                sock = socket.socket()
            if options.mode == "nothing":
                return
            if options.mode == "socket":
                sock.close()
    """,
    "an attribute that is a number": """
        class Sender:
            def send(self):
                if self.kind == 1:
                    sock = socket.socket()
                elif self.kind != 2:
                    raise ValueError(self.kind)
                if self.kind == 2:
                    return
                sock.close()
    """,
    "a parameter that is falsy is not given": """
        def send(data, sock=None):
            owns = sock is None
            sock = sock or socket.socket()
            try:
                sock.send(data)
            finally:
                if owns:
                    sock.close()

        def send_by_another_name(data, given=None):
            sock = given or socket.socket()
            try:
                sock.send(data)
            finally:
                if given is None:
                    sock.close()

        def send_once(data, sock=None):
            is_given = sock is not None
            if not sock:
                sock = socket.socket()
            try:
                sock.send(data)
            finally:
                if not is_given:
                    sock.close()
    """,
}

FOUND = {
    "a parameter that is given closes nothing": """
        def send(data, sock=None):
            is_given = sock is not None
            sock = sock or socket.socket()  # LKR101
            sock.send(data)
            if is_given:
                sock.close()
    """,
    "a number that may be nothing": """
        def send(data, count=1):
            if not count:
                sock = socket.socket()  # LKR101
            if count is None:
                sock.close()
    """,
    "one constant": """
        def send(mode, is_dry):
            if mode == "socket":
                sock = socket.socket()  # LKR102
            if is_dry:
                return
            if mode == "socket":
                sock.close()
    """,
    "a variable that changes in between": """
        def send(mode):
            if mode == "socket":
                sock = socket.socket()  # LKR102
            mode = read()
            if mode == "nothing":
                return
            if mode == "socket":
                sock.close()
    """,
    "an attribute that changes in between": """
        class Sender:
            def send(self):
                if self.mode == "socket":
                    sock = socket.socket()  # LKR102
                self.mode = read()
                if self.mode == "nothing":
                    return
                sock.close()
    """,
    "constants that may be equal": """
        def send(kind):
            if kind == 1:
                sock = socket.socket()  # LKR102
            if kind == True:
                return
            if kind == 1:
                sock.close()
    """,
}


def as_module(text: str) -> str:
    """Give a case as a module."""
    return "import socket\n\n\n" + textwrap.dedent(text).strip("\n") + "\n"


@pytest.mark.parametrize("title", SILENT)
def test_what_cannot_be_both_is_no_path(title: str, marks: Marks) -> None:
    assert marks(as_module(SILENT[title])) == []


@pytest.mark.parametrize("title", FOUND)
def test_what_may_be_both_is_one(title: str, marks: Marks) -> None:
    text = as_module(FOUND[title])
    wanted = [(number, line[-6:]) for number, line in enumerate(text.split("\n"), 1) if "# LKR" in line]
    assert marks(text) == wanted != []
