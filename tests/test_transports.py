"""Transports and their protocols: who of the two answers for the connection; and loops that are known by their name."""

import textwrap
from collections.abc import Callable

import pytest

Marks = Callable[[str], list[tuple[int, str]]]

FOUND = {
    "a protocol that nobody else knows": """
        async def ping():
            loop = asyncio.get_running_loop()
            await loop.create_connection(asyncio.Protocol, "localhost", 1)  # LKR104

        async def greet():
            loop = asyncio.get_running_loop()
            transport, protocol = await loop.create_connection(lambda: asyncio.Protocol(), "localhost", 1)  # LKR101
            protocol.data_received(b"")
    """,
    "a transport that is used beside a protocol that knows somebody": """
        class Greeter:
            async def greet(self):
                loop = asyncio.get_running_loop()
                transport, _ = await loop.create_connection(lambda: Protocol(self), "localhost", 1)  # LKR101
                transport.write(b"hello")
    """,
    "a loop that is given": """
        async def serve(loop):
            server = await loop.create_server(asyncio.Protocol, "localhost", 0)  # LKR101
            print(server.sockets)
    """,
    "a loop in an attribute": """
        class Service:
            def __init__(self, loop=None):
                self._loop = loop or asyncio.get_event_loop()

            async def serve(self):
                server = await self._loop.create_server(asyncio.Protocol, "localhost", 0)  # LKR101
                print(server.sockets)
    """,
    "an attribute that nothing releases": """
        class Console:
            async def start(self, reading):
                loop = asyncio.get_running_loop()
                self.transport, _ = await loop.connect_read_pipe(lambda: reading, sys.stdin)  # LKR401
    """,
}

SILENT = {
    "a protocol that gives itself": """
        class Client(asyncio.Protocol):
            async def connect(self):
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: self, "localhost", 1)

            async def upgrade(self):
                loop = asyncio.get_running_loop()
                transport, _ = await loop.create_connection(lambda: self, "localhost", 2)
                print(transport.get_extra_info("peername"))
    """,
    "a protocol that others have": """
        async def connect():
            loop = asyncio.get_running_loop()
            protocol = asyncio.Protocol()
            await loop.create_connection(lambda: protocol, "localhost", 1)
            return protocol
    """,
    "a factory that somebody gives": """
        async def connect(factory):
            loop = asyncio.get_running_loop()
            _, protocol = await loop.create_connection(factory, "localhost", 1)
            protocol.data_received(b"")
    """,
    "a protocol that knows its owner": """
        class Client:
            async def connect(self):
                loop = asyncio.get_running_loop()
                await loop.create_datagram_endpoint(lambda: Protocol(self), ("localhost", 1))
    """,
    "a protocol that a function returns beside its transport": """
        async def dial(host):
            loop = asyncio.get_running_loop()
            return await loop.create_connection(asyncio.Protocol, host, 1)

        async def connect():
            _, protocol = await dial("localhost")
            return protocol
    """,
    "an object of another kind": """
        async def serve(pool, factory):
            server = await pool.create_server(factory, "localhost", 0)
            print(server)
    """,
}


def as_module(text: str) -> str:
    """Give a case as a module."""
    return "import asyncio\nimport sys\n\n\n" + textwrap.dedent(text).strip("\n") + "\n"


@pytest.mark.parametrize("title", FOUND)
def test_a_transport_of_ones_own_is_found(title: str, marks: Marks) -> None:
    text = as_module(FOUND[title])
    wanted = [(number, line[-6:]) for number, line in enumerate(text.split("\n"), 1) if "# LKR" in line]
    assert marks(text) == wanted != []


@pytest.mark.parametrize("title", SILENT)
def test_a_transport_that_its_protocol_may_release_is_silent(title: str, marks: Marks) -> None:
    assert marks(as_module(SILENT[title])) == []
