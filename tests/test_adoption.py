"""What is made over a client that it is given holds nothing else: who closes the client has closed both."""

import textwrap
from collections.abc import Callable

import pytest

Marks = Callable[[str], list[tuple[int, str]]]

HEAD = """
import aiohttp
import httpx
from openai import AsyncOpenAI, OpenAI


def make(http):
    return OpenAI(http_client=http)


def make_perhaps_over(http=None):
    return OpenAI(http_client=http)
"""

FOUND = {
    "neither is closed": """
        def ask():
            http = httpx.Client()
            client = OpenAI(http_client=http)  # LKR101
            return client.models.list()
    """,
    "the client has no name": """
        def ask():
            client = OpenAI(http_client=httpx.Client())  # LKR101
            return client.models.list()
    """,
    "it is told to make its own": """
        def ask():
            client = OpenAI(http_client=None)  # LKR101
            return client.models.list()
    """,
    "what an unknown call makes nobody else has": """
        def ask(build):
            client = OpenAI(http_client=build())  # LKR101
            return client.models.list()
    """,
    "closed on some paths only": """
        def ask():
            http = httpx.Client()
            client = OpenAI(http_client=http)  # LKR103
            client.models.list()
            http.close()
    """,
    "made by a function": """
        def ask():
            client = make(httpx.Client())  # LKR101
            return client.models.list()
    """,
    "made by a function that is given none": """
        def ask():
            client = make_perhaps_over()  # LKR101
            return client.models.list()
    """,
    "a class that keeps only the one over the other": """
        class Backend:
            def __init__(self):
                self.client = OpenAI(http_client=httpx.Client())  # LKR401
    """,
}

SILENT = {
    "the caller's": """
        def ask(http):
            client = OpenAI(http_client=http)
            return client.models.list()
    """,
    "the caller's, annotated": """
        def ask(http: httpx.Client):
            client = OpenAI(http_client=http)
            return client.models.list()
    """,
    "the object's": """
        class Backend:
            def ask(self):
                client = OpenAI(http_client=self.http)
                return client.models.list()
    """,
    "the module's": """
        http = httpx.Client()

        def ask():
            client = OpenAI(http_client=http)
            return client.models.list()
    """,
    "closed by a with": """
        def ask():
            with httpx.Client() as http:
                client = OpenAI(http_client=http)
                return client.models.list()
    """,
    "closed in a finally": """
        async def ask():
            connector = aiohttp.TCPConnector()
            try:
                session = aiohttp.ClientSession(connector=connector)
                print(session.closed)
            finally:
                await connector.close()
    """,
    "made by a function over what is closed": """
        def ask():
            with httpx.Client() as http:
                client = make(http)
                return client.models.list()
    """,
    "a class that is given one": """
        class Backend:
            def __init__(self, http):
                self.client = AsyncOpenAI(http_client=http)
    """,
    "a class that closes the one below": """
        class Backend:
            def __init__(self):
                self.http = httpx.AsyncClient()
                self.client = AsyncOpenAI(http_client=self.http)

            async def aclose(self):
                await self.http.aclose()
    """,
    "a class that closes its own, and not its caller's": """
        class Backend:
            def __init__(self, http=None):
                self.own = None
                if http is None:
                    http = self.own = httpx.AsyncClient()
                self.client = AsyncOpenAI(http_client=http)

            async def aclose(self):
                if self.own is not None:
                    await self.own.aclose()
    """,
}


@pytest.mark.parametrize("title", FOUND)
def test_what_must_be_closed_is_found(title: str, marks: Marks) -> None:
    text = HEAD + textwrap.dedent(FOUND[title])
    wanted = [(number, line[-6:]) for number, line in enumerate(text.split("\n"), 1) if "# LKR" in line]
    assert marks(text) == wanted != []


@pytest.mark.parametrize("title", SILENT)
def test_what_somebody_else_closes_is_silent(title: str, marks: Marks) -> None:
    assert marks(HEAD + textwrap.dedent(SILENT[title])) == []
