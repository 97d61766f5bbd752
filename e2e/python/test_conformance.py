"""What python-socketio does, both its clients over every transport, with the library's example `conformance`.

Connection state recovery is not among it: the clients know neither the secret that comes with CONNECT nor the offsets
of events, and start anew after every cut. What they see of a server that offers it is the last test.
"""

import unittest
import uuid

import websocket
from socketio.exceptions import ConnectionError as Refused

from client import KINDS, WAYS_IN, Client
from server import Server

# A busy machine is no dead one.
PATIENT = {"PING_INTERVAL": 1_000, "PING_TIMEOUT": 10_000, "CONNECT_TIMEOUT": 10_000}
LARGE = bytes(range(256)) * 1_200


class WithServer(unittest.TestCase):
    """A server for all tests of a class, and clients that end with their test."""

    settings = PATIENT | {"RECOVERY_WINDOW": 0}

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server(**cls.settings)
        cls.addClassCleanup(cls.server.stop)

    def client(self, kind: str, way: str) -> Client:
        client = Client(kind, way)
        self.addCleanup(client.close)
        return client


class Behaviour:
    """For one client over one transport; made into a test case for each below."""

    kind: str
    way: str

    def connect(self, *namespaces: str, auth: dict | None = None) -> Client:
        return self.client(self.kind, self.way).connect(self.server.url, *namespaces, auth=auth)

    def test_it_connects_with_its_payload_and_is_told_its_id(self) -> None:
        client = self.client(self.kind, self.way)
        client.connect(f"{self.server.url}?colour=red", auth={"token": "abc"})
        self.assertEqual(client.next("auth"), [{"token": "abc"}])
        [identity] = client.ask("whoami")
        self.assertEqual((identity["id"], identity["query"]["colour"]), (client.id(), "red"))
        self.assertEqual(identity["transport"], WAYS_IN[self.way][-1])
        self.assertNotEqual(client.id(), client.sio.eio.sid)

    def test_any_number_of_arguments_goes_both_ways_binary_among_them(self) -> None:
        client = self.connect()
        for args in [[], [1, "2", {"3": [True, None]}, "ü 🦀"], [b"\x01\x02", {"deep": [b"", LARGE]}, "text"]]:
            client.emit("message", *args)
            self.assertEqual(client.next("message-back"), args)

    def test_the_server_answers(self) -> None:
        client = self.connect()
        for args in [[], [1, {"a": "b"}], [b"\x00\xff", {"deep": LARGE}]]:
            self.assertEqual(client.ask("message-with-ack", *args), args)

    def test_the_client_answers(self) -> None:
        client = self.connect()
        client.answers["emit-with-ack"] = lambda number, data: (number + 1, data + b"!")
        client.emit("emit-with-ack", 41, b"thanks")
        self.assertEqual(client.next("emit-with-ack"), [41, b"thanks"], "the question")
        self.assertEqual(client.next("emit-with-ack"), [42, b"thanks!"], "what the answer brought")

    def test_the_order_is_kept_both_ways(self) -> None:
        client = self.connect()
        for number in range(200):
            client.emit("order" if number % 3 else "order-await", number)
        self.assertEqual(client.ask("burst", 500), [500])
        self.assertEqual(client.all("order-back"), [[number] for number in range(200)])
        self.assertEqual(client.all("burst-msg"), [[number] for number in range(500)])

    def test_rooms_and_broadcasts_reach_whom_they_should(self) -> None:
        a, b, c = (self.connect() for _ in range(3))
        room = f"room-{a.id()}"
        for client in (a, b):
            self.assertEqual(client.ask("join", room), [[client.id(), room]])
        c.emit("room", room, {"hello": "all"})
        for client in (a, b):
            self.assertEqual(client.next("room-msg"), [{"hello": "all"}])
        self.assertEqual(b.ask("leave", room), [[b.id()]])
        c.emit("room", room, "again")
        self.assertEqual(a.next("room-msg"), ["again"])
        a.emit("broadcast", "to the others")
        for client in (b, c):
            self.assertEqual(client.next("broadcast-msg"), ["to the others"])
        # What came before this answer has come.
        for client in (a, b, c):
            client.ask("message-with-ack")
        self.assertEqual(a.all("broadcast-msg") + b.all("room-msg") + c.all("room-msg"), [])

    def test_everybody_in_a_namespace_is_asked(self) -> None:
        namespace = f"/dyn-{uuid.uuid4()}"
        clients = [self.connect(namespace) for _ in range(3)]
        for number, client in enumerate(clients):
            client.answers["need-ack"] = lambda value, number=number: value + number
        answers, silent = clients[0].ask("broadcast-ack", 10, namespace=namespace)
        self.assertEqual((sorted(answers), silent), ([10, 11, 12], 0))

    def test_one_connection_joins_several_namespaces(self) -> None:
        dynamic = f"/dyn-{uuid.uuid4()}"
        client = self.connect("/", "/custom", dynamic)
        for namespace in ("/", "/custom", dynamic):
            client.emit("unknown", namespace, 1, namespace=namespace)
            self.assertEqual(client.next("fallback", namespace), ["unknown", [namespace, 1]])
        self.assertEqual(len({client.id(namespace) for namespace in ("/", "/custom", dynamic)}), 3)
        self.assertIn(dynamic, self.server.namespaces())

        client.emit("kick", namespace=dynamic)
        self.assertEqual(client.next("disconnect", dynamic), ["server disconnect"])
        self.assertEqual(client.ask("message-with-ack", "still here", namespace="/custom"), ["still here"])
        self.assertNotIn(dynamic, self.server.namespaces())

    def test_middleware_refuses_with_data_and_lets_in(self) -> None:
        refused = self.client(self.kind, self.way)
        with self.assertRaises(Refused):
            refused.connect(self.server.url, "/guarded", auth={"token": "wrong"})
        why = refused.next("connect_error", "/guarded")
        self.assertEqual(why, [{"message": "not authorized", "data": {"code": 1}}])
        self.assertTrue(self.connect("/guarded", auth={"token": "secret"}).id("/guarded"))

    def test_a_namespace_that_is_not_there_is_refused(self) -> None:
        refused = self.client(self.kind, self.way)
        with self.assertRaises(Refused):
            refused.connect(self.server.url, "/nowhere")
        self.assertEqual(refused.next("connect_error", "/nowhere"), [{"message": "Invalid namespace"}])

    def test_it_does_not_come_back_when_the_server_sends_it_away(self) -> None:
        client = self.connect()
        client.next("connect")
        client.emit("kick")
        self.assertEqual(client.next("disconnect"), ["server disconnect"])
        # It would be back before another one is through.
        self.connect().ask("message-with-ack")
        self.assertEqual((client.sio.connected, client.all("connect")), (False, []))

    def test_it_comes_back_after_the_death_of_the_server(self) -> None:
        mortal = Server(**self.settings)
        self.addCleanup(mortal.stop)
        client = self.client(self.kind, self.way).connect(mortal.url, "/", "/custom", auth={"token": "abc"})
        before = client.id()
        for namespace in ("/", "/custom"):
            client.next("connect", namespace)
            client.next("auth", namespace)
        mortal.kill()
        for namespace in ("/", "/custom"):
            client.next("disconnect", namespace)
        mortal.start()
        for namespace in ("/", "/custom"):
            client.next("connect", namespace)
            self.assertEqual(client.next("auth", namespace), [{"token": "abc"}])
        self.assertNotEqual(client.id(), before)
        self.assertEqual(client.ask("message-with-ack", "back"), ["back"])


