"""An editor's side of the Debug Adapter Protocol: https://microsoft.github.io/debug-adapter-protocol."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import ProxyHandler, build_opener

SECONDS = 60


class Debugger:
    """A connection to a debug adapter, as an editor has one for each process that it follows."""

    def __init__(self, port: int, **attach: Any) -> None:
        """Connect and attach; `attach` is what the editor's configuration says."""
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.stream = self.socket.makefile("rb")
        self.number = self.thread = 0
        self.events: list[dict] = []
        self.responses: dict[int, dict] = {}
        self.request("initialize", adapterID="debugpy", clientID="test", linesStartAt1=True)
        self.attaching = self.send("attach", name="test", **attach)
        self.event("initialized")

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request and return its number."""
        self.number += 1
        message = {"seq": self.number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.number

    def request(self, command: str, **arguments: Any) -> dict:
        """Send a request and return the body of its response; fail if that is an error."""
        return self.receive(self.send(command, **arguments))

    def receive(self, number: int) -> dict:
        """Wait for the response to a request and return its body; fail if it is an error."""
        while number not in self.responses:
            self.read()
        response = self.responses.pop(number)
        assert response["success"], response
        return response.get("body", {})

    def event(self, name: str) -> dict:
        """Wait for the next event of this name and return its body."""
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event.get("body", {})
            self.read()

    def read(self) -> None:
        """Read one message; fail if the adapter says nothing for a minute or hangs up."""
        length = 0
        while line := self.stream.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        assert length, "the debug adapter has hung up"
        message = json.loads(self.stream.read(length))
        if message["type"] == "event":
            self.events.append(message)
        elif message["type"] == "response":
            self.responses[message["request_seq"]] = message

    def go(self, file: str = "", line: int = 0) -> None:
        """Set a breakpoint if there is one, and let the process run."""
        if file:
            found = self.request("setBreakpoints", source={"path": file}, breakpoints=[{"line": line}])
            assert found["breakpoints"][0]["verified"], found
        self.request("configurationDone")
        self.receive(self.attaching)

    def child(self) -> "Debugger":
        """Attach to the next process that this one starts, as the adapter asks an editor to do."""
        attach = self.event("debugpyAttach")
        assert attach.pop("request") == "attach"
        port = attach["connect"]["port"]
        attach.pop("name")
        return Debugger(port or self.port, **attach)

    def stopped_at(self) -> tuple[str, int]:
        """Wait until the process stops; return the file and the line."""
        self.thread = self.event("stopped")["threadId"]
        frame = self.request("stackTrace", threadId=self.thread)["stackFrames"][0]
        return frame["source"]["path"], frame["line"]

    def resume(self) -> None:
        """Let the process run on."""
        self.request("continue", threadId=self.thread)

    def close(self) -> None:
        """Hang up."""
        self.stream.close()
        self.socket.close()


@contextmanager
def asking(address: str) -> Iterator[list[int]]:
    """Ask for a page in the background, and again until the site is there; collect the response's status.

    It is complete once the block has ended.
    """
    statuses: list[int] = []

    def ask() -> None:
        deadline = time.monotonic() + SECONDS
        while not statuses and time.monotonic() < deadline:
            try:
                with build_opener(ProxyHandler({})).open(address, timeout=SECONDS) as response:
                    statuses.append(response.status)
            except OSError:
                time.sleep(0.2)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    yield statuses
    thread.join(SECONDS)
