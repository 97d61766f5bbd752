"""The two clients of python-socketio behind one face, so that no test is written twice.

Every call blocks until it is done. What the server does is kept, in order, until a test asks for it.
"""

import asyncio
import inspect
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

import engineio
import engineio.payload
import socketio

PATIENCE = 20
"""How long a test waits for something that must happen, in seconds."""

# The client takes no more than 16 packets in one answer to a poll, unless it is told to; a burst is longer.
engineio.payload.Payload.max_decode_packets = 10_000

LOOP = asyncio.new_event_loop()
threading.Thread(target=LOOP.run_forever, daemon=True).start()


class InOrder(engineio.Client):
    """Hands messages over one after the other.

    The original starts a thread for each of them, so that on a busy machine the second half of a binary event may be
    looked at before the first. Whether the server keeps the order could not be told.
    """

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        self._messages = queue.SimpleQueue()
        threading.Thread(target=self._hand_over, daemon=True).start()

    def _hand_over(self) -> None:
        while True:
            message = self._messages.get()
            self.handlers["message"](message)

    def _trigger_event(self, event, *args, **options):
        if event == "message":
            self._messages.put(*args)
            return None
        return super()._trigger_event(event, *args, **options)


class SyncClient(socketio.Client):
    def _engineio_client_class(self):
        return InOrder


KINDS = {"Client": SyncClient, "AsyncClient": socketio.AsyncClient}
WAYS_IN = {"websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"]}


class Client:
    """A client of either kind."""

    def __init__(self, kind: str, way: str) -> None:
        self.answers: dict[str, Callable] = {}
        """How the server's questions are answered: the name of the event, and what makes an answer of its arguments."""
        self._transports = WAYS_IN[way]
        self._told: list[tuple[str, str, list]] = []
        self._changed = threading.Condition()
        # The signal handler of the asynchronous client wants the main thread.
        self.sio = KINDS[kind](
            handle_sigint=False, reconnection_delay=0.02, reconnection_delay_max=0.1, randomization_factor=0
        )
        self.sio.on("*", self._event, namespace="*")
        for event in ["connect", "disconnect", "connect_error"]:
            self.sio.on(event, self._noting(event), namespace="*")

    def connect(self, url: str, *namespaces: str, auth: dict | None = None) -> "Client":
        """Join the namespaces, `/` when none is named. With an upgrade to come, it has come."""
        self._wait_for(
            self.sio.connect(
                url,
                auth=auth,
                transports=self._transports,
                namespaces=list(namespaces or ["/"]),
                wait_timeout=PATIENCE,
            )
        )
        return self

    def id(self, namespace: str = "/") -> str:
        return self.sio.get_sid(namespace)

    def emit(self, event: str, *args, namespace: str = "/") -> None:
        self._wait_for(self.sio.emit(event, args, namespace=namespace))

    def ask(self, event: str, *args, namespace: str = "/") -> list:
        """Emit, and return what the answer brings."""
        answer = Future()
        self._wait_for(
            self.sio.emit(event, args, namespace=namespace, callback=lambda *args: answer.set_result(list(args)))
        )
        return answer.result(PATIENCE)

    def next(self, event: str, namespace: str = "/") -> list:
        """The arguments of the next event of this name: one of the server's, or `connect` and the like."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._find(event, namespace), PATIENCE)
            if not found:
                raise AssertionError(f"no {event} came to {namespace}; what came: {self._told}")
            self._told.remove(found)
            return found[2]

    def all(self, event: str) -> list[list]:
        """The arguments of every event of this name that is here, whatever its namespace."""
        with self._changed:
            return [args for _, name, args in self._told if name == event]

    def close(self) -> None:
        self._wait_for(self.sio.shutdown())

    def _find(self, event: str, namespace: str):
        return next((told for told in self._told if told[:2] == (namespace, event)), None)

    def _tell(self, namespace: str, event: str, args: tuple) -> None:
        with self._changed:
            self._told.append((namespace, event, list(args)))
            self._changed.notify_all()

    def _noting(self, event: str):
        return lambda namespace, *args: self._tell(namespace, event, args)

    def _event(self, event: str, namespace: str, *args):
        self._tell(namespace, event, args)
        answer = self.answers.get(event)
        return answer(*args) if answer else None

    @staticmethod
    def _wait_for(result):
        if inspect.iscoroutine(result):
            return asyncio.run_coroutine_threadsafe(result, LOOP).result(2 * PATIENCE)
        return result
