"""What others do with what is handed to them: fixtures that release it, tests that never open it, objects of their own."""

import textwrap
from collections.abc import Callable

import pytest

from leaklint.engine import Project, lint
from leaklint.model.source import parse

Marks = Callable[[str], list[tuple[int, str]]]

SERVICE = """
    from contextlib import ExitStack
    import pytest

    class Service:
        def __init__(self):
            self.stack = ExitStack()

        def add(self, one):
            return self.stack.enter_context(one)

        def stop(self):
            self.stack.close()
"""

SILENT = {
    "a fixture that another fixture enters": """
        import grpc
        import pytest

        @pytest.fixture
        def opened():
            return grpc.insecure_channel("a")

        @pytest.fixture
        def channel(opened):
            with opened as channel:
                yield channel
    """,
    "a fixture that another fixture closes": """
        import pytest

        @pytest.fixture
        def opened(tmp_path):
            return open(tmp_path / "a")

        @pytest.fixture
        def file(opened):
            yield opened
            opened.close()
    """,
    "a fixture whose value holds nothing until a test calls for it": f"""{SERVICE}
    @pytest.fixture
    def service():
        return Service()

    class TestService:
        @pytest.fixture
        def own(self):
            yield Service()

        def test_stack(self, service, own):
            assert service.stack is not own.stack
    """,
    "a body that is read again": """
        import aiohttp

        async def upload(session: aiohttp.ClientSession):
            async with session.post("/") as response:
                try:
                    error = (await response.json())["error"]
                except KeyError:
                    error = await response.text()
            return error
    """,
    "a set-up that the runner's own set-up calls": """
        from unittest import IsolatedAsyncioTestCase
        from aiohttp import ClientSession

        class AsyncTestCase(IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                await self.setup()

            async def asyncTearDown(self):
                await self.teardown()

        class ClientTest(AsyncTestCase):
            async def setup(self):
                self.session = ClientSession()

            async def teardown(self):
                await self.session.close()
    """,
    "a module that awaits at its top: a loop runs there": """
        import aiohttp

        session = aiohttp.ClientSession()
        await session.close()
    """,
    "a handler that a logger has: logging closes it at exit": """
        import logging

        class Log:
            def __init__(self, path, loggers):
                self.handler = logging.FileHandler(path)
                for logger in loggers:
                    logger.addHandler(self.handler)
    """,
    "an engine that another object is told to dispose of": """
        from sqlalchemy import create_engine

        class Backend:
            def __init__(self, provider):
                self.provider = provider

            def ensure(self, url):
                self.engine = create_engine(url)

            def _dispose(self):
                self.provider.dispose(self.engine)
    """,
    "a list of another object, which this one tells to release it": """
        class Resources:
            def __init__(self):
                self.handles = []

            def release(self):
                for one in self.handles:
                    one.close()

        class Processes:
            def __init__(self):
                self.resources = []

            def __exit__(self, *exc):
                print("over")

            def ensure(self, path):
                resources = Resources()
                self.resources.append(resources)
                handle = open(path)
                resources.handles.append(handle)
                handle.seek(0)

            def clean_up(self):
                for one in self.resources:
                    one.release()
    """,
    "responses that a double gives": """
        from aiohttp import ClientSession
        from aioresponses import aioresponses

        @aioresponses()
        async def test_status(mocked):
            mocked.get("/", status=204)
            async with ClientSession() as session:
                response = await session.get("/")
                assert response.status == 204
    """,
    "an object whose only socket is closed for it": """
        import socket

        class Socket:
            def __init__(self):
                self._socket = socket.socket()

            def bind(self, path):
                self._socket.bind(path)

            def close(self):
                self._socket.close()

        def bound(path):
            sock = Socket()
            try:
                sock.bind(path)
            except OSError:
                sock._socket.close()
                raise
            return sock

        def serve(path):
            sock = Socket()
            try:
                sock.bind(path)
            finally:
                sock._socket.close()
    """,
    "fixtures of trio": """
        import pytest
        import trio

        @pytest.fixture
        async def server(nursery: trio.Nursery):
            yield await nursery.start(print)
    """,
}

