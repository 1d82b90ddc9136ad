"""What is found and what is not, where names, containers and control flow make it hard to see: one case after the other."""

import textwrap
from collections.abc import Callable

import pytest

from leaklint.engine import Project, lint
from leaklint.model.source import parse

Marks = Callable[[str], list[tuple[int, str]]]

SILENT = {
    "pop_all keeps what was entered": """
        import contextlib
        def f(p):
            with contextlib.ExitStack() as stack:
                h = stack.enter_context(open(p))
                check(h)
                stack.pop_all()
                return h
    """,
    "a function that releases is handed on": """
        def f(p, app):
            h = open(p)
            def stop(): h.close()
            app.on_exit(stop)
    """,
    "a lambda that releases is handed on": """
        def f(p, app):
            h = open(p)
            app.on_exit(lambda: h.close())
    """,
    "a generator that awaits by yielding, and closes": """
        from tornado.testing import gen_test
        from tornado.websocket import websocket_connect
        class T:
            @gen_test
            def test_echo(self):
                ws = yield websocket_connect('ws://x')
                try:
                    assert (yield ws.read_message())
                finally:
                    ws.close()
            @gen_test
            def test_several(self):
                yield [websocket_connect('ws://x'), websocket_connect('ws://y')]
    """,
    "the release of something unknown comes first": """
        import socket
        def f(make, address):
            server = client = None
            try:
                server = make()
                client = socket.socket()
                client.connect(address)
            finally:
                if server is not None:
                    server.stop()
                if client is not None:
                    client.close()
    """,
    "a class of the function holds it, and somebody has an object of it, or releases": """
        import sqlite3
        def f(p):
            pool = sqlite3.connect(p)
            class Factory:
                executor = pool
            return Factory()
        def g(p):
            pool = sqlite3.connect(p)
            class Factory:
                executor = pool
            Factory.executor.close()
        def h(p):
            pool = sqlite3.connect(p)
            class Factory:
                executor = pool
                def close(self): self.executor.close()
            Factory().close()
    """,
    "a constructor that ends with what it has opened": """
        import tokenize
        class Reader:
            def __init__(self, path, file=None):
                close = None
                if file is None:
                    file = open(path)
                    close = file.close
                self.file = file
                self.all = list(tokenize.generate_tokens(file.readline))
                if close is not None:
                    close()
    """,
    "a test puts it into an object that is released": """
        import unittest
        class T(unittest.TestCase):
            def setUp(self): self.request = make()
            def tearDown(self): self.request.close()
            def test_body(self):
                self.request.body = open('p')
                self.request.reset()
    """,
    "an adopter over something that is no resource": """
        class Both:
            def __init__(self, parts): self.parts = parts
            def close(self):
                for one in self.parts: one.close()
        def join(parts):
            return Both(parts)
        def f(p):
            h = open(p)
            h.close()
            both = join([1, 2])
            print(both.parts)
    """,
    "what is meant to fail opens nothing that it is lent": """
        import http.client, pytest
        def test_it(check):
            conn = http.client.HTTPConnection('h')
            with pytest.raises(OSError):
                check(conn)
    """,
    "what an owner holds is handed on": """
        import socket
        class Connection:
            def __init__(self, address): self.sock = socket.create_connection(address)
            def close(self): self.sock.close()
        def f(address):
            connection = Connection(address)
            return Stream(connection.sock)
    """,
    "a subclass has a release of its own": """
        import socketserver
        class Server(socketserver.UDPServer):
            def stop(self):
                self.shutdown()
                self.server_close()
        def f(address, handler):
            server = Server(address, handler)
            server.stop()
    """,
    "an element of a known resource is not the resource": """
        def first(h):
            for line in h:
                return line
        def f(p):
            with open(p) as h:
                line = first(h)
            return line
    """,
    "a sequence pattern binds elements": """
        def f(p):
            match (open(p), 1):
                case (h, _):
                    h.close()
    """,
    "a None pattern": """
        def f(q):
            h = open(q) if q else None
            match h:
                case None:
                    return
                case x:
                    x.close()
    """,
    "a starred target holds the rest": """
        def f(p, q):
            a, *b = open(p), open(q)
            with a:
                pass
            for x in b:
                x.close()
    """,
    "a lambda that releases is handed to an own method": """
        import os
        class T:
            def test(self):
                r, w = os.pipe()
                self.addCleanup(lambda: os.close(r))
                self.addCleanup(lambda: os.close(w))
                self.go()
    """,
    "a thread releases what it owns at its end": """
        import socket
        import threading
        class Server(threading.Thread):
            def __init__(self):
                self.sock = socket.socket()
                super().__init__()
            def __enter__(self):
                self.start()
                return self
            def __exit__(self, *args):
                self.join()
            def run(self):
                self.sock.listen(5)
                self.close()
            def close(self):
                self.sock.close()
        def f():
            server = Server()
            with server:
                print(server.sock)
    """,
    "a server whose socket is closed": """
        import socketserver
        def f(handler):
            server = socketserver.TCPServer(("", 0), handler)
            try:
                server.serve_forever()
            finally:
                server.socket.close()
    """,
    "elements spread into a list": """
        def f(p):
            files = [open(p)]
            for one in [*files]:
                one.close()
    """,
    "an attribute that settles it on another branch": """
        import subprocess
        def f(command, is_debug):
            process = subprocess.Popen(command)
            if is_debug:
                process.communicate()
            else:
                process.returncode = 0
    """,
    "what only a with opens, that with releases": """
        class Session:
            async def __aenter__(self):
                self.file = open('a')
                return self
            async def __aexit__(self, *error):
                self.file.close()
        async def each(session, names):
            for name in names:
                await one(session, name)
        async def test_no_names():
            session = Session()
            await each(session, [])
    """,
    "a logger that is imported is not taken to raise": """
        import os
        from app.log import logger
        def ping(host):
            null = open(os.devnull, 'w')
            try:
                work(host, null)
            except Exception as error:
                logger.debug('%s', error)
            null.close()
    """,
    "a session on the connection of a migration": """
        from alembic import op
        from sqlalchemy import orm
        from sqlalchemy.orm import Session
        def upgrade():
            bind = op.get_bind()
            session = Session(bind=bind)
            session.add(bind)
            session.commit()
        def downgrade():
            session = orm.Session(op.get_bind())
            for row in session.query(op):
                row.name = ''
            session.commit()
    """,
    "a client that closes the session it is given": """
        import requests
        from azure.storage.blob import ContainerClient
        class Bucket:
            def connect(self, url):
                session = requests.Session()
                session.verify = False
                self.client = ContainerClient(url, 'backups', session=session)
    """,
    "one of the modes that are left": """
        import io
        def f(name, mode='rt'):
            if mode not in {'r', 'rt', 'rb'}:
                raise ValueError(mode)
            raw = io.FileIO(name)
            if mode == 'rb':
                return io.BufferedReader(raw)
            elif mode in {'r', 'rt'}:
                return io.TextIOWrapper(raw)
    """,
    "neither the one nor the other": """
        def f(name, mode):
            if mode in ('a', 'b'):
                h = open(name)
            if mode == 'c':
                return
            if mode in ['a', 'b']:
                h.close()
    """,
    "a websocket ends with its session": """
        import aiohttp
        async def first(url):
            async with aiohttp.ClientSession() as session:
                socket = await session.ws_connect(url)
                return await socket.receive_str()
    """,
}


