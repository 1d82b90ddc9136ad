"""Runs pieces of code, each in a thread of its own, against an aiohttp server on 127.0.0.1, and says what goes wrong.

Started by test_loops_run.py under `-X dev -W error::ResourceWarning`: the pieces come as JSON on standard input (name to
text), the troubles go as JSON to standard output (name to list). A piece finds the server at `URL`.
"""

import asyncio
import gc
import io
import json
import sys
import threading
import warnings
from contextlib import redirect_stderr
from queue import SimpleQueue

from aiohttp import web


async def answer(request: web.Request) -> web.Response:
    async for _ in request.content.iter_any():
        pass
    return web.Response(text=f"hello {request.path}")


async def serve(addresses: SimpleQueue[str], stop: asyncio.Event) -> None:
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        addresses.put(f"http://{host}:{port}")
        await stop.wait()
    finally:
        await runner.cleanup()


def troubles_of(text: str, url: str) -> list[str]:
    """Run one piece in a fresh thread; give what it raises, what is raised in finalisers, and the warnings."""
    found: list[str] = []

    def run() -> None:
        exec(compile(text, "<piece>", "exec"), {"__name__": "__main__", "URL": url})

    def note(raised: "threading.ExceptHookArgs | sys.UnraisableHookArgs") -> None:
        found.append(f"{type(raised.exc_value).__name__}: {raised.exc_value}")

    threading.excepthook = sys.unraisablehook = note
    with warnings.catch_warnings(record=True) as caught, redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ResourceWarning)
        warnings.simplefilter("always", RuntimeWarning)
        warnings.simplefilter("always", DeprecationWarning)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        for _ in range(3):  # what a finaliser lets go
            gc.collect()
    threading.excepthook, sys.unraisablehook = threading.__excepthook__, sys.__unraisablehook__
    return found + [str(one.message) for one in caught]


def main() -> None:
    addresses: SimpleQueue[str] = SimpleQueue()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    server = threading.Thread(target=loop.run_until_complete, args=(serve(addresses, stop),))
    server.start()
    try:
        url = addresses.get(timeout=10)
        pieces: dict[str, str] = json.load(sys.stdin)
        json.dump({name: troubles_of(text, url) for name, text in pieces.items()}, sys.stdout)
    finally:
        loop.call_soon_threadsafe(stop.set)
        server.join()
        loop.close()


if __name__ == "__main__":
    main()
