"""Who else answers for what a body opens: what keeps it, what it is made over, what tells that it was never opened."""

import textwrap
from collections.abc import Callable

import pytest

Marks = Callable[[str], list[tuple[int, str]]]

SILENT = {
    "an object whose main loop releases what it keeps, among much else": """
        import socket

        class Worker:
            def __init__(self, address):
                self.sock = socket.create_connection(address)
                self.rounds = 0

            def tune_in(self, requests):
                self.rounds = 0
                self.sock.sendall(b"hello")
                for request in requests:
                    self.rounds += 1
                    if request.is_urgent:
                        self.sock.sendall(b"urgent")
                    else:
                        self.sock.sendall(b"normal")
                    self.sock.sendall(request.text)
                    print(self.rounds)
                print("done")
                self.sock.close()

        def show(address):
            worker = Worker(address)
            print(worker.rounds)
    """,
    "keys of a container": """
        import socket

        class Peers:
            def __init__(self):
                self.peers = {}

            def send(self, peer):
                sock = socket.socket()
                self.peers[sock] = peer
                try:
                    sock.send(b"x")
                except OSError:
                    return

            def close(self):
                for sock in self.peers:
                    sock.close()

        def both(paths):
            files = {}
            for path in paths:
                file = open(path)
                files[file] = path
            for file in files:
                file.close()
    """,
    "a file that a loop closes before it opens the next one": """
        class Reader:
            def __init__(self):
                self.file = None

            def read(self, tokens):
                for token in tokens:
                    if token is None:
                        self.file.close()
                    else:
                        self.file = open(token)
    """,
    "a string told by one comparison answers another one": """
        import gzip
        import zipfile

        def write(path, kind):
            if kind == "gzip":
                file = gzip.open(path, "w")
            elif kind == "zip":
                with zipfile.ZipFile(path, "w") as file:
                    file.writestr("a", "b")
            else:
                raise ValueError(kind)
            if kind not in ["zip", "tar"]:
                with file:
                    file.write(b"x")
    """,
    "pairs in a list that a method gives": """
        from multiprocessing import Pipe

        class Pool:
            def start(self, count):
                started = []
                for number in range(count):
                    near, far = Pipe()
                    started.append((number, near))
                    far.close()
                return started

            def run(self):
                started = self.start(3)
                for _, connection in started:
                    connection.close()
    """,
    "a method that accepts what it is given": """
        import socket

        def build(stream):
            near, far = socket.socketpair()
            stream.accept(near, far)
            return stream
    """,
    "an attribute with what the resource has open": """
        import requests
        from elsewhere import Reader

        def serve(url):
            response = requests.get(url, stream=True)
            return Reader(response.raw)
    """,
    "methods and properties that end their object": """
        import socket

        class Client:
            def __init__(self, address):
                self.sock = socket.create_connection(address)

            def close(self):
                self.sock.close()

            def __enter__(self):
                return self

            def __exit__(self, *args):
                self.close()

            def lines(self):
                with self:
                    yield self.sock.recv(1)

            def exchange(self):
                try:
                    return self.sock.recv(1)
                finally:
                    self.close()

            @property
            def output(self):
                return self.lines()

        def each(address):
            client = Client(address)
            yield from client.lines()

        def once(address):
            return Client(address).exchange()

        def show(address):
            for line in Client(address).output:
                print(line)
    """,
    "a function that closes the part which it owns": """
        import socket

        class Connection:
            def __init__(self, host):
                self.sock = socket.create_connection(host)

            def close(self):
                self.sock.close()

        def close_socket(connection):
            connection.sock.shutdown(socket.SHUT_RDWR)
            connection.sock.close()

        def check(host):
            connection = Connection(host)
            close_socket(connection)
    """,
    "a release that is private to a library": """
        import zeroconf

        class Browser:
            def __init__(self, known=None):
                self.zeroconf = known or zeroconf.Zeroconf()

            async def async_close(self):
                await self.zeroconf._async_close()
    """,
    "a predicate of the same argument guards the opening and the release": """
        def fetch(target, isfilelike):
            out = target if isfilelike(target) else open(target, "wb")
            if not isfilelike(target):
                out.close()
    """,
    "the same question of the same argument": """
        def head(source):
            file = source if hasattr(source, "read") else open(source)
            try:
                return file.read(1)
            finally:
                if not hasattr(source, "read"):
                    file.close()
    """,
    "the same question of the same argument, about its class": """
        def head(source):
            if isinstance(source, Stream):
                file = source
            else:
                file = open(source)
            try:
                return file.read(1)
            finally:
                if not isinstance(source, Stream):
                    file.close()
    """,
    "the same attribute is asked twice": """
        class Shell:
            def list(self, names):
                if self.output is not None:
                    out = open(self.output, "a")
                for name in names:
                    if self.output:
                        out.write(name)
                if self.output:
                    out.close()
    """,
    "what was given is not what was opened": """
        def patch(target):
            try:
                file = open(target)
            except TypeError:
                file = target
            try:
                file.read()
            finally:
                if file != target:
                    file.close()
    """,
    "an owner is given something in memory": """
        import io

        class Reader:
            def __init__(self, source):
                self.file = source if hasattr(source, "seek") else open(source)

            def close(self):
                self.file.close()

        def test_read():
            reader = Reader(io.BytesIO())
            assert reader.file.tell() == 0
    """,
    "a function wraps a mock": """
        import ssl
        from unittest.mock import Mock

        def wrap(sock):
            return ssl.create_default_context().wrap_socket(sock, server_hostname="localhost")

        def test_wrap():
            wrap(Mock())
    """,
    "a function wraps a mock of the library of that name": """
        import ssl

        import mock

        def wrap(sock):
            return ssl.create_default_context().wrap_socket(sock, server_hostname="localhost")

        def test_wrap():
            wrap(mock.Mock())
    """,
    "an owner is given a mock": """
        from unittest.mock import MagicMock

        class Reader:
            def __init__(self, source):
                self.file = source if hasattr(source, "seek") else open(source)

            def close(self):
                self.file.close()

        def test_read():
            reader = Reader(MagicMock())
            assert reader.file.tell() == 0
    """,
    "a method hands its object to what releases it": """
        import socket

        class Site:
            def __init__(self, runner):
                self.runner = runner

            def start(self):
                self.runner.register_site(self)
                self.sock = socket.socket()

            def stop(self):
                self.sock.close()

        def serve(runner):
            site = Site(runner)
            site.start()
    """,
    "a constructor hands its object to what releases it": """
        import socket

        class Peer:
            def __init__(self, hub):
                self.sock = socket.socket()
                hub.add(self)

            def close(self):
                self.sock.close()

        def join(hub):
            peer = Peer(hub)
            return peer.sock.fileno()
    """,
    "an object in a table of all that run": """
        import socket

        class Channel:
            table = {}

            def __init__(self):
                self.sock = socket.socket()
                self.table[self.sock.fileno()] = self

            def close(self):
                self.sock.close()

        def open_channel():
            Channel()
    """,
    "what it owns is a double's": """
        import mmap
        from unittest.mock import patch

        class Cache:
            def open(self):
                self.memory = mmap.mmap(-1, 1)

            def close(self):
                self.memory.close()

        def test_open():
            cache = Cache()
            with patch("mmap.mmap", side_effect=OSError):
                cache.open()
    """,
    "among star arguments": """
        import os

        def fopen(*args, **kwargs):
            return open(*args, **kwargs)

        def write(path):
            fd = os.open(path, os.O_WRONLY)
            with fopen(fd, "w") as file:
                file.write("")
    """,
    "a tuple only on request": """
        import os
        import tempfile

        def make(**options):
            fd, path = tempfile.mkstemp()
            if options.get("both"):
                return fd, path
            os.close(fd)
            return path

        def use():
            path = make()
            return path.upper()
    """,
    "a loop hands it on": """
        import logging

        def configure(names):
            handler = logging.FileHandler("log")
            for name in names:
                logging.getLogger(name).addHandler(handler)
    """,
    "a flag beside it tells whether it was opened": """
        def source_of(spec):
            is_ours = False
            if isinstance(spec, str):
                is_ours = True
                stream = open(spec)
            else:
                stream = spec
            return stream, is_ours

        def head(spec):
            stream, is_ours = source_of(spec)
            try:
                return stream.read(1)
            finally:
                if is_ours:
                    stream.close()
    """,
    "only a part of it is kept": """
        import redis

        def pool():
            return redis.Redis().connection_pool
    """,
    "what it holds becomes another's": """
        class Copy:
            def __init__(self, file):
                self.__dict__.update(file.__dict__)

        def copy(path):
            file = open(path)
            return Copy(file)
    """,
    "the call goes on after it has returned": """
        import selectors

        def connect(kind, queue):
            loop = selectors.DefaultSelector()
            kind.create_connection(queue, on_done=queue.put, loop=loop)
    """,
    "a reader of somebody else's file": """
        import gzip

        def body(response):
            unpacked = gzip.GzipFile(mode="r", fileobj=response.buffer)
            return unpacked.read()
    """,
    "a generator that is driven as a coroutine": """
        import aiomysql
        from tornado import gen

        @gen.coroutine
        def connect():
            connection = yield aiomysql.connect(host="localhost")
            connection.close()
    """,
    "what an object only holds is closed through its attribute": """
        import httpx
        from dataclasses import dataclass

        @dataclass
        class Context:
            name: str
            pool: httpx.Client

        class Session:
            def __init__(self, http):
                self._http = http

        def read(show):
            context = Context("a", pool=httpx.Client())
            session = Session(httpx.Client())
            try:
                show(context, session)
            finally:
                context.pool.close()
                session._http.close()
    """,
    "a class method that keeps the one object it makes": """
        import httpx

        class Api:
            _one = None
            _all = {}

            def __init__(self):
                self.http = httpx.Client()

            @classmethod
            def shared(cls):
                if cls._one is None:
                    cls._one = cls()
                return cls._one

            @classmethod
            def of(cls, name):
                found = cls._all.get(name)
                if found is None:
                    found = cls()
                    cls._all[name] = found
                return found

            def close(self):
                self.http.close()

        def read():
            return Api.shared().http.get("/").text + Api.of("a").http.get("/").text
    """,
    "a string told by one comparison tells what another one starts with": """
        import os

        def write(path, text, kind):
            name = None
            if kind == "file":
                name = os.path.join(path, "text")
                out = open(name, "w")
            elif kind == "file_split":
                name = os.path.join(path, "split")
                out = open(name, "w")
            if kind.startswith("file"):
                if name is not None:
                    out.write(text)
                    out.close()
    """,
    "what is written out is never empty": """
        from PIL import Image

        def column(path):
            image = Image.open(path)
            return [image.getpixel((0, y)) for y in range(124)]

        def corner(path):
            image = Image.open(path)
            for place in ((0, 0), (0, 1)):
                print(image.getpixel(place))
    """,
    "an archive of what a function has read into memory": """
        import io
        import zipfile
        from urllib.request import urlopen

        def fetch(url, is_raw=False):
            with urlopen(url) as response:
                return response.read() if is_raw else io.BytesIO(response.read())

        def names(url):
            archive = zipfile.ZipFile(fetch(url))
            return archive.namelist()
    """,
    "methods that end their object through a function and a variable": """
        import os

        class AtomicFile:
            def __init__(self, path):
                self.path = path
                self._fd = os.open(path + ".new", os.O_WRONLY | os.O_CREAT)

            def write(self, data):
                os.write(self._fd, data)

            def _leave(self):
                if self._fd is None:
                    raise ValueError(self.path)
                fd = self._fd
                self._fd = None
                os.close(fd)

            def commit(self):
                self._leave()
                os.rename(self.path + ".new", self.path)

            def abort(self):
                self._leave()
                os.remove(self.path + ".new")

            def close(self):
                if self._fd is not None:
                    self.abort()

        def save(path, data):
            file = AtomicFile(path)
            file.write(data)
            file.commit()
    """,
    "an object whose end releases what it holds": """
        import weakref
        from concurrent.futures import ThreadPoolExecutor

        def release(pool):
            pool.shutdown()

        class Cloud:
            def __init__(self):
                self._pool = ThreadPoolExecutor()
                self._finalizer = weakref.finalize(self, release, self._pool)

            def ask(self, work):
                return self._pool.submit(work)

            def close(self):
                self._finalizer.detach()
                release(self._pool)

        def ask(work):
            cloud = Cloud()
            return cloud.ask(work).result()
    """,
    "what is put into a container for as long as a with lasts": """
        import contextlib
        import subprocess
        import threading

        class Children:
            def __init__(self):
                self._lock = threading.Lock()
                self._running: set[subprocess.Popen[bytes]] = set()

            @contextlib.contextmanager
            def spawn(self, command):
                with subprocess.Popen(command) as child:
                    with self._lock:
                        self._running.add(child)
                    try:
                        yield child
                    finally:
                        with self._lock:
                            self._running.discard(child)

            def stop_all(self):
                with self._lock:
                    running = list(self._running)
                _stop(running)

        def _stop(children):
            for child in children:
                child.kill()
            for child in children:
                child.wait()

        def run(command):
            children = Children()
            with children.spawn(command) as child:
                return child.pid
    """,
    "an object is given a double for what it would open, also by who makes it": """
        from pymemcache.client.base import Client

        class FakeSocket:
            def __init__(self, answers):
                self.answers = answers

        class TestClient:
            def filled(self, client, answers):
                client.sock = FakeSocket(answers)
                return client

            def make_client(self, *answers):
                client = Client("localhost")
                return self.filled(client, answers)

            def test_ask(self):
                client = self.make_client(b"yes")
                assert client.get(b"?") == b"yes"

            def test_directly(self):
                client = Client("localhost")
                client.sock = FakeSocket([b"no"])
                assert client.get(b"?") == b"no"
    """,
    "what nobody asks for through the arguments that are handed on": """
        import os
        import subprocess

        def start(command, *, is_waiting=True, **options):
            if is_waiting:
                return subprocess.run(command, check=False, **options)
            return subprocess.Popen(command, **options)

        def run(command, *rest, **options):
            if "env" not in options:
                options["env"] = dict(os.environ)
            done = start(command, *rest, **options)
            if done.returncode:
                raise ValueError(command)
            return done

        def outer(command, **options):
            return run(command, **options)

        def status(command):
            done = run(command, cwd="/")
            return done.returncode + outer(command).returncode
    """,
    "a connection of a database that the tear-down closes": """
        import unittest

        from ZODB.DB import DB

        class TestBlobs(unittest.TestCase):
            def setUp(self):
                self.database = DB(None)

            def tearDown(self):
                if self.database:
                    self.database.close()

            def test_root(self):
                connection = self.database.open()
                assert connection.root() == {}

            def test_close(self):
                database = self.database
                connection = database.open()
                assert connection.root() == {}
                database.close()
    """,
    "a count that is not over where a break has left the loop": """
        import socket

        def ask(address, question):
            tries = 0
            while tries < 5:
                try:
                    sock = socket.create_connection(address)
                    break
                except ConnectionRefusedError:
                    tries += 1
            if tries == 5:
                return None
            with sock:
                return sock.sendall(question)

        def ask_at_most(address, question, most):
            tries = 0
            while tries < most:
                try:
                    sock = socket.create_connection(address)
                    break
                except ConnectionRefusedError:
                    tries += 1
            if tries >= most:
                raise ValueError(address)
            with sock:
                return sock.sendall(question)
    """,
    "a fixture replaces what makes it": """
        import pytest
        import zmq

        @pytest.fixture
        def fake_context(mocker):
            return mocker.patch("zmq.Context", return_value=mocker.Mock())

        def bound(context, address):
            sock = context.socket(zmq.PUB)
            sock.bind(address)
            return sock

        def test_bound(fake_context):
            context = zmq.Context()
            sock = bound(context, "tcp://*")
            assert sock is not None
    """,
    "a file that is taken out of its wrapper": """
        import io

        def write(path, text):
            file = open(path, "w")
            if file.encoding != "utf-8":
                file = io.TextIOWrapper(file.detach(), "utf-8")
            file.write(text)
            file.close()
    """,
    "an object that a factory has opened, or nobody": """
        import asyncio

        class Link:
            def __init__(self):
                self.writer = None

            async def connect(self, host):
                _, self.writer = await asyncio.open_connection(host, 1)

            async def close(self):
                if self.writer is not None:
                    self.writer.close()
                    await self.writer.wait_closed()

        async def connected(host):
            link = Link()
            await link.connect(host)
            return link

        async def idle():
            return Link()

        async def use(host):
            link = await connected(host)
            try:
                host.serve(link)
            finally:
                await link.close()

        async def wait(host):
            link = await idle()
            print(host, link.writer is None)
    """,
    "a function that a decorator wraps, or only notes": """
        OPENERS = {}

        def opener(scheme):
            def note(function):
                OPENERS[scheme] = function
                return function
            return note

        def wrapping(function):
            def wrapper(path):
                with function(path) as file:
                    return file.read()
            return wrapper

        @opener("file")
        def opened(path):
            return open(path)

        @wrapping
        def content(path):
            return open(path)

        def load(path):
            text = content(path)
            with opened(path) as file:
                return text.strip() + file.read()
    """,
    "an attribute by the name of the fixture that stores it, which it closes": """
        import pytest
        import requests

        class TestAsk:
            @pytest.fixture(autouse=True)
            def session(self):
                self.session = requests.Session()
                yield
                self.session.close()

            def test_status(self):
                assert self.session.get("http://localhost:1").ok
    """,
}
FOUND = {
    "an attribute by the name of the fixture that stores it": """
        import pytest
        import requests

        class TestAsk:
            @pytest.fixture(autouse=True)
            def session(self):
                self.session = requests.Session()  # LKR302
                yield

            def test_status(self):
                assert self.session.get("http://localhost:1").ok
    """,
    "an object that a factory has opened": """
        import asyncio

        class Link:
            def __init__(self):
                self.writer = None

            async def connect(self, host):
                _, self.writer = await asyncio.open_connection(host, 1)

            async def close(self):
                if self.writer is not None:
                    self.writer.close()
                    await self.writer.wait_closed()

        async def connected(host):
            link = Link()
            await link.connect(host)
            return link

        async def use(host):
            link = await connected(host)  # LKR101
            host.serve(link.writer)

        async def forget(host):
            link = await connected(host)
            try:
                print("nothing that may fail")
            finally:
                link.close()  # LKR204
    """,
    "a function that a decorator only notes": """
        OPENERS = {}

        def opener(scheme):
            def note(function):
                OPENERS[scheme] = function
                return function
            return note

        def noted(function):
            OPENERS[function.__name__] = function
            return function

        @opener("file")
        def opened(path):
            return open(path)

        @noted
        def opened_again(path):
            return open(path)

        def load(path):
            file = opened(path)  # LKR101
            return file.read()

        def load_again(path):
            file = opened_again(path)  # LKR101
            return file.read()
    """,
    "a file that is taken out of its wrapper and left open": """
        import io

        def write(path, text):
            file = open(path, "w")  # LKR101
            other = io.TextIOWrapper(file.detach(), "utf-8")
            other.write(text)
    """,
    "a fixture replaces what another library makes": """
        import pytest
        import zmq

        @pytest.fixture
        def fake_client(mocker):
            return mocker.patch("redis.Redis", return_value=mocker.Mock())

        def bound(context, address):
            sock = context.socket(zmq.PUB)
            sock.bind(address)
            return sock

        def test_bound(fake_client):
            context = zmq.Context()
            sock = bound(context, "tcp://*")  # LKR101
            assert sock is not None
    """,
    "a count that is over wherever the loop has ended": """
        import socket

        def ask(address, question):
            tries = 0
            sock = None
            while tries < 5:
                tries += 1
                if sock is None:
                    sock = socket.create_connection(address)  # LKR101
            if tries == 5:
                return None
            with sock:
                return sock.sendall(question)
    """,
    "a connection of a database that nobody closes": """
        from ZODB.DB import DB

        class Catalogue:
            def __init__(self, storage):
                self.database = DB(storage)  # LKR401

            def count(self):
                connection = self.database.open()  # LKR101
                return len(connection.root())
    """,
    "what is asked for through the arguments that are handed on": """
        import subprocess

        def start(command, *, is_waiting=True, **options):
            if is_waiting:
                return subprocess.run(command, check=False, **options)
            return subprocess.Popen(command, **options)

        def run(command, **options):
            return start(command, **options)

        def begin(command, **options):
            options["is_waiting"] = False
            return start(command, **options)

        def asked(command):
            child = run(command, is_waiting=False)  # LKR101
            return child.pid

        def set_there(command):
            child = begin(command)  # LKR101
            return child.pid

        def unknown(command, options):
            child = run(command, **options)  # LKR101
            return child.pid
    """,
    "a double for another part of it": """
        import socket

        class Client:
            def __init__(self, address):
                self.sock = socket.create_connection(address)
                self.clock = None

            def close(self):
                self.sock.close()

        class FakeClock:
            pass

        def test_ask():
            client = Client("localhost")  # LKR101
            client.clock = FakeClock()
            assert client.sock.recv(10) == b""
    """,
    "an object that finalizes another one": """
        import weakref
        from concurrent.futures import ThreadPoolExecutor

        class Cloud:
            def __init__(self, pool):
                self._own = ThreadPoolExecutor()
                self._given = pool
                self._finalizer = weakref.finalize(self, self._given.shutdown)

            def close(self):
                self._own.shutdown()

        def ask(work, pool):
            cloud = Cloud(pool)  # LKR101
            return cloud._own.submit(work).result()
    """,
    "a string told by one comparison tells that another one starts otherwise": """
        def write(path, text, kind):
            if kind == "text":
                out = open(path, "w")  # LKR101
            if kind.startswith(("file", "raw")):
                out.write(text)
                out.close()
    """,
    "what goes through a range that may be empty": """
        from PIL import Image

        def column(path, height):
            image = Image.open(path)  # LKR102
            return [image.getpixel((0, y)) for y in range(height)]
    """,
    "keys of a container that nobody closes": """
        def both(paths):
            files = {}
            for path in paths:
                file = open(path)  # LKR101
                files[file] = path
            print(len(files))
    """,
    "a method that closes its object only where something has failed": """
        import socket

        class Client:
            def __init__(self, address):
                self.sock = socket.create_connection(address)

            def close(self):
                self.sock.close()

            def send(self, data):
                try:
                    self.sock.sendall(data)
                except OSError:
                    self.close()
                    raise

        def greet(address):
            client = Client(address)  # LKR101
            client.send(b"hello")
    """,
    "a string told by one comparison answers another one with no": """
        def write(path, kind):
            if kind == "text":
                file = open(path, "w")  # LKR101
                file.write("x")
            if kind in ("binary", "raw"):
                file.close()
    """,
    "an object that stores it, and gives it to functions that only use it": """
        import marshal
        import tempfile

        class Exporter:
            def __init__(self, file):
                self.file = file

            def export(self, item):
                marshal.dump(dict(item), self.file)

        def test_export():
            file = tempfile.TemporaryFile()  # LKR101
            exporter = Exporter(file)
            exporter.export({})
            file.seek(0)
            assert marshal.load(file) == {}
    """,
    "objects that class methods and static ones make": """
        import httpx

        class Api:
            def __init__(self):
                self.http = httpx.Client()

            @classmethod
            def create(cls):
                return cls()

            @staticmethod
            def default():
                return Api()

            def close(self):
                self.http.close()

        class View:
            def __init__(self, api):
                self.api = api

            @classmethod
            def create(cls):
                return cls(Api())

            def close(self):
                self.api.close()

        def created():
            api = Api.create()  # LKR101
            return api.http.get("/").text

        def default():
            api = Api.default()  # LKR101
            return api.http.get("/").text

        def viewed():
            view = View.create()  # LKR101
            return view.api.http.get("/").text
    """,
    "one that is made because none is given": """
        import httpx

        class Api:
            def __init__(self, http=None):
                self._own = http is None
                self.http = http or httpx.Client()

            def close(self):
                if self._own:
                    self.http.close()

        def lent(http):
            return Api(http).http.get("/").text

        def made():
            api = Api()  # LKR101
            return api.http.get("/").text
    """,
    "a predicate of another argument": """
        def fetch(target, other, isfilelike):
            if isfilelike(target):
                return
            out = open(target, "wb")  # LKR102
            if not isfilelike(other):
                out.close()
    """,
    "an attribute that is assigned between two questions": """
        class Shell:
            def list(self):
                if self.output:
                    out = open(self.output, "a")  # LKR102
                self.output = None
                if self.output:
                    out.close()
    """,
    "an object that is used between two questions": """
        def fill(path, cache):
            file = open(path)  # LKR101
            assert cache.is_empty
            cache.add(file.read())
            assert not cache.is_empty
    """,
    "an owner is given the name of a file": """
        class Reader:
            def __init__(self, source):
                self.file = source if hasattr(source, "seek") else open(source)

            def close(self):
                self.file.close()

        def test_read():
            reader = Reader("data.txt")  # LKR101
            assert reader.file.tell() == 0
    """,
    "text of it is handed on": """
        import os

        def label(file, entries):
            entries.add(os.fspath(file))
            entries.add(os.path.abspath(file))
            entries.add(str(file))

        def use(entries):
            file = open("data")  # LKR101
            label(file, entries)
    """,
    "a loop that may find nothing": """
        import socket

        def connected(addresses):
            sock = socket.socket()  # LKR102
            for address in addresses:
                if sock.connect_ex(address) == 0:
                    return sock
            return None
    """,
    "a generator that only reads from it is handed on": """
        def stripped(path):
            return (line.strip() for line in open(path))  # LKR104

        def kept(path, keep):
            keep(line.strip() for line in open(path))  # LKR104

        def named(path):
            file = open(path)  # LKR101
            return (line.strip() for line in file)

        class Lines:
            def __init__(self, path):
                self.lines = (line.strip() for line in open(path))  # LKR401
    """,
    "whoever has a generator that reads from it holds nothing": """
        import gzip

        def lines_of(path):
            if path.name.endswith("gz"):
                return (line.decode() for line in gzip.open(path))  # LKR104
            return path.read_text().splitlines()

        def count(path):
            number = 0
            for _ in lines_of(path):
                number += 1
            return number
    """,
    "a nested function lends it to one of the module, which only reads": """
        import asyncio
        import socket

        async def greet(client, name):
            client.sendall(name)
            assert client.recv(4) == b"good"

        async def main(address):
            client = socket.create_connection(address)  # LKR101

            async def first():
                await greet(client, b"first")

            async def second():
                await greet(client, b"second")

            await asyncio.gather(first(), second())
    """,
    "it is opened in a finally, to which several ways lead": """
        class Log:
            def __init__(self, path):
                self.path = path

            def start(self, steps):
                try:
                    if steps.are_done():
                        return 1
                    return steps.run()
                finally:
                    self.file = open(self.path)  # LKR401
    """,
    "a body that never ends goes on without it": """
        import subprocess

        def serve(path, queue):
            settings = open(path).read()  # LKR104
            subprocess.Popen(["watch", path])  # LKR104
            while True:
                queue.put(settings)
    """,
    "what is divided by a text is a path": """
        import json
        from settings import ROOT

        def load(app, name):
            file = (app.folder / "data.bin").open("rb")  # LKR101
            named = json.load((ROOT / f"{name}.json").open())  # LKR104
            return file.read(), named
    """,
    "a name of it is kept": """
        import tempfile

        def path():
            return tempfile.NamedTemporaryFile(delete=False).name  # LKR104
    """,
    "a generator that is driven as a coroutine and releases nothing": """
        from tornado.testing import AsyncTestCase, gen_test
        from tornado.websocket import websocket_connect

        class Echo(AsyncTestCase):
            @gen_test
            def test_echo(self):
                client = yield websocket_connect("ws://localhost")  # LKR101
                client.write_message("hello")
    """,
}


def dedented(text: str) -> str:
    """Give a case as a module."""
    return textwrap.dedent(text).strip("\n") + "\n"


@pytest.mark.parametrize("title", SILENT)
def test_what_somebody_else_answers_for_is_silent(title: str, marks: Marks) -> None:
    assert [one for one in marks(dedented(SILENT[title])) if one[1] != "LKR103"] == []


@pytest.mark.parametrize("title", FOUND)
def test_what_nobody_answers_for_is_found(title: str, marks: Marks) -> None:
    text = dedented(FOUND[title])
    wanted = [(number, line[-6:]) for number, line in enumerate(text.split("\n"), 1) if "# LKR" in line]
    assert marks(text) == wanted