FOUND = {
    "a fixture that another one only asks for": """
        import pytest

        @pytest.fixture
        def opened(tmp_path):
            return open(tmp_path / "a")  # LKR301

        @pytest.fixture
        def first(opened):
            return opened.readline()
    """,
    "a fixture whose value a test opens": f"""{SERVICE}
    @pytest.fixture
    def service():
        return Service()  # LKR301

    def test_add(service):
        assert service.add(open("a"))
    """,
    "a response that was closed unread": """
        import aiohttp

        async def upload(session: aiohttp.ClientSession):
            response = await session.post("/")
            response.close()
            return await response.text()  # LKR106
    """,
    "a response returned from its with: the session is not what is returned": """
        import aiohttp

        async def fetch(url):
            async with aiohttp.ClientSession() as session:
                async with session.get(url) as response:
                    return response  # LKR106
    """,
    "a handler that only a formatter is set for": """
        import logging

        class Log:
            def __init__(self, path, formatter):
                self.handler = logging.FileHandler(path)  # LKR401
                self.handler.setFormatter(formatter)
    """,
    "a session that meets a double of the server": """
        from aiohttp import ClientSession
        from aioresponses import aioresponses

        @aioresponses()
        async def test_status(mocked):
            session = ClientSession()  # LKR101
            response = await session.get("/")
            assert response.status == 204
    """,
    "a response of a server": """
        from aiohttp import ClientSession

        async def test_status():
            async with ClientSession() as session:
                response = await session.get("/")  # LKR101
                assert response.status == 204
    """,
    "an object whose only socket is shut down": """
        import socket

        class Socket:
            def __init__(self):
                self._socket = socket.socket()

            def bind(self, path):
                self._socket.bind(path)

            def close(self):
                self._socket.close()

        def serve(path):
            sock = Socket()  # LKR101
            sock.bind(path)
            sock._socket.shutdown(socket.SHUT_RDWR)
    """,
    "a list of its own": """
        class Processes:
            def __init__(self):
                self.handles = []

            def __exit__(self, *exc):
                print("over")

            def ensure(self, path):
                handle = open(path)  # LKR402
                self.handles.append(handle)
                handle.seek(0)
    """,
    "a set-up of the same name that nobody else calls": """
        class TestFile:
            def setup(self):
                self.file = open("a")  # LKR305

            def teardown(self):
                pass
    """,
}


def dedented(text: str) -> str:
    """Give a case as a module."""
    return textwrap.dedent(text).strip("\n") + "\n"


@pytest.mark.parametrize("title", SILENT)
def test_what_others_do_right_is_silent(title: str, marks: Marks) -> None:
    assert marks(dedented(SILENT[title])) == []


@pytest.mark.parametrize("title", FOUND)
def test_what_others_do_not_do_is_found(title: str, marks: Marks) -> None:
    text = dedented(FOUND[title])
    wanted = [(number, line[-6:]) for number, line in enumerate(text.split("\n"), 1) if "# LKR" in line]
    assert marks(text) == wanted


def test_a_step_that_only_registers_a_release_cannot_fail(advice: Marks) -> None:
    text = dedented("""
        import selectors

        class Kernel:
            def __init__(self, activations):
                self._ends = []
                self._selector = selectors.DefaultSelector()  # LKR903
                self._at_end(self._selector.close)

            def _at_end(self, function):
                self._ends.append(function)

            def close(self):
                self._selector.close()
    """)
    assert advice(text) == []
    assert advice(text.replace("append(function)", "index(function)")) == [(6, "LKR903")]


