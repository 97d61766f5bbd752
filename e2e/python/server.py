"""The library's example `conformance` as a process, on a port of its own."""

import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

EXAMPLES = Path(
    os.environ.get("SOCKETIO_EXAMPLES", Path(__file__).resolve().parents[2] / "target" / "debug" / "examples")
)
START = 20
"""How long it may take to listen, in seconds."""


class Server:
    """A server that runs from its making to `stop`; `kill` and `start` are a crash and what follows."""

    def __init__(self, **settings: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._environment = os.environ | {"PORT": str(port)} | {name: str(value) for name, value in settings.items()}
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen([EXAMPLES / "conformance"], env=self._environment)
        deadline = time.monotonic() + START
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError("the server does not listen")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def namespaces(self) -> str:
        """How many namespaces there are, and some of their names."""
        with urllib.request.urlopen(f"{self.url}/nsps") as answer:
            return answer.read().decode()

    def _listens(self) -> bool:
        try:
            return bool(self.namespaces())
        except OSError:
            return False