@pytest.mark.parametrize("title", SILENT)
def test_silent(title: str, marks: Marks) -> None:
    assert marks(textwrap.dedent(SILENT[title]).strip("\n") + "\n") == []


FOUND = {
    "a generator expression passed to list, sorted, set, dict": """
        def f(p):
            return sorted(line.strip() for line in open(p))  # LKR104
        def g(p):
            h = open(p)  # LKR101
            return dict(line.split() for line in h)
    """,
    "a generator expression passed to join": """
        def f(p):
            return ''.join(x for x in open(p))  # LKR104
    """,
    "a generator expression passed to update": """
        def f(p):
            found = {}
            found.update(x.split() for x in open(p))  # LKR104
            return found
    """,
    "a loop with a generator expression": """
        def f(ps):
            for p in ps:
                h = open(p)  # LKR105
                print(sum(1 for _ in h))
    """,
    "the same in a module": """
        for p in 'ab':
            h = open(p)  # LKR105
            print(sum(1 for _ in h))
    """,
    "a loop over an unpacked tuple": """
        import asyncio
        async def f(ps):
            for p in ps:
                r, w = await asyncio.open_connection(p, 1)  # LKR105
                w.write(b'x')
    """,
    "one late loop, one finding": """
        def f(p):
            h = open(p)
            h.close()
            for x in h:  # LKR106
                print(x)
    """,
    "a helper generator over a file": """
        def lines(h):
            for x in h: yield x
        def f(p):
            h = open(p)  # LKR101
            print(*lines(h))
    """,
    "a wait that times out": """
        import subprocess
        def f(c):
            p = subprocess.Popen(c)  # LKR102
            try:
                return p.wait(timeout=5)
            except subprocess.TimeoutExpired:
                return None
    """,
    "code after an assertion of what a nested function has bound anew": """
        def f(p):
            got = None
            def note(v):
                nonlocal got
                got = v
            h = open(p)  # LKR101
            run(note)
            assert got
            h.read()
    """,
    "code after an assertion of what a container holds": """
        def f(p):
            got = [None]
            h = open(p)  # LKR101
            run(got)
            assert got[0]
            h.read()
    """,
    "code after an assertion that an attribute is None": """
        class T:
            def test(self):
                h = open('p')  # LKR101
                self.assertIsNone(h.newlines)
                h.read()
    """,
    "a file that somebody else only checks for its type": """
        def read(f):
            if isinstance(f, str):
                f = open(f)
                f.close()
            return 1
        def f(p):
            h = open(p)  # LKR101
            read(h)
    """,
    "a generator that awaits by yielding": """
        from tornado.testing import gen_test
        from tornado.websocket import websocket_connect
        class T:
            @gen_test
            def test_echo(self):
                ws = yield websocket_connect('ws://x')  # LKR101
                ws.write_message('a')
                assert (yield ws.read_message())
    """,
    "a generator that awaits by delegating, as a factory and as its caller": """
        import asyncio
        @asyncio.coroutine
        def make(p):
            h = open(p)
            yield from asyncio.sleep(1)
            return h
        @asyncio.coroutine
        def use(p):
            h = yield from make(p)  # LKR101
            return h.read()
    """,
    "a test method that something drives": """
        import asyncio
        from mine import run_until_complete
        class T:
            @run_until_complete
            def test_it(self):
                r, w = yield from asyncio.open_connection('h', 1)  # LKR101
                w.write(b'')
    """,
    "what six moves": """
        import socket
        from six.moves import http_client as httplib
        from six.moves.urllib.request import urlopen
        def f():
            r = httplib.HTTPResponse(socket.socket())  # LKR104
            r.chunked = 0
        def g(u):
            return urlopen(u).read()  # LKR104
    """,
    "a reader that makes the next reader over the same file": """
        class Header:
            def __init__(self, file, pos):
                self.file = file
                self.pos = pos
            def next(self):
                if self.file is None: return None
                return Header(self.file, self.pos + 1)
        def f(p):
            h = open(p)  # LKR101
            one = Header(h, 0)
            return one.next().pos
    """,
    "a method that is called as files call what gives data": """
        import socket
        class Wrapped:
            def __init__(self, sock): self.sock = sock
            def recv(self, n): return self.one(n, self.sock.recv)
            def one(self, n, f): return f(n)
            def close(self): self.sock.close()
        def f(a):
            w = Wrapped(socket.create_connection(a))  # LKR101
            got = bytearray()
            got += w.recv(1)
            return got
    """,
    "only its reading method is handed on": """
        def test_it(monkeypatch, module, p):
            h = open(p)  # LKR101
            monkeypatch.setattr(module, "read", h.read)
    """,
    "what a thread's lambda gives": """
        import ssl, threading
        def f(sock):
            context = ssl.create_default_context()
            threading.Thread(target=lambda: context.wrap_socket(sock)).start()  # LKR104
    """,
    "a method gives what its object keeps": """
        import requests
        class Fetcher:
            def __init__(self): self.sessions = {}
            def session(self, url):
                session = self.sessions.get(url)
                if session is None:
                    session = requests.Session()
                    self.sessions[url] = session
                return session
            def close(self):
                for one in self.sessions.values(): one.close()
            def fetch(self, url):
                response = self.session(url).get(url, stream=True)  # LKR101
                return response.headers
    """,
    "a class of the function holds it": """
        import asyncio
        from concurrent.futures import ThreadPoolExecutor
        def f():
            pool = ThreadPoolExecutor(1)  # LKR101
            class Factory:
                executor = pool
                def run(self): return 1
            factory = Factory()
            async def main():
                factory.run()
            asyncio.run(main())
    """,
    "a name holds one of several readers": """
        def by_path(path): return path.upper()
        def by_file(file): return file.read()
        def parse(file, is_path=False):
            reader = None
            if is_path:
                reader = by_path
            if reader:
                return reader(file)
            return by_file(file)
        def f(p):
            h = open(p)  # LKR101
            return parse(h)
    """,
    "a class that another one names": """
        import socket
        class Connection:
            def __init__(self, address): self.sock = socket.create_connection(address)
            def close(self): self.sock.close()
        class Pool:
            connection_class: type[Connection] = Connection
            def new(self, address):
                connection = self.connection_class(address)
                return connection
        def f(address):
            connection = Pool().new(address)  # LKR101
            print(connection.sock)
    """,
    "a test puts it into an object of its set-up": """
        import unittest
        class T(unittest.TestCase):
            def setUp(self): self.request = make()
            def test_body(self):
                body = open('p')  # LKR101
                self.request.body = body
                self.request.reset()
                self.assertEqual(body.tell(), 0)
    """,
    "a private method of a parameter": """
        def read(h): return h._read()
        def f(p):
            h = open(p)  # LKR101
            read(h)
    """,
    "a reader that opens what it is given under a condition": """
        def parse(file, is_path):
            if is_path:
                with open(file) as h: return h.read()
            return file.read()
        def f(p, is_path):
            h = open(p)  # LKR101
            return parse(h, is_path)
    """,
    "a lazy thing that is lent": """
        import tempfile, json
        def f(x):
            h = tempfile.SpooledTemporaryFile()  # LKR101
            json.dump(x, h)
    """,
    "a session on an engine": """
        from sqlalchemy.orm import Session
        def names(engine):
            session = Session(bind=engine)  # LKR101
            return [row.name for row in session.query(engine).all()]
    """,
    "a container that is returned holds what it was made of": """
        def many(paths):
            return [open(p) for p in paths]
        def count(paths):
            for f in many(paths):  # LKR101
                f.read()
    """,
    "released where it was not opened": """
        def f(name, names):
            h = None
            if name not in names:
                h = open(name)  # LKR101
            if name in names:
                h.close()
    """,
    "bound anew to one of the strings": """
        def f(name, mode):
            h = open(name)  # LKR102
            if mode in ('a', 'b'):
                mode = other()
                if mode == 'c':
                    h.close()
    """,
    "a websocket on another's session": """
        import aiohttp
        async def first(session: aiohttp.ClientSession, url):
            socket = await session.ws_connect(url)  # LKR101
            return await socket.receive_str()
    """,
}


