"""What a test stages is no leak; what merely stands near it is one."""

import textwrap
from collections.abc import Callable

import pytest

Marks = Callable[[str], list[tuple[int, str]]]

SILENT = {
    "a helper replaces what opens": """
        import http.client
        import urllib.request

        def fake():
            http.client.HTTPConnection = object

        def test_it():
            fake()
            response = urllib.request.urlopen("http://example.org")
            print(response.status)
    """,
    "a set-up replaces what opens": """
        import builtins

        class TestIt:
            def setUp(self):
                builtins.open = self.open_nothing

            def test_it(self):
                file = open("name")
    """,
    "the function around it patches": """
        import tempfile
        from unittest import mock

        def test_it():
            with mock.patch("tempfile.NamedTemporaryFile"):
                def attempt():
                    tempfile.NamedTemporaryFile().write("text")
                attempt()
    """,
    "a nested function is only called where a failure is expected": """
        import asyncio
        import pytest

        def test_it(address):
            async def client():
                reader, writer = await asyncio.open_connection(*address)

            with pytest.raises(OSError):
                asyncio.run(client())
    """,
    "the warning of a leak is the subject": """
        import gc
        import socket
        import warnings

        def test_it():
            with warnings.catch_warnings(record=True) as caught:
                stream = socket.socket()
                del stream
                gc.collect()
            assert caught[0].category is ResourceWarning
    """,
    "what a test releases once the failure has come that it is about": """
        import os
        import subprocess
        import tempfile

        def test_it():
            handle, name = tempfile.mkstemp()
            try:
                subprocess.Popen(["*"], stdin=handle)
            except OSError:
                os.close(handle)
            assert not os.path.exists(name)
    """,
    "a double is set in a module": """
        import trio

        def test_it():
            factory = FakeSocketFactory()
            trio.socket.set_custom_socket_factory(factory)
            stream = trio.socket.socket()
            print(stream)
    """,
}

FOUND = {
    "a helper that replaces something else": """
        import sys

        def quiet():
            sys.stdout = None

        def test_it(path):
            quiet()
            file = open(path)  # LKR101
            print(file.name)
    """,
    "a nested function that is also called elsewhere": """
        import pytest

        def test_it(path):
            def attempt():
                file = open(path)  # LKR101

            attempt()
            with pytest.raises(OSError):
                attempt()
    """,
    "a nested function that fails after it has opened": """
        import pytest

        def test_it(path):
            def attempt():
                file = open(path)  # LKR101
                print(file.fileno() + "1")

            with pytest.raises(TypeError):
                attempt()
    """,
}


def dedented(text: str) -> str:
    """Give a case as a module."""
    return textwrap.dedent(text).strip("\n") + "\n"


@pytest.mark.parametrize("title", SILENT)
def test_what_is_staged_is_silent(title: str, marks: Marks) -> None:
    assert marks(dedented(SILENT[title])) == []


@pytest.mark.parametrize("title", FOUND)
def test_what_is_not_is_found(title: str, marks: Marks) -> None:
    text = dedented(FOUND[title])
    wanted = [(number, line[-6:]) for number, line in enumerate(text.split("\n"), 1) if "# LKR" in line]
    assert marks(text) == wanted
