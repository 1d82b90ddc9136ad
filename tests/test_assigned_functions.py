"""Names that an assignment makes callable: factories of sessions, partials, lambdas, other names for a function."""

import textwrap
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.model.source import read

FACTORIES = """
import functools
import socket
import sqlite3

from sqlalchemy import create_engine
from sqlalchemy.orm import scoped_session, sessionmaker

engine = create_engine("sqlite://")
Session = sessionmaker(bind=engine)
Registry = scoped_session(Session)
connect = functools.partial(sqlite3.connect, "app.db", timeout=3)
plug = lambda: socket.socket()
dropped = lambda: socket.socket().close()
opener = open
either = open
either = print


class Opener:
    def __init__(self, mode):
        self.mode = mode

    def __call__(self, path):
        return open(path, self.mode)


class Keeper:
    def __init__(self):
        self.files = []

    def __call__(self, path):
        self.files.append(open(path))
        return self.files[-1]

    def close(self):
        for file in self.files:
            file.close()


appending = Opener("a")


def begin():
    return Session()
"""
NAMES = "Session, Registry, connect, plug, dropped, opener, either, begin, engine, Opener, Keeper, appending"

FOUND = {
    "a session of a sessionmaker": """
        def add(one):
            session = Session()  # LKR101
            session.add(one)
            session.commit()
    """,
    "a session that a function makes": """
        def add(one):
            session = begin()  # LKR101
            session.add(one)
    """,
    "a partial": """
        def count():
            found = connect()  # LKR101
            return found.execute("select count(*) from one").fetchone()[0]
    """,
    "a method of what the module names": """
        def version():
            connection = engine.connect()  # LKR101
            return connection.scalar("select sqlite_version()")
    """,
    "a lambda": """
        def send():
            plug().send(b"1")  # LKR104
    """,
    "another name for a function": """
        def load(path):
            return opener(path).read()  # LKR104
    """,
    "a maker in an attribute": """
        from sqlalchemy import create_engine
        from sqlalchemy.orm import sessionmaker

        class Store:
            def __init__(self, url):
                self.engine = create_engine(url)
                self.begin = sessionmaker(bind=self.engine)

            def add(self, one):
                session = self.begin()  # LKR101
                session.add(one)

            def close(self):
                self.engine.dispose()
    """,
    "a maker that is given": """
        from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

        async def add(make: async_sessionmaker[AsyncSession], one):
            session = make()  # LKR101
            session.add(one)
    """,
    "a maker that a function makes for itself": """
        from sqlalchemy.orm import sessionmaker

        def add(engine, one):
            make = sessionmaker(bind=engine)
            session = make()  # LKR101
            session.add(one)

        def remove(engine, one):
            session = sessionmaker(bind=engine)()  # LKR101
            session.delete(one)
    """,
    "an object that opens when it is called": """
        def load(path):
            opening = Opener("r")
            file = opening(path)  # LKR101
            return file.read()
    """,
    "an object that opens, called where it is made": """
        def load(path):
            return Opener("r")(path).read()  # LKR104
    """,
    "an object that opens, in an attribute": """
        class Store:
            def __init__(self):
                self.opening = Opener("r")

            def load(self, path):
                return self.opening(path).read()  # LKR104
    """,
    "an object of the module that opens": """
        def log(path, line):
            appending(path).write(line)  # LKR104
    """,
}

SILENT = {
    "an object that opens, and whose results are closed": """
        def load(path):
            opening = Opener("r")
            with opening(path) as file, appending(path) as log:
                log.write(file.read())
    """,
    "an object that closes what it opens": """
        from contextlib import closing

        def load(path):
            with closing(Keeper()) as keeping:
                return keeping(path).read()
    """,
    "a session that is released": """
        def add(one):
            with Session() as session:
                session.add(one)

        def remove(one):
            session = begin()
            try:
                session.delete(one)
            finally:
                session.close()
    """,
    "a session of a registry, which releases it": """
        def add(one):
            session = Registry()
            session.add(one)
    """,
    "sessions of one connection": """
        from sqlalchemy import Engine
        from sqlalchemy.orm import sessionmaker

        def add(one, engine: Engine):
            with engine.connect() as connection:
                make = sessionmaker(bind=connection)
                session = make()
                session.add(one)
    """,
    "a lambda that releases": """
        def send():
            plugged = dropped()
            print(plugged)
    """,
    "a name bound twice": """
        def load(path):
            return either(path).read()
    """,
    "a name that a function binds itself": """
        def load(path, opener):
            file = opener(path)
            return file.read()
    """,
    "a maker that somebody else gives": """
        class Store:
            def __init__(self, begin):
                self.begin = begin

            def add(self, one):
                session = self.begin()
                session.add(one)
    """,
}


def found_in(body: str, is_imported: bool, folder: Path) -> tuple[list[str], list[str]]:
    """Give what is found in a body that stands below the factories, or imports them, and what is marked: lines with codes."""
    body = textwrap.dedent(body)
    head = f"from factories import {NAMES}\n" if is_imported else FACTORIES
    (folder / "factories.py").write_text(FACTORIES)
    (folder / "using.py").write_text(head + body)
    source = read(folder / "using.py")
    below = [one for one in lint(source, Project(Config(folder))) if one.span.line > head.count("\n")]
    lines = [f"{source.lines[one.span.line - 1].partition('  #')[0].strip()} {one.code}" for one in below]
    marked = [line.strip().replace("  # ", " ") for line in body.split("\n") if "# LKR" in line]
    return [one for one in lines if "LKR9" not in one], marked


@pytest.mark.parametrize("is_imported", [False, True], ids=["here", "imported"])
@pytest.mark.parametrize("title", FOUND)
def test_what_an_assigned_function_opens_is_found(title: str, is_imported: bool, tmp_path: Path) -> None:
    found, marked = found_in(FOUND[title], is_imported, tmp_path)
    assert found == marked != []


@pytest.mark.parametrize("is_imported", [False, True], ids=["here", "imported"])
@pytest.mark.parametrize("title", SILENT)
def test_what_is_released_or_unknown_is_silent(title: str, is_imported: bool, tmp_path: Path) -> None:
    assert found_in(SILENT[title], is_imported, tmp_path) == ([], [])
