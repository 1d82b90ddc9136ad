"""Objects made over a resource: who releases both, under which flag, and what a release of the one does to the other."""

import textwrap
from collections.abc import Callable

import pytest

Marks = Callable[[str], list[tuple[int, str]]]

FRAMED = """
import socket

class Framed:
    def __init__(self, sock):
        self._sock = sock

    def receive(self):
        return self._sock.recv(4096)

    def close(self):
        self._sock.close()
"""

READER = """
class Reader:
    def __init__(self, file, owns=False):
        self.file = file
        self.owns = owns

    @classmethod
    def at(cls, path):
        return cls(open(path), owns=True)

    def read(self):
        return self.file.read()

    def close(self):
        if self.owns:
            self.file.close()
"""

API = """
import requests

class Api:
    def __init__(self, session=None):
        self._session = session or requests.Session()
        self._owns = session is None

    def status(self):
        return self._session.get("http://localhost:1").status_code

    def close(self):
        if self._owns:
            self._session.close()
"""

COUNTING = """
class Counting:
    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._file.close()
"""

SILENT = {
    "what it was made over is closed": FRAMED
    + """
def inline(address):
    sock = socket.create_connection(address)
    try:
        return Framed(sock).receive()
    finally:
        sock.close()

def named(address):
    sock = socket.create_connection(address)
    with sock:
        framed = Framed(sock)
        return framed.receive()

def failing(address):
    sock = socket.create_connection(address)
    try:
        framed = Framed(sock)
        framed.receive()
    except OSError:
        sock.close()
        raise
    return framed

def returned(address):
    sock = socket.create_connection(address)
    try:
        Framed(sock).receive()
    except BaseException:
        sock.close()
        raise
    return sock
""",
    "it is told to release what it is given": READER
    + """
def inline(path):
    reader = Reader(open(path), owns=True)
    try:
        return reader.read()
    finally:
        reader.close()

def named(path):
    file = open(path)
    reader = Reader(file, True)
    try:
        return reader.read()
    finally:
        reader.close()

def made(path):
    reader = Reader.at(path)
    try:
        return reader.read()
    finally:
        reader.close()

def asked(path, owns):
    reader = Reader(open(path), owns)
    return reader.read()
""",
    "a field tells it to release what it is given": """
from dataclasses import dataclass
from typing import IO

@dataclass
class Sink:
    out: IO
    owns: bool = False

    def close(self):
        if self.owns:
            self.out.close()

def write(path):
    sink = Sink(open(path, "w"), owns=True)
    try:
        sink.out.write("x")
    finally:
        sink.close()
""",
    "the innermost of several is closed": FRAMED
    + """
class Session:
    def __init__(self, framed):
        self.framed = framed

    def close(self):
        self.framed.close()

def receive(address):
    sock = socket.create_connection(address)
    session = Session(Framed(sock))
    try:
        return session.framed.receive()
    finally:
        sock.close()
""",
    "they are made over each other in a loop": """
class Reader:
    def __init__(self, file):
        self.file = file

    def close(self):
        self.file.close()

def read(path, depth):
    reader = open(path)
    for _ in range(depth):
        reader = Reader(reader)
    return reader
""",
    "it is told not to borrow": """
class Reader:
    def __init__(self, file, borrowed):
        self.file = file
        self.borrowed = borrowed

    def close(self):
        if not self.borrowed and self.file is not None:
            self.file.close()

def read(path):
    reader = Reader(open(path), borrowed=False)
    try:
        return reader.file.read()
    finally:
        reader.close()
""",
    "it is given one, so it makes none": API
    + """
def lent():
    with requests.Session() as session:
        api = Api(session)
        return api.status()
""",
    "it has the methods of what it is made over": COUNTING
    + """
class Opening:
    def __init__(self, path):
        self._file = open(path)

    def __getattr__(self, name):
        return getattr(self._file, name)

def given(path):
    file = Counting(open(path))
    try:
        return file.read()
    finally:
        file.close()

def opened(path):
    file = Opening(path)
    try:
        return file.read()
    finally:
        file.close()
""",
}

FOUND = {
    "nobody closes either": FRAMED
    + """
def inline(address):
    sock = socket.create_connection(address)
    return Framed(sock).receive()  # LKR104

def each(addresses):
    for address in addresses:
        framed = Framed(socket.create_connection(address))  # LKR105
        framed.receive()
    framed.close()
""",
    "it is told to release what it is given, and nobody tells it when": READER
    + """
def named(path):
    reader = Reader(open(path), owns=True)  # LKR101
    return reader.read()

def made(path):
    reader = Reader.at(path)  # LKR101
    return reader.read()
""",
    "it is told to borrow": READER
    + """
def by_default(path):
    reader = Reader(open(path))  # LKR104
    try:
        return reader.read()
    finally:
        reader.close()

def told(path):
    file = open(path)  # LKR101
    reader = Reader(file, owns=False)
    try:
        return reader.read()
    finally:
        reader.close()
""",
    "it may be given none": API
    + """
def perhaps(is_slow):
    session = requests.Session() if is_slow else None
    try:
        api = Api(session)  # LKR101
        return api.status()
    finally:
        if session is not None:
            session.close()
""",
    "a field tells it to borrow": """
from dataclasses import dataclass
from typing import IO

@dataclass
class Sink:
    out: IO
    owns: bool = False

    def close(self):
        if self.owns:
            self.out.close()

def write(path):
    sink = Sink(open(path, "w"))  # LKR104
    try:
        sink.out.write("x")
    finally:
        sink.close()
""",
    "nobody calls what it hands on": COUNTING
    + """
def given(path):
    file = Counting(open(path))  # LKR101
    return file.read()
""",
    "something that it gave is closed": """
import socket
import unittest

class Echo(unittest.TestCase):
    def setUp(self):
        self.server = socket.create_server(("", 0))  # LKR305
        self.client = socket.create_connection(self.server.getsockname())

    def tearDown(self):
        self.client.close()
""",
}


@pytest.mark.parametrize("title", SILENT)
def test_one_release_is_enough(title: str, marks: Marks) -> None:
    assert marks(SILENT[title].lstrip("\n")) == []


@pytest.mark.parametrize("title", FOUND)
def test_what_neither_releases_is_found(title: str, marks: Marks) -> None:
    text = textwrap.dedent(FOUND[title]).lstrip("\n")
    wanted = [(number, line[-6:]) for number, line in enumerate(text.split("\n"), 1) if "# LKR" in line]
    assert marks(text) == wanted