@pytest.mark.parametrize("title", FOUND)
def test_found(title: str, marks: Marks) -> None:
    text = textwrap.dedent(FOUND[title]).strip("\n") + "\n"
    wanted = [(number, line[-6:]) for number, line in enumerate(text.split("\n"), 1) if "# LKR" in line]
    assert marks(text) == wanted


def test_the_line_that_raises_is_not_a_handled_one(shipped: Project) -> None:
    text = "def f(p):\n    h = open(p)\n    try:\n        h.seek(1)\n    except Exception:\n        pass\n"
    text += "    h.tell()\n    h.close()\n"
    (finding,) = lint(parse("a.py", text), shipped)
    assert "line 7 raises" in finding.message


def test_the_first_import_of_a_try_counts(marks: Marks) -> None:
    text = "try:\n    import requests as http\nexcept ImportError:\n    import mylib as http\n"
    text += "def f():\n    s = http.Session()\n    s.x = 1\n"
    assert marks(text) == [(6, "LKR101")]


def test_the_name_that_it_was_given_first(shipped: Project) -> None:
    text = """
def split(pages, options):
    files = {}
    for name in options.names:
        while True:
            try:
                page = next(pages)
            except EOFError:
                break
            else:
                if page.serial not in files:
                    new = open(name, "wb")
                    files[page.serial] = new
                files[page.serial].write(page.write())
        for f in files.values():
            f.close()
"""
    messages = [one.message for one in lint(parse("a.py", text), shipped)]
    assert messages
    assert all(one.startswith("`new` (open file)") for one in messages)
