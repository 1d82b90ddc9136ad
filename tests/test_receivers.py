"""What a call is made on: attributes of known types, annotated parameters, the object around a nested function, objects
that are called; and counters, which nobody counts along."""

import textwrap
from collections.abc import Callable

import pytest

Marks = Callable[[str], list[tuple[int, str]]]

FOUND = {
    "an attribute that is a socket": """
        import socket

        class Server:
            def __init__(self):
                self.listener = socket.create_server(("localhost", 0))

            def serve_once(self):
                peer, _ = self.listener.accept()  # LKR101
                peer.sendall(b"hello")

            def close(self):
                self.listener.close()
    """,
    "an attribute of a first-party class": """
        class Folder:
            def __init__(self, path):
                self.path = path

            def index(self):
                file = open(self.path)
                return file

        class Reader:
            def __init__(self, folder: Folder):
                self.own = Folder("own")
                self.given = folder
                self.late = None

            def prepare(self):
                self.late = Folder("late")

            def read(self):
                return self.own.index().read()  # LKR104

            def read_given(self):
                file = self.given.index()  # LKR101
                return file.read()

            def read_late(self):
                file = self.late.index()  # LKR101
                return file.read()
    """,
    "a class that a class names in its body": """
        import ftplib
        import unittest

        class FetchTest(unittest.TestCase):
            client_class = ftplib.FTP

            def setUp(self):
                self.client = self.client_class("localhost")

            def tearDown(self):
                self.client.close()

            def test_fetch(self):
                connection = self.client.transfercmd("retr x")  # LKR101
                received = 0
                while received < 100:
                    received += len(connection.recv(10))
    """,
    "what the module names": """
        import socket

        from sqlalchemy import create_engine

        class Folder:
            def index(self):
                return open("index")

        engine = create_engine("sqlite://")
        listener = socket.create_server(("localhost", 0))
        folder = Folder()

        def rows():
            connection = engine.connect()  # LKR101
            return connection.execute("select 1").fetchall()

        def serve():
            peer, _ = listener.accept()  # LKR101
            peer.sendall(b"hello")

        def first():
            return folder.index().readline()  # LKR104
    """,
    "annotated parameters": """
        from __future__ import annotations

        class Folder:
            def index(self):
                return open("index")

        def first(folder: Folder):
            return folder.index().readline()  # LKR104

        def lines(folder: Folder | None):
            file = folder.index()  # LKR101
            return file.readlines()
    """,
    "the object around a nested function": """
        class Mail:
            def current(self, name):
                return open(name)

            def received(self, name, deferred):
                def parse(_):
                    file = self.current(name)  # LKR101
                    return file.read()

                deferred.addCallback(parse)
    """,
    "an object that is called": """
        import socket

        class Admin:
            def __init__(self):
                self.sock = None

            def connect(self):
                self.sock = socket.create_connection(("localhost", 3301))

            def close(self):
                self.sock.close()

            def __call__(self, command):
                if self.sock is None:
                    self.connect()
                self.sock.sendall(command)

        def wait():
            admin = Admin()  # LKR101
            admin(b"status")
    """,
    "loops that count": """
        def before(path):
            file = open(path)  # LKR101
            count = 0
            while count < 10:
                count += len(file.read(1))

        def after(path):
            count = 0
            while count != 10:
                count += 1
            file = open(path)  # LKR101
            return file.read()
    """,
    "a name for what opens": """
        import gzip

        def plain(path):
            opener = open
            file = opener(path)  # LKR101
            return file.read()

        def packed(path):
            opener = gzip.open
            file = opener(path)  # LKR101
            return file.read()
    """,
    "text that is put together": """
        def show(path, words):
            text = ""
            for word in words:
                text += word
            if text:
                file = open(path)  # LKR101
                file.write(text)
    """,
}

FOUND |= {
    "files that something unknown opens and that are read at once": """
        import json

        def contents(storage, name):
            return storage.open(name).read()  # LKR104

        def listed(folder):
            return [one.open().readlines() for one in folder.iterdir()]  # LKR104

        def save(fs, data):
            json.dump(data, fs.open("data.json", "w"))  # LKR104

        def below(folder):
            return folder.child("x").open().read()  # LKR104

        class Cache:
            def __init__(self, storage):
                self.storage = storage

            def get(self, name):
                return json.load(self.storage.open(name))  # LKR104
    """,
}

