"""What the catalogue says of releases, tried on real resources: offline, cheap, and every one ends closed."""

import asyncio
import codecs
import concurrent.futures
import contextlib
import dbm.dumb
import fileinput
import gzip
import io
import logging
import os
import pkgutil
import selectors
import shelve
import socket
import socketserver
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import warnings
import wave
import zipfile
from collections.abc import Awaitable, Callable, Iterator, Sized
from pathlib import Path

import pytest

from leaklint.catalogue import load
from leaklint.model.resource import Resource, With


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "text").write_text("one\ntwo\n", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("member", "data")
    with tarfile.open(tmp_path / "tar", "w") as archive_of_tapes:
        archive_of_tapes.add(tmp_path / "text", "member")
    with gzip.open(tmp_path / "gz", "wb") as file:
        file.write(b"data")
    with wave.open(str(tmp_path / "wav"), "wb") as sound:
        sound.setparams((1, 1, 8000, 0, "NONE", "not compressed"))
    return tmp_path


def is_closed(thing: object) -> bool:
    closed = getattr(thing, "closed", None)
    if isinstance(closed, bool):
        return closed
    if isinstance(thing, socket.socket):
        return thing.fileno() == -1
    raise TypeError(type(thing).__name__)


def is_shelf_closed(shelf: object) -> bool:
    assert isinstance(shelf, shelve.Shelf)
    with pytest.raises(ValueError, match="closed shelf"):
        shelf["key"]
    return True


def is_connection_closed(connection: object) -> bool:
    assert isinstance(connection, sqlite3.Connection)
    try:
        connection.cursor().close()
    except sqlite3.ProgrammingError:
        return True
    return False


def is_executor_shut(executor: object) -> bool:
    assert isinstance(executor, concurrent.futures.Executor)
    try:
        executor.submit(int).result()
    except RuntimeError:
        return True
    return False


def is_archive_closed(archive: object) -> bool:
    assert isinstance(archive, zipfile.ZipFile)
    return archive.fp is None


def is_server_closed(server: object) -> bool:
    assert isinstance(server, socketserver.TCPServer)
    return server.socket.fileno() == -1


def is_selector_closed(selector: object) -> bool:
    assert isinstance(selector, selectors.BaseSelector)
    return selector.get_map() is None


def is_removed(directory: object) -> bool:
    assert isinstance(directory, tempfile.TemporaryDirectory)
    return not os.path.exists(directory.name)


def is_ended(process: object) -> bool:
    assert isinstance(process, subprocess.Popen)
    return process.returncode is not None and (process.stdout is None or process.stdout.closed)


def is_database_closed(database: object) -> bool:
    assert isinstance(database, Sized)
    try:
        len(database)
    except dbm.dumb.error:
        return True
    return False


def is_input_closed(lines: object) -> bool:
    assert isinstance(lines, fileinput.FileInput)
    return lines.fileno() == -1


def is_sound_closed(sound: object) -> bool:
    assert isinstance(sound, wave.Wave_read)
    return sound.getfp() is None


def is_pipe_closed(pipe: object) -> bool:
    return is_closed(getattr(pipe, "_stream", None))


SLEEP = [sys.executable, "-c", "pass"]
Arguments = Callable[[Path], tuple[object, ...]]
CASES: list[tuple[str, Arguments, Callable[[object], bool]]] = [
    ("builtins.open", lambda folder: (folder / "text",), is_closed),
    ("io.open", lambda folder: (folder / "text", "rb"), is_closed),
    ("pathlib.Path.open", lambda folder: (folder / "text",), is_closed),
    ("os.fdopen", lambda folder: (os.open(folder / "text", os.O_RDONLY),), is_closed),
    ("os.popen", lambda folder: ("true",), is_pipe_closed),
    ("codecs.open", lambda folder: (str(folder / "text"), "r", "utf-8"), is_closed),
    ("gzip.open", lambda folder: (folder / "gz",), is_closed),
    ("bz2.open", lambda folder: (folder / "new.bz2", "wb"), is_closed),
    ("lzma.open", lambda folder: (folder / "new.xz", "wb"), is_closed),
    ("zipfile.ZipFile", lambda folder: (folder / "zip",), is_archive_closed),
    ("tarfile.open", lambda folder: (folder / "tar",), is_closed),
    ("tempfile.NamedTemporaryFile", lambda folder: (), is_closed),
    ("tempfile.TemporaryFile", lambda folder: (), is_closed),
    ("tempfile.SpooledTemporaryFile", lambda folder: (), is_closed),
    ("tempfile.TemporaryDirectory", lambda folder: (), is_removed),
    ("shelve.open", lambda folder: (str(folder / "shelf"),), is_shelf_closed),
    ("dbm.dumb.open", lambda folder: (str(folder / "dumb"),), is_database_closed),
    ("sqlite3.connect", lambda folder: (folder / "db",), is_connection_closed),
    ("socket.socket", lambda folder: (), is_closed),
    ("socket.create_server", lambda folder: (("127.0.0.1", 0),), is_closed),
    ("selectors.DefaultSelector", lambda folder: (), is_selector_closed),
    ("mmap.mmap", lambda folder: (-1, 16), is_closed),
    ("fileinput.input", lambda folder: (str(folder / "text"),), is_input_closed),
    ("wave.open", lambda folder: (str(folder / "wav"), "rb"), is_sound_closed),
    ("urllib.request.urlopen", lambda folder: ((folder / "text").as_uri(),), is_closed),
    ("concurrent.futures.ThreadPoolExecutor", lambda folder: (1,), is_executor_shut),
    ("subprocess.Popen", lambda folder: (SLEEP, -1, None, None, subprocess.PIPE), is_ended),
    ("socketserver.TCPServer", lambda folder: (("127.0.0.1", 0), socketserver.BaseRequestHandler), is_server_closed),
    ("multiprocessing.connection.Listener", lambda folder: (), lambda listener: True),
]


def kind_of(name: str) -> Resource:
    summary = load().summary(name)
    assert summary is not None
    assert summary.acquires[0] is not None
    resource = load().resource(summary.acquires[0])
    assert resource is not None
    return resource


def acquire(name: str, arguments: tuple[object, ...]) -> contextlib.AbstractContextManager[object]:
    """Call a catalogued name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        thing: object = pkgutil.resolve_name(name)(*arguments)
    assert isinstance(thing, contextlib.AbstractContextManager)
    return thing


@pytest.mark.parametrize(("name", "arguments", "has_ended"), CASES, ids=[case[0] for case in CASES])
def test_with_releases_or_keeps_as_it_says(
    name: str, arguments: Arguments, has_ended: Callable[[object], bool], folder: Path
) -> None:
    resource = kind_of(name)
    thing = acquire(name, arguments(folder))
    with thing:
        pass
    assert has_ended(thing) == (resource.sync_with is With.RELEASES)
    if resource.sync_with is With.KEEPS:
        getattr(thing, resource.first_release or "")()
        assert has_ended(thing)


@pytest.mark.parametrize(("name", "arguments", "has_ended"), CASES, ids=[case[0] for case in CASES])
def test_each_release_releases(name: str, arguments: Arguments, has_ended: Callable[[object], bool], folder: Path) -> None:
    for release in sorted(kind_of(name).releases):
        thing = acquire(name, arguments(folder))
        getattr(thing, release)()
        assert has_ended(thing), release


def test_process_parts_are_released_apart() -> None:
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.wait()
        assert not process.stdout.closed
        process.stdout.close()
        assert is_ended(process)


def test_scandir_ends_with_its_last_entry(folder: Path) -> None:
    assert kind_of("os.scandir").exhausts
    names = []
    for entry in os.scandir(folder):
        names.append(entry.name)
    assert len(names) == 5  # a ResourceWarning, an error here, would tell if it were still open


def test_wrappers_leave_the_file_open(folder: Path) -> None:
    wrappers = {"gz": "gzip.GzipFile", "zip": "zipfile.ZipFile", "tar": "tarfile.open", "wav": "wave.open"}
    for name, wrapper in wrappers.items():
        before: tuple[object, ...] = {"gz": ("", "rb", 9), "tar": (None, "r")}.get(name, ())
        with (folder / name).open("rb") as file:
            with acquire(wrapper, (*before, file)):
                pass
            assert not file.closed, name


def test_wrappers_that_pass_close_the_file(folder: Path) -> None:
    for wrap in (io.TextIOWrapper, codecs.getreader("utf-8")):
        with contextlib.ExitStack() as stack:
            file = stack.enter_context((folder / "text").open("rb"))
            with wrap(file):
                pass
            assert file.closed


def test_stacks_release_and_pop_all_moves() -> None:
    done: list[str] = []
    with contextlib.ExitStack() as stack:
        stack.callback(done.append, "ended")
        moved = stack.pop_all()
    with contextlib.closing(moved):
        assert not done
    assert done == ["ended"]


def test_handlers_close_their_file(folder: Path) -> None:
    handler = logging.FileHandler(folder / "log")
    stream = handler.stream
    handler.close()
    assert stream is not None
    assert stream.closed


def test_streams_and_servers_of_asyncio() -> None:
    async def main() -> None:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            assert writer.is_closing()
            await writer.wait_closed()
        assert not server.is_serving()

    asyncio.run(main())


def test_processes_of_asyncio_end_with_wait() -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_exec(*SLEEP)
        assert await process.wait() == 0

    asyncio.run(main())


def test_runners_close_their_loop() -> None:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
    assert loop.is_closed()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_clients_of_httpx(loop: asyncio.AbstractEventLoop) -> None:
    httpx = pytest.importorskip("httpx")
    with httpx.Client() as client:
        pass
    assert client.is_closed
    with pytest.raises(RuntimeError, match="closed"):
        client.get("http://127.0.0.1")
    check_async(loop, httpx.AsyncClient(), "is_closed")


def test_sessions_of_aiohttp(loop: asyncio.AbstractEventLoop) -> None:
    aiohttp = pytest.importorskip("aiohttp")
    with pytest.raises(RuntimeError, match="no running event loop"):
        aiohttp.ClientSession()  # bound at construction

    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            pass
        assert session.closed
        with pytest.raises(TypeError), session:
            pass
        owned = aiohttp.TCPConnector()
        async with aiohttp.ClientSession(connector=owned):
            pass
        assert owned.closed
        kept = aiohttp.TCPConnector()
        try:
            async with aiohttp.ClientSession(connector=kept, connector_owner=False):
                pass
            assert not kept.closed
        finally:
            await kept.close()

    loop.run_until_complete(main())


def test_clients_of_openai_and_ollama(loop: asyncio.AbstractEventLoop) -> None:
    openai, ollama = pytest.importorskip("openai"), pytest.importorskip("ollama")
    with openai.OpenAI(api_key="none") as client:
        pass
    assert client.is_closed()
    check_async(loop, openai.AsyncOpenAI(api_key="none"), "is_closed")
    with ollama.Client() as other:
        pass
    assert other._client.is_closed


def check_async(loop: asyncio.AbstractEventLoop, client: contextlib.AbstractAsyncContextManager[object], closed: str) -> None:
    async def main() -> None:
        async with client:
            pass

    loop.run_until_complete(main())
    state: bool | Callable[[], bool] = getattr(client, closed)
    assert state if isinstance(state, bool) else state()


def test_engines_of_sqlalchemy(tmp_path: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'db'}")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select 1"))
    assert connection.closed
    engine.dispose()


def test_releases_of_redis_are_awaited(loop: asyncio.AbstractEventLoop) -> None:
    redis = pytest.importorskip("redis.asyncio")

    async def main() -> None:
        client = redis.Redis()
        release: Callable[[], Awaitable[None]] = client.aclose
        await release()

    loop.run_until_complete(main())
