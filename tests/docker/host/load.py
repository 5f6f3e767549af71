"""Visitors that do not wait for each other: python load.py ADDRESS HOST AUTHORITY, until SIGTERM.

A request is sent each 1/RATE s whatever became of those before; prints what became of all, as JSON.
"""

import asyncio
import json
import re
import signal
import ssl
import sys
import time

RATE = 105
SLOW_EACH = 60
REUSED = 10


class Load:
    """The requests, and their results."""

    def __init__(self, address: str, host: str, authority: str) -> None:
        """Keep where to ask, and for whom."""
        self.address, self.host = address, host
        self.context = ssl.create_default_context(cafile=authority)
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, int]] = []
        self.lost: list[str] = []
        self.answered = {"get": 0, "post": 0, "slow": 0}

    async def ask(self, number: int) -> None:
        """Send one request, and note what came."""
        begin, kind, body = time.monotonic(), "get", ""
        # Mostly what costs little: the test is of the deployment, and not of the pages.
        line = "GET /robots.txt" if number % 10 else "GET /"
        if number % SLOW_EACH == 0:
            kind, line = "slow", "GET /slow/"
        elif number % 3 == 0:
            kind, line, body = "post", "POST /echo/", f"number={number}&" + "x" * 2000
        try:
            status, received = await asyncio.wait_for(self.exchange(line, body), 60)
            if status != 200 or (body and received != body):
                raise ConnectionError(f"{status} {received[:200]}")
            self.answered[kind] += 1
        except Exception as error:
            self.lost.append(f"{line} after {time.monotonic() - begin:.2f} s: {error!r}")

    async def exchange(self, line: str, body: str) -> tuple[int, str]:
        """Return the status and the body of an answer, by a new connection or one that is used again."""
        reader, writer, used = self.idle.pop() if self.idle else (*await self.connect(), 0)
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        writer.write(f"{line} HTTP/1.1\r\nHost: {self.host}\r\n{length}\r\n{body}".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        received = await reader.readexactly(int(re.search(r"(?i)content-length: (\d+)", head)[1]))
        if used < REUSED and "connection: close" not in head.lower():
            self.idle.append((reader, writer, used + 1))
        else:
            writer.close()
        return int(head.split()[1]), received.decode()

    async def connect(self):
        """Return a new connection."""
        return await asyncio.open_connection(
            self.address, 443, ssl=self.context, server_hostname=self.host, limit=1_000_000
        )

    async def run(self) -> dict:
        """Ask until SIGTERM; return what became of it."""
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        begin, number, tasks = time.monotonic(), 0, []
        while not stop.is_set():
            number += 1
            tasks.append(asyncio.create_task(self.ask(number)))
            await asyncio.sleep(max(0, begin + number / RATE - time.monotonic()))
        seconds = time.monotonic() - begin
        await asyncio.gather(*tasks)
        return {"rate": number / seconds, "sent": number, **self.answered, "lost": self.lost[:20]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(Load(*sys.argv[1:]).run())))
