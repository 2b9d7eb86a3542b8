"""A client that asks a daemon over HTTP, or sends it whatever it likes."""

import http.client
import json
import socket

# For answers that come at once: an instrumented daemon on a busy machine.
TIMEOUT_S = 60


def free_port():
    """A port of the loopback at which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Client:
    """Asks where a daemon listens: a path of a socket, or (address, port)."""

    def __init__(self, place):
        self.place = place

    def connect(self, timeout_s=TIMEOUT_S):
        if isinstance(self.place, tuple):
            return socket.create_connection(self.place, timeout_s)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout_s)
        connection.connect(str(self.place))
        return connection

    def ask(self, target, method="GET", headers=None, body=None):
        """The response, read to its end: status, headers, text."""
        connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT_S)
        connection.sock = self.connect()
        try:
            connection.request(method, target, body=body,
                               headers=headers or {})
            response = connection.getresponse()
            response.text = response.read().decode()
            return response
        finally:
            connection.close()

    def json(self, target):
        response = self.ask(target)
        if response.status != 200:
            raise AssertionError(f"{target}: {response.status} {response.text}")
        return json.loads(response.text)

    def metrics(self):
        """The value of each series, by its name with its labels."""
        lines = self.ask("/metrics").text.splitlines()
        return {name: float(value) for name, value in (
            line.rsplit(" ", 1) for line in lines
            if line and not line.startswith("#"))}

    def events(self):
        """What comes of /api/v1/events, until the daemon ends it."""
        connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT_S)
        connection.sock = self.connect()
        try:
            connection.request("GET", "/api/v1/events")
            response = connection.getresponse()
            while line := response.readline():
                if line.startswith(b"data: "):
                    yield json.loads(line[len(b"data: "):])
        finally:
            connection.close()

    def send(self, data, answer=True):
        """Sends bytes; what comes back until the daemon ends it."""
        received = b""
        try:
            with self.connect() as connection:
                connection.sendall(data)
                while answer:
                    more = connection.recv(65536)
                    if not more:
                        break
                    received += more
        except (ConnectionError, TimeoutError):
            pass  # it need not listen to the end
        return received
