"""Trees of files: making them, and seeing that nothing in them changed."""

import hashlib
import os
import stat


def write(path, content=b""):
    """Writes a file, and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def describe(path):
    """All that a deletion or an edit would change of one entry."""
    status = os.lstat(path)
    entry = {"mode": stat.filemode(status.st_mode),
             "mtime_ns": status.st_mtime_ns}
    if stat.S_ISREG(status.st_mode):
        entry["size"] = status.st_size
        entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    elif stat.S_ISLNK(status.st_mode):
        entry["target"] = os.readlink(path)
    return entry


def snapshot(directory, but=()):
    """Describes everything below a directory, and the directory itself.

    What lies in the directories `but` is left out, and so are they.
    """
    left_out = {os.fspath(path) for path in but}
    entries = {}

    def visit(path):
        if os.fspath(path) in left_out:
            return
        entries[os.fspath(path)] = describe(path)
        if path.is_dir() and not path.is_symlink():
            for child in sorted(path.iterdir()):
                visit(child)

    visit(directory)
    return entries


def differences(before, after):
    """What came, went or changed between two snapshots, one text each."""
    found = [f"gone: {path}" for path in before.keys() - after.keys()]
    found += [f"new: {path}" for path in after.keys() - before.keys()]
    found += [f"changed: {path}: {before[path]} to {after[path]}"
              for path in before.keys() & after.keys()
              if before[path] != after[path]]
    return sorted(found)
