"""Requests that a server must survive, and answer or end, whatever they are."""

import random

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


def shapes():
    """Each kind once, by name."""
    return {
        "oversized target": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
        "oversized header": GET + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n",
        "endless first line": b"a" * 1_000_000,
        "many headers": GET + b"".join(
            b"X%d: y\r\n" % i for i in range(20_000)) + b"\r\n",
        "many arguments": b"GET /?" + b"&".join(
            b"a%d=b" % i for i in range(1_500)) + b" HTTP/1.1\r\n\r\n",
        "body": b"POST /api/v1/plan HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 1000000\r\n\r\n" + b"a" * 1_000_000,
        "lying length": b"POST / HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Length: 99999999999999999999\r\n\r\nx",
        "negative length": b"POST / HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: -1\r\n\r\nx",
        "two lengths": GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "chunks": b"POST / HTTP/1.1\r\nHost: localhost\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
        "smuggled": GET + b"Content-Length: 40\r\nTransfer-Encoding: chunked"
                    b"\r\n\r\n0\r\n\r\nDELETE / HTTP/1.1\r\n\r\n",
        "traversal": b"GET /../../../../etc/passwd HTTP/1.1\r\n"
                     b"Host: localhost\r\n\r\n",
        "escaped traversal": b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n"
                             b"Host: localhost\r\n\r\n",
        "null bytes": b"GET /metrics\0/x HTTP/1.1\r\nHost: local\0host\r\n\r\n",
        "escaped null": b"GET /metrics%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "other host": b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "no host": b"GET /metrics HTTP/1.1\r\n\r\n",
        "absolute target": b"GET http://evil.example/ HTTP/1.1\r\n"
                           b"Host: evil.example\r\n\r\n",
        "tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
        "other version": b"GET / HTTP/2.0\r\n\r\n",
        "no version": b"GET /\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "bare newlines": b"GET / HTTP/1.1\nHost: localhost\n\n",
        "split header": GET + b"X: a\r\n\tb\r\n\r\n",
        "wrong token": GET + b"Authorization: Bearer x\r\n\r\n",
        "upgrade": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "wrong numbers": b"GET /api/v1/audit?from=-1&limit=1e9 HTTP/1.1\r\n"
                         b"Host: localhost\r\n\r\n",
        "nothing": b"",
    }


def random_requests(count, seed):
    """Requests of the kinds above with bytes changed, cut or doubled."""
    dice = random.Random(seed)
    kinds = [shape[:20_000] for shape in shapes().values() if shape]
    for _ in range(count):
        request = bytearray(dice.choice(kinds))
        for _ in range(dice.randrange(4)):
            at = dice.randrange(len(request))
            choice = dice.randrange(3)
            if choice == 0:
                request[at] = dice.randrange(256)
            elif choice == 1:
                del request[at:at + dice.randrange(1, 40)]
            else:
                request[at:at] = request[:dice.randrange(1, 200)]
            if not request:
                request = bytearray(b"G")
        yield bytes(request)
