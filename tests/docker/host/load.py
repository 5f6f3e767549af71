"""Send requests at a constant rate: python load.py ADDRESS HOST AUTHORITY, until SIGTERM.

Requests do not wait for earlier responses. Prints the results as JSON.
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
    """The requests and their results."""

    def __init__(self, address: str, host: str, authority: str) -> None:
        """Store the IP address, the host name and the certificate authority."""
        self.address, self.host = address, host
        self.context = ssl.create_default_context(cafile=authority)
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, int]] = []
        self.lost: list[str] = []
        self.responses = {"get": 0, "post": 0, "slow": 0}

    async def send_request(self, number: int) -> None:
        """Send one request and record the result."""
        begin, kind, body = time.monotonic(), "get", ""
        # Mostly cheap requests: this tests deployments, not pages.
        line = "GET /robots.txt" if number % 10 else "GET /"
        if number % SLOW_EACH == 0:
            kind, line = "slow", "GET /slow/"
        elif number % 3 == 0:
            kind, line, body = "post", "POST /echo/", f"number={number}&" + "x" * 2000
        try:
            status, response_body = await asyncio.wait_for(self.exchange(line, body), 60)
            if status != 200 or (body and response_body != body):
                raise ConnectionError(f"{status} {response_body[:200]}")
            self.responses[kind] += 1
        except Exception as error:
            self.lost.append(f"{line} after {time.monotonic() - begin:.2f} s: {error!r}")

    async def exchange(self, line: str, body: str) -> tuple[int, str]:
        """Return the status and the body of a response, on a new or a reused connection."""
        reader, writer, uses = self.idle.pop() if self.idle else (*await self.connect(), 0)
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        writer.write(f"{line} HTTP/1.1\r\nHost: {self.host}\r\n{length}\r\n{body}".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        response_body = await reader.readexactly(int(re.search(r"(?i)content-length: (\d+)", head)[1]))
        if uses < REUSED and "connection: close" not in head.lower():
            self.idle.append((reader, writer, uses + 1))
        else:
            writer.close()
        return int(head.split()[1]), response_body.decode()

    async def connect(self):
        """Open a connection."""
        return await asyncio.open_connection(
            self.address, 443, ssl=self.context, server_hostname=self.host, limit=1_000_000
        )

    async def run(self) -> dict:
        """Send requests until SIGTERM; return the results."""
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        begin, number, tasks = time.monotonic(), 0, []
        while not stop.is_set():
            number += 1
            tasks.append(asyncio.create_task(self.send_request(number)))
            await asyncio.sleep(max(0, begin + number / RATE - time.monotonic()))
        seconds = time.monotonic() - begin
        await asyncio.gather(*tasks)
        return {"rate": number / seconds, "sent": number, **self.responses, "lost": self.lost[:20]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(Load(*sys.argv[1:]).run())))