def each(base: type) -> None:
    """Make a test case of `base` for each client and transport."""
    for kind in KINDS:
        for way in WAYS_IN:
            name = f"{kind}_{way}_{base.__name__}"
            members = {"kind": kind, "way": way, "__module__": __name__}
            globals()[name] = type(name, (base, WithServer), members)


each(Behaviour)


class Heartbeat(WithServer):
    settings = PATIENT | {"RECOVERY_WINDOW": 0, "PING_INTERVAL": 100, "PING_TIMEOUT": 2_000}

    def test_who_answers_pings_stays_and_who_does_not_is_closed(self) -> None:
        clients = [self.client(kind, way).connect(self.server.url) for kind in KINDS for way in WAYS_IN]
        url = self.server.url.replace("http:", "ws:")
        mute = websocket.create_connection(f"{url}/socket.io/?EIO=4&transport=websocket")
        self.addCleanup(mute.close)
        mute.send("40")
        # Once the later one is closed, the earlier ones' time has passed too.
        while mute.recv():
            pass
        for client in clients:
            self.assertEqual(client.ask("message-with-ack", "still here"), ["still here"])
            self.assertEqual(client.all("disconnect"), [])


class Recovery(WithServer):
    settings = PATIENT

    def test_a_server_that_offers_recovery_is_no_other_to_them_but_for_an_offset_that_ends_events(self) -> None:
        for kind in KINDS:
            client = self.client(kind, "websocket").connect(self.server.url)
            client.emit("message", 1, b"2")
            *args, offset = client.next("message-back")
            self.assertEqual((args, type(offset)), ([1, b"2"], str))
            self.assertEqual(client.ask("message-with-ack", 1), [1])


if __name__ == "__main__":
    unittest.main()