CURES = {
    "open it in an `async with` block": """
        import aiohttp

        async def fetch(url):
            session = aiohttp.ClientSession()
            print((await session.get(url)).status)
    """,
    "release each on every path": """
        import os

        def widen(count):
            ends = [end for _ in range(count) for end in os.pipe()]
            work(count)
            for end in ends:
                os.close(end)
    """,
    "open it in a `with` block around the `yield`": """
        import pytest

        @pytest.fixture
        def settings(tmp_path):
            file = open(tmp_path / "a")
            yield file.name
    """,
    "is opened in `connected`, which `setUp` calls, and never released; register": """
        import socket
        from unittest import TestCase

        class ClientTest(TestCase):
            def setUp(self):
                self.connected("a")

            def connected(self, host):
                self.sock = socket.create_connection((host, 1))
    """,
    "register its release: `self.addCleanup(mock.patch.stopall)`": """
        from unittest import TestCase, mock

        class LogTest(TestCase):
            def setUp(self):
                self.log = mock.patch("program.log").start()
    """,
    "give it a name, and register its release with `self.addCleanup`": """
        import socket
        from unittest import TestCase

        class Server:
            def start(self):
                self.sock = socket.create_server(("", 0))
                return self.sock.getsockname()

            def stop(self):
                self.sock.close()

        class ServerTest(TestCase):
            def setUp(self):
                self.address = Server().start()
    """,
}


@pytest.mark.parametrize("cure", CURES)
def test_the_cure_is_said_in_words_that_can_be_followed(cure: str, shipped: Project) -> None:
    findings = lint(parse("module.py", dedented(CURES[cure])), shipped)
    assert cure in findings[0].message


def test_what_was_never_used_is_not_lost(advice: Marks) -> None:
    text = dedented("""
        import requests

        def connected(auth):
            session = requests.Session()
            session.mount("http://", adapter_of(auth))
            return session

        class Api:
            def __init__(self, auth):
                self.session = requests.Session()
                self.session.mount("http://", adapter_of(auth))
                self.auth = auth.token()

            def close(self):
                self.session.close()
    """)
    assert advice(text) == []
    used = text.replace("    return session", "    log_in(session)\n    auth.check()\n    return session")
    assert advice(used) == [(4, "LKR903")]
    used = text.replace("self.auth = auth", 'self.session.get("/")\n        self.auth = auth')
    assert advice(used) == [(10, "LKR903")]


def test_what_nothing_has_connected_yet_is_not_lost(advice: Marks) -> None:
    text = dedented("""
        import ftplib

        class Target:
            def __init__(self, options):
                self.ftp = ftplib.FTP()
                self.ftp.set_debuglevel(options.read("debug"))

            def open(self, host):
                self.ftp.connect(host)

            def close(self):
                self.ftp.quit()
    """)
    assert advice(text) == []
    assert advice(text.replace("FTP()", "FTP(options.host)")) == [(5, "LKR903")]


@pytest.mark.parametrize("scope", ["trio.CancelScope(shield=True)", "trio.move_on_after(3)", "contextlib.suppress(OSError)"])
def test_the_scope_of_a_release_does_not_fail_before_it(scope: str, advice: Marks) -> None:
    text = dedented(f"""
        import contextlib
        import trio

        async def connected(host, greet):
            stream = await trio.open_tcp_stream(host, 1)
            try:
                await greet(host)
            except BaseException:
                with {scope}:
                    await stream.aclose()
                raise
            return stream
    """)
    assert advice(text) == []
    assert advice(text.replace(scope, "open(host)")) == [(5, "LKR903")]


def test_a_step_that_releases_before_it_raises_is_not_lost(advice: Marks) -> None:
    text = dedented("""
        import wave

        class Reader:
            def __init__(self, path):
                self.file = wave.open(path)
                self._check()

            def _check(self):
                if self.file.getnchannels() > 2:
                    self.close()
                    raise ValueError("too many channels")

            def close(self):
                self.file.close()
    """)
    assert advice(text) == []
    assert advice(text.replace("            self.close()\n", "")) == [(5, "LKR903")]
