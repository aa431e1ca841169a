"""Relational databases: statements with literals and parameters, and errors that repeat them."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3 as sqlite
from typing import Any, Final

from e2e.planted import CARD, EMAIL, PASSWORD, SURNAME, TOKEN
from instrumentation.driver import Driver, World

TABLE: Final = "CREATE TABLE customers (mail VARCHAR(100), card VARCHAR(30), surname VARCHAR(50), UNIQUE (mail))"
INSERT: Final = "INSERT INTO customers (mail, card, surname) VALUES ({}, {}, {})"
ROW: Final = (EMAIL, CARD, SURNAME)
FOUND: Final = f"SELECT surname FROM customers WHERE mail = '{EMAIL}' AND surname = '{SURNAME}'"
UNKNOWN_COLUMN: Final = f"SELECT nosuch FROM customers WHERE mail = '{EMAIL}' AND card = '{TOKEN}'"
UNKNOWN_TABLE: Final = f"SELECT card FROM nosuchtable WHERE mail = '{EMAIL}'"
DROP: Final = "DROP TABLE IF EXISTS customers"

CUT: Final = EMAIL.partition("@")[0]  # PostgreSQL's errors repeat the statement, cut short
PLANTED: Final = (EMAIL, CUT, CARD, PASSWORD, SURNAME, TOKEN)
STATEMENTS: Final = (
    TABLE,
    "INSERT INTO customers (mail, card, surname) VALUES (",
    "SELECT surname FROM customers WHERE mail = ?",
    "nosuch",
)


def ask(connection: Any, mark: str) -> None:
    """Make a table, fill it, ask it, and make it refuse: over PEP 249."""
    cursor = connection.cursor()
    insert = INSERT.format(mark, mark, mark)
    cursor.execute(DROP)
    cursor.execute(TABLE)
    cursor.execute(insert, ROW)
    cursor.execute(FOUND)
    cursor.fetchall()
    connection.commit()
    for refused in ((insert, ROW), (UNKNOWN_COLUMN,), (UNKNOWN_TABLE,)):
        with contextlib.suppress(Exception):
            cursor.execute(*refused)
            raise AssertionError("the database took it")
        connection.rollback()
    cursor.execute(DROP)
    connection.commit()
    connection.close()


def postgresql(world: World) -> str:
    """Return the address of the real PostgreSQL."""
    port = world.servers["postgresql_port"]
    return f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"


def psycopg(world: World) -> None:
    """Ask PostgreSQL by psycopg 3."""
    import psycopg

    ask(psycopg.connect(postgresql(world)), "%s")


def psycopg2(world: World) -> None:
    """Ask PostgreSQL by psycopg 2."""
    import psycopg2

    ask(psycopg2.connect(postgresql(world)), "%s")


def asyncpg(world: World) -> None:
    """Ask PostgreSQL by asyncpg."""
    import asyncpg

    async def session() -> None:
        connection = await asyncpg.connect(postgresql(world))
        await connection.execute(DROP)
        await connection.execute(TABLE)
        await connection.execute(INSERT.format("$1", "$2", "$3"), *ROW)
        await connection.fetch(FOUND)
        insert = INSERT.format("$1", "$2", "$3")
        for refused in ((insert, *ROW), (UNKNOWN_COLUMN,), (UNKNOWN_TABLE,)):
            with contextlib.suppress(asyncpg.PostgresError):
                await connection.execute(*refused)
                raise AssertionError("the database took it")
        await connection.execute(DROP)
        await connection.close()

    asyncio.run(session())


def pymysql(world: World) -> None:
    """Ask MariaDB by PyMySQL."""
    import pymysql

    port = world.servers["mariadb_port"]
    connection = pymysql.connect(
        host="127.0.0.1", port=port, user="root", password=PASSWORD, database="test"
    )
    ask(connection, "%s")


def sqlite3(world: World) -> None:
    """Ask SQLite in memory."""
    ask(sqlite.connect(":memory:"), "?")


def sqlalchemy(world: World) -> None:
    """Ask PostgreSQL by SQLAlchemy over psycopg 3."""
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    address = postgresql(world).replace("postgresql:", "postgresql+psycopg:")
    engine = sqlalchemy.create_engine(address)
    row = dict(zip(("mail", "card", "surname"), ROW, strict=True))
    insert = sqlalchemy.text(INSERT.format(":mail", ":card", ":surname"))
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(DROP))
        connection.execute(sqlalchemy.text(TABLE))
        connection.execute(insert, row)
        connection.execute(sqlalchemy.text(FOUND)).all()
        connection.commit()
        for text, values in ((insert, row), (sqlalchemy.text(UNKNOWN_COLUMN), None)):
            with contextlib.suppress(SQLAlchemyError):
                connection.execute(text, values)
                raise AssertionError("the database took it")
            connection.rollback()
        connection.execute(sqlalchemy.text(DROP))
        connection.commit()
    engine.dispose()


def _driver(drive: Any, library: str, *needs: str, instrumentor: str = "", **more: Any) -> Driver:
    name = drive.__name__
    package = f"opentelemetry-instrumentation-{instrumentor or name}"
    return Driver(
        name=name,
        instrumentors=(name,),
        packages=(library, package) if library else (package,),
        drive=drive,
        planted=PLANTED,
        texts=STATEMENTS,
        needs=needs,
        **more,
    )


DRIVERS: Final = (
    _driver(psycopg, "psycopg", "postgresql_port"),
    _driver(psycopg2, "psycopg2-binary", "postgresql_port"),
    _driver(asyncpg, "asyncpg", "postgresql_port"),
    _driver(pymysql, "PyMySQL", "mariadb_port"),
    _driver(sqlite3, ""),
    _driver(sqlalchemy, "SQLAlchemy", "postgresql_port"),
)
