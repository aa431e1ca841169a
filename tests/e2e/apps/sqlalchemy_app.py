"""SQLAlchemy on SQLite: planted values as literals, in a comment, and in a database's error."""

from __future__ import annotations

import contextlib

import sqlalchemy
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor

from e2e.apps.statements import CREATE, FAILING, STATEMENTS
from e2e.apps.telemetry import tracing


def main() -> None:
    """Run the statements."""
    with tracing() as provider:
        engine = sqlalchemy.create_engine("sqlite://")
        SQLAlchemyInstrumentor().instrument(engine=engine, tracer_provider=provider)
        with (
            provider.get_tracer("shop").start_as_current_span("outer"),
            engine.connect() as connection,
        ):
            for statement in (CREATE, *STATEMENTS):
                connection.exec_driver_sql(statement)
            with contextlib.suppress(sqlalchemy.exc.DatabaseError):
                connection.exec_driver_sql(FAILING)
        engine.dispose()


if __name__ == "__main__":
    main()
