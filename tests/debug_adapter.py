"""A client of the Debug Adapter Protocol: https://microsoft.github.io/debug-adapter-protocol."""

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
    """A connection to a debug adapter; an editor opens one for each process."""

    def __init__(self, port: int, **attach: Any) -> None:
        """Connect and attach, with `attach` as the arguments of the launch configuration."""
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.stream = self.socket.makefile("rb")
        self.sequence = self.thread = 0
        self.events: list[dict] = []
        self.responses: dict[int, dict] = {}
        self.request("initialize", adapterID="debugpy", clientID="test", linesStartAt1=True)
        self.attaching = self.send("attach", name="test", **attach)
        self.wait_for_event("initialized")

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request and return its sequence number."""
        self.sequence += 1
        message = {"seq": self.sequence, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.sequence

    def request(self, command: str, **arguments: Any) -> dict:
        """Send a request and return the body of its response; fail on an error response."""
        return self.receive(self.send(command, **arguments))

    def receive(self, sequence: int) -> dict:
        """Wait for the response to a request and return its body; fail on an error response."""
        while sequence not in self.responses:
            self.read_message()
        response = self.responses.pop(sequence)
        assert response["success"], response
        return response.get("body", {})

    def wait_for_event(self, name: str) -> dict:
        """Wait for the next event of this name and return its body."""
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event.get("body", {})
            self.read_message()

    def read_message(self) -> None:
        """Read one message; fail if none arrives within a minute or the adapter disconnects."""
        length = 0
        while line := self.stream.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        assert length, "the debug adapter has disconnected"
        message = json.loads(self.stream.read(length))
        if message["type"] == "event":
            self.events.append(message)
        elif message["type"] == "response":
            self.responses[message["request_seq"]] = message

    def configure(self, file: str = "", line: int = 0) -> None:
        """Set a breakpoint, if one is named, and let the process run."""
        if file:
            response = self.request("setBreakpoints", source={"path": file}, breakpoints=[{"line": line}])
            assert response["breakpoints"][0]["verified"], response
        self.request("configurationDone")
        self.receive(self.attaching)

    def attach_to_child(self) -> "Debugger":
        """Attach to the next child process, when the adapter requests it."""
        attach = self.wait_for_event("debugpyAttach")
        assert attach.pop("request") == "attach"
        port = attach["connect"]["port"]
        attach.pop("name")
        return Debugger(port or self.port, **attach)

    def wait_for_stop(self) -> tuple[str, int]:
        """Wait until the process stops at a breakpoint; return its file and line."""
        self.thread = self.wait_for_event("stopped")["threadId"]
        frame = self.request("stackTrace", threadId=self.thread)["stackFrames"][0]
        return frame["source"]["path"], frame["line"]

    def resume(self) -> None:
        """Continue the process."""
        self.request("continue", threadId=self.thread)

    def close(self) -> None:
        """Disconnect."""
        self.stream.close()
        self.socket.close()


@contextmanager
def request_in_background(url: str) -> Iterator[list[int]]:
    """Request a page in a background thread until the site responds; yield the list of statuses.

    The list has the status once the block has ended.
    """
    statuses: list[int] = []

    def request() -> None:
        deadline = time.monotonic() + SECONDS
        while not statuses and time.monotonic() < deadline:
            try:
                with build_opener(ProxyHandler({})).open(url, timeout=SECONDS) as response:
                    statuses.append(response.status)
            except OSError:
                time.sleep(0.2)

    thread = threading.Thread(target=request, daemon=True)
    thread.start()
    yield statuses
    thread.join(SECONDS)
