"""The sqlite3 module: planted values as literals, in a comment, and in a database's error."""

from __future__ import annotations

import contextlib
import sqlite3

from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor

from e2e.apps.statements import CREATE, FAILING, STATEMENTS
from e2e.apps.telemetry import tracing


def main() -> None:
    """Run the statements."""
    with tracing() as provider:
        SQLite3Instrumentor().instrument()
        connection = sqlite3.connect(":memory:")
        with provider.get_tracer("shop").start_as_current_span("outer"):
            cursor = connection.cursor()
            for statement in (CREATE, *STATEMENTS):
                cursor.execute(statement)
            with contextlib.suppress(sqlite3.DatabaseError):
                cursor.execute(FAILING)
        connection.close()


if __name__ == "__main__":
    main()