SILENT = {
    "attributes of which nobody knows what they are": """
        import socket
        import unittest.mock

        class Server:
            def __init__(self, listener=None):
                self.listener = listener or socket.create_server(("localhost", 0))
                self.first, self.second = make_two()
                self.replaced = socket.create_server(("localhost", 0))
                self.replaced = unittest.mock.Mock()

            def serve(self):
                peer, _ = self.listener.accept()
                peer.sendall(b"hello")
                peer, _ = self.second.accept()
                peer.sendall(b"hello")
                peer, _ = self.replaced.accept()
                peer.sendall(b"hello")

            def close(self):
                self.listener.close()
                self.replaced.close()
    """,
    "names of the module that are something else by now": """
        import socket

        listener = socket.create_server(("localhost", 0))
        listener = wrapped(listener)
        other = socket.create_server(("localhost", 0))

        def serve():
            peer, _ = listener.accept()
            peer.sendall(b"hello")

        def serve_given(other):
            peer, _ = other.accept()
            peer.sendall(b"hello")

        def serve_own():
            other = make()
            peer, _ = other.accept()
            peer.sendall(b"hello")
    """,
    "what the peer is handed on to": """
        import socket
        import threading

        class Server:
            def __init__(self):
                self.listener = socket.create_server(("localhost", 0))
                self.peers = []

            def serve(self):
                while True:
                    peer, address = self.listener.accept()
                    threading.Thread(target=self.talk, args=(peer, address)).start()

            def keep(self):
                peer, _ = self.listener.accept()
                self.peers.append(peer)

            def give(self):
                return self.listener.accept()

            def talk(self, peer, address):
                with peer:
                    peer.sendall(b"hello")

            def close(self):
                self.listener.close()
                for peer in self.peers:
                    peer.close()
    """,
    "a coroutine that somebody else awaits": """
        import asyncio
        import unittest

        class LoopTest(unittest.TestCase):
            def setUp(self):
                self.loop = asyncio.new_event_loop()
                self.addCleanup(self.loop.close)

            def test_refused(self):
                coroutine = self.loop.create_connection(asyncio.Protocol, "localhost", 0)
                self.assertRaises(OSError, self.loop.run_until_complete, coroutine)
    """,
    "what is read at once and is known, or no file": """
        import json

        import storages
        from shelves import Shelf

        class Memory:
            def open(self, name):
                return self

            def read(self):
                return "content"

            def again(self):
                return self.open("x").read()

        class Deep(Shelf):
            def content(self):
                return self.open("x").read()

        class Holder:
            def __init__(self):
                self.memory = Memory()

            def content(self):
                return self.memory.open("x").read()

        def contents(memory: Memory, opener, url):
            print(memory.open("x").read(), Memory().open("x").read(), opener.open(url).read())
            print(storages.open("x").read(), Shelf.open("x").read())
            print(page.open("/count").read(), user.open(url).readlines())

        def managed(storage):
            with storage.open("x") as file:
                return json.load(file)
    """,
    "a parameter that a first-party function releases": """
        class Folder:
            def __init__(self, path):
                self.file = open(path)

            def close(self):
                self.file.close()

        def finish(folder: Folder):
            folder.close()

        def use(path):
            folder = Folder(path)
            finish(folder)
    """,
    "a method of something unknown, which a function of this name may be": """
        import socket

        from app import register, server

        def serve(path):
            listener = socket.socket()
            try:
                listener.bind(path)
                while True:
                    peer, _ = listener.accept()
                    server.answer(peer)
            finally:
                listener.close()

        @register(server)
        def answer(self, peer):
            peer.sendall(b"hello")
            peer.close()
    """,
    "a counter that tells whether anything was opened": """
        def read(paths):
            count = 0
            for path in paths:
                count += 1
            file = open(paths[0]) if count else None
            if count:
                print(file.fileno())
            if file is not None:
                file.close()
    """,
}


def dedented(text: str) -> str:
    """Give a case as a module."""
    return textwrap.dedent(text).strip("\n") + "\n"


@pytest.mark.parametrize("title", FOUND)
def test_what_a_known_receiver_gives_is_found(title: str, marks: Marks) -> None:
    text = dedented(FOUND[title])
    wanted = [(number, line[-6:]) for number, line in enumerate(text.split("\n"), 1) if "# LKR" in line]
    assert marks(text) == wanted


@pytest.mark.parametrize("title", SILENT)
def test_what_is_unknown_or_answered_for_is_silent(title: str, marks: Marks) -> None:
    assert [one for one in marks(dedented(SILENT[title])) if one[1] != "LKR103"] == []
