"""An OTLP receiver with TLS in a process of its own, so that its time is charged to nobody.

It prints where it listens; for each line on standard input it prints how many spans came.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))

from servers.otlp_sink import GrpcSink, HttpSink, ServerTls


def main(protocol: str, cert_file: str, key_file: str) -> None:
    """Serve until standard input is closed."""
    tls = ServerTls(Path(cert_file), Path(key_file))
    kind = GrpcSink if protocol == "grpc" else HttpSink
    came = 0
    with kind(tls=tls) as sink:
        print(json.dumps({"endpoint": sink.endpoint}), flush=True)
        for _ in sys.stdin:
            came += len(sink.spans)
            sink.payloads.clear()
            sink.received.clear()
            sink.metadata.clear()
            print(json.dumps({"spans": came}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
