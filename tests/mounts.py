"""Small file systems of a scenario's own. Root only."""

import contextlib
import subprocess


@contextlib.contextmanager
def tmpfs(directory, size):
    """Mounts an empty file system of `size` ("8m") at a directory."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory],
        check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", directory], check=True)


def make_read_only(directory):
    subprocess.run(["mount", "-o", "remount,ro", directory], check=True)
