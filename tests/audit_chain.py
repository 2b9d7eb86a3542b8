"""Verifies the audit's hash chain by docs/audit-format.md alone."""

import datetime
import hashlib
import json


def rfc3339(time_us):
    """No decimals, three, or six: as many as it needs."""
    seconds, micros = divmod(time_us, 1_000_000)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    decimals = (f".{micros:06}" if micros % 1000 else
                f".{micros // 1000:03}" if micros else "")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{decimals}Z"


def problems(records):
    """What is wrong with (seq, time_us, run, event, previous, hash, facts)."""
    last, previous = 0, "0" * 64
    for seq, time_us, run, event, linked, digest, facts in records:
        form = (f'[{seq},"{rfc3339(time_us)}",'
                f'{"null" if run is None else run},{json.dumps(event)},'
                f'{facts},"{linked}"]')
        if hashlib.sha256(form.encode()).hexdigest() != digest:
            yield f"record {seq} is not what was hashed"
        if seq != last + 1 or linked != previous:
            yield f"record {seq} does not follow record {last}"
        last, previous = seq, digest
