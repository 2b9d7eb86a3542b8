"""Receivers of alerts: they keep what they get, and misbehave as told."""

import base64
import contextlib
import http.server
import json
import re
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import urllib.request

from daemon import POLL_S
from http_client import free_port


class HttpReceiver:
    """An HTTP server that answers as `answers` says, in order, then 200.

    An answer is a status, or (status, headers, body); "hang" says nothing
    until the receiver is closed, "end" closes the connection at once, "reset"
    breaks it.
    """

    def __init__(self, certificate=None):
        self.requests = []  # (path, headers, body)
        self.answers = []
        self._changed = threading.Condition()
        self._closed = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length).decode()
                receiver._answer(self, body)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificate:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.pem)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True)
        self.url = f"{scheme}://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _answer(self, handler, body):
        with self._changed:
            self.requests.append(
                (handler.path, dict(handler.headers.items()), body))
            answer = self.answers.pop(0) if self.answers else 200
            self._changed.notify_all()
        handler.close_connection = True
        if answer == "hang":
            self._closed.wait()
            return
        if answer == "reset":
            handler.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer in ("end", "reset"):
            return
        if isinstance(answer, int):
            answer = (answer, {}, "")
        status, headers, text = answer
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())

    def bodies(self):
        """The JSON of each request, as far as there is one."""
        with self._changed:
            return [json.loads(body) for _, _, body in self.requests if body]

    def close(self):
        self._closed.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Certificate:
    """A certificate of its own making, for localhost."""

    def __init__(self, directory):
        self.pem = directory / "receiver.pem"
        key = directory / "receiver.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30000",
             "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.pem],
            check=True, capture_output=True, timeout=60)
        self.pem.write_text(self.pem.read_text() + key.read_text())


class SmtpReceiver:
    """A mail server that takes mail only after STARTTLS and a login.

    `certificate`: None offers no TLS. `refuse` refuses each recipient.
    """

    def __init__(self, certificate=None, login=None, refuse=False):
        self.mails = []  # (sender, recipients, text)
        self.logins = []
        receiver = self

        class Handler(socketserver.StreamRequestHandler):

            def say(self, line):
                self.wfile.write(f"{line}\r\n".encode())

            def handle(self):
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    self.talk()

            def talk(self):
                self.say("220 receiver")
                secure, sender, recipients = False, None, []
                while line := self.rfile.readline().decode().rstrip():
                    command = line.upper()
                    if command.startswith("EHLO"):
                        offers = ["receiver"]
                        if certificate and not secure:
                            offers.append("STARTTLS")
                        if login:
                            offers.append("AUTH PLAIN")
                        for offer in offers[:-1]:
                            self.say(f"250-{offer}")
                        self.say(f"250 {offers[-1]}")
                    elif command == "STARTTLS":
                        self.say("220 go on")
                        self.begin_tls()
                        secure = True
                    elif certificate and not secure:
                        self.say("530 must issue a STARTTLS command first")
                    elif command.startswith("AUTH PLAIN"):
                        self.log_in(line)
                    elif command.startswith("MAIL FROM:"):
                        sender = line[10:].strip("<> ")
                        self.say("250 ok")
                    elif command.startswith("RCPT TO:"):
                        recipients.append(line[8:].strip("<> "))
                        self.say("550 nobody" if refuse else "250 ok")
                    elif command == "DATA":
                        self.say("354 go on")
                        receiver.mails.append(
                            (sender, recipients, self.text()))
                        self.say("250 taken")
                    elif command == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("500 what?")

            def begin_tls(self):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate.pem)
                self.request = context.wrap_socket(self.request,
                                                   server_side=True)
                self.setup()

            def log_in(self, line):
                word = line.split()[2] if len(line.split()) > 2 else None
                if word is None:
                    self.say("334 ")
                    word = self.rfile.readline().decode().rstrip()
                _, user, password = base64.b64decode(word).decode().split("\0")
                receiver.logins.append((user, password))
                self.say("235 welcome" if (user, password) == login
                         else "535 no")

            def text(self):
                lines = []
                while (line := self.rfile.readline().decode()) != ".\r\n":
                    lines.append(line.removeprefix("."))
                return "".join(lines)

        self._server = socketserver.ThreadingTCPServer(
            ("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"smtp://localhost:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Alertmanager:
    """Debian's Alertmanager, which keeps its data in `directory`."""

    def __init__(self, directory):
        config = directory / "alertmanager.yml"
        config.write_text(
            "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        self.url = f"http://localhost:{free_port()}"
        self._log = open(directory / "alertmanager.log", "wb")
        self._process = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={config}",
             f"--storage.path={directory / 'alertmanager'}",
             f"--web.listen-address={self.url.removeprefix('http://')}",
             "--cluster.listen-address="],
            stdout=self._log, stderr=self._log)
        while self.alerts() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(POLL_S)
                raise AssertionError(f"Alertmanager exited with {code}")

    def alerts(self):
        """The alerts that stand; None while it does not answer yet."""
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"{self.url}/api/v2/alerts",
                                        timeout=10) as answer:
                return json.load(answer)
        return None

    def received(self):
        """How many alerts it took, by their status; none was refused."""
        with urllib.request.urlopen(f"{self.url}/metrics",
                                    timeout=10) as answer:
            text = answer.read().decode()
        refused = re.findall(
            r'^alertmanager_alerts_invalid_total\{version="v2"\} (\d+)$', text,
            re.MULTILINE)
        assert refused == ["0"], refused
        return {status: int(count) for status, count in re.findall(
            r'^alertmanager_alerts_received_total\{status="(\w+)",version="v2"'
            r'\} (\d+)$', text, re.MULTILINE)}

    def close(self):
        self._process.terminate()
        self._process.wait(60)
        self._log.close()
