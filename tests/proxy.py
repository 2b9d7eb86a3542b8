"""A proxy before a server's socket, which cuts or freezes what it carries."""

import selectors
import socket
import threading


class Proxy:
    """Listens in a directory of its own, where libpq looks for a server."""

    def __init__(self, directory, port, server):
        directory.mkdir()
        self.directory = directory
        self._server = str(server)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / f".s.PGSQL.{port}"))
        self._listener.listen(16)
        self._wake, self._woken = socket.socketpair()
        self._pairs = {}
        self._requests = []
        self._frozen = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def cut(self):
        """Ends all connections that there are."""
        self._ask("cut")

    def freeze(self):
        """Carries nothing, and tells nobody."""
        self._ask("freeze")

    def thaw(self):
        self._ask("thaw")

    def close(self):
        self._ask("close")
        self._thread.join()

    def _ask(self, request):
        self._requests.append(request)
        self._wake.send(b"!")

    def _run(self):
        with selectors.DefaultSelector() as self._selector:
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._selector.register(self._woken, selectors.EVENT_READ)
            while self._turn():
                pass
            self._cut()
        for one in (self._listener, self._wake, self._woken):
            one.close()

    def _turn(self):
        for key, _ in self._selector.select():
            if key.fileobj is self._woken:
                self._woken.recv(64)
                while self._requests:
                    if not self._do(self._requests.pop(0)):
                        return False
            elif self._frozen:
                continue
            elif key.fileobj is self._listener:
                self._accept()
            elif key.fileobj in self._pairs:
                self._carry(key.fileobj)
        return True

    def _do(self, request):
        if request == "cut":
            self._cut()
        elif request in ("freeze", "thaw"):
            self._frozen = request == "freeze"
            events = selectors.EVENT_READ
            for one in (self._listener, *self._pairs):
                if self._frozen and one in self._selector.get_map():
                    self._selector.unregister(one)
                elif not self._frozen:
                    self._selector.register(one, events)
        return request != "close"

    def _cut(self):
        for one in list(self._pairs):
            self._drop(one)

    def _drop(self, one):
        if one in self._selector.get_map():
            self._selector.unregister(one)
        del self._pairs[one]
        one.close()

    def _accept(self):
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._server)
        except OSError:
            client.close()
            server.close()
            return
        self._pairs[client] = server
        self._pairs[server] = client
        for one in (client, server):
            self._selector.register(one, selectors.EVENT_READ)

    def _carry(self, one):
        other = self._pairs[one]
        try:
            data = one.recv(65536)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        self._drop(one)
        self._drop(other)
