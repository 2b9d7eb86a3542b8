"""documented.py BINARY SCRATCH ARGUMENT...: `retentiond` as documents have it,
with its files in the scratch directory. `serve` ends once it is ready."""

import os
import pathlib
import signal
import socket
import subprocess
import sys


def main():
    binary, scratch, *arguments = sys.argv[1:]
    scratch = pathlib.Path(scratch)
    config = scratch / "etc" / "retentiond.toml"
    if "--config" not in arguments and (
            config.exists() or "--write" in arguments):
        arguments += ["--config", str(config)]
    if "--write" in arguments:
        arguments += ["--drop-in", str(scratch / "etc" / "drop-in.conf")]
    environment = {**os.environ, "STATE_DIRECTORY": str(scratch / "state")}
    if "serve" not in arguments:
        os.execve(binary, [binary, *arguments], environment)
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(str(scratch / "notify"))
    ready.settimeout(60)
    daemon = subprocess.Popen(
        [binary, *arguments],
        env={**environment, "NOTIFY_SOCKET": str(scratch / "notify")})
    try:
        while b"READY=1" not in ready.recv(4096):
            pass
        daemon.send_signal(signal.SIGTERM)
        sys.exit(daemon.wait(60))
    finally:
        daemon.kill()
        daemon.wait()
        (scratch / "notify").unlink()


if __name__ == "__main__":
    main()
