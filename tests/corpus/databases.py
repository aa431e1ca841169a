"""Statements and commands of databases with planted literals: SQL by dialect, Redis, MongoDB and others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from .case import Case
from .draw import BASE62, Draw
from .money import card
from .sentences import email

# What a literal may be: a word of the draw's, quoted by the dialect.
_TABLES: Final = ("users", "public.orders", "customer_addresses", "shop.payments_2024", "audit_log")
_COLUMNS: Final = ("email", "last_name", "card_number", "note", "phone", "token", "city")

# Statement, with {t} a table, {c} and {d} columns, {0} … literals written as the dialect writes them.
_STATEMENTS: Final[dict[str, tuple[str, ...]]] = {
    "ANSI": (
        "SELECT id, name FROM {t} WHERE {c} = '{0}'",
        "SELECT * FROM {t} AS o JOIN items i ON i.order_id = o.id WHERE o.{c} = '{0}' AND i.{d} <> '{1}' LIMIT 10",
        "INSERT INTO {t} ({c}, {d}) VALUES ('{0}', '{1}'), ('{2}', NULL)",
        "UPDATE {t} SET {c} = '{0}', updated_at = CURRENT_TIMESTAMP WHERE {d} = '{1}'",
        "DELETE FROM {t} WHERE {c} IN ('{0}', '{1}', '{2}')",
        "SELECT COUNT(*) FROM {t} WHERE {c} LIKE '%{0}%' ORDER BY created_at DESC OFFSET 20",
        "SELECT CASE WHEN {c} = '{0}' THEN 'x{1}' ELSE {d} END FROM {t} GROUP BY {d} HAVING COUNT(*) > 5",
        "WITH recent AS (SELECT * FROM {t} WHERE {c} = '{0}') SELECT {d} FROM recent",
        "MERGE INTO {t} AS a USING staging AS s ON a.id = s.id WHEN MATCHED THEN UPDATE SET {c} = '{0}'",
        "SELECT {c} FROM {t} WHERE {d} = 'O''{0}''s' AND state = 'a''{1}'",
        "SELECT {c} FROM {t} WHERE {d} BETWEEN '{0}' AND '{1}' /* request of {m} */",
        "SELECT {c} FROM {t} -- for {m}\nWHERE {d} = '{1}'",
        "CALL update_customer('{0}', '{1}')",
        "SELECT {c} FROM {t} WHERE {d} = '{0}'; DELETE FROM {t} WHERE {c} = '{1}'",
        "SELECT {c} FROM {t} WHERE {d} = '{0}",
    ),
    "PostgreSQL": (
        "SELECT * FROM {t} WHERE {c} = E'{0}\\'s' AND {d} = $1",
        "SELECT $${0}$$, $tag${1}$tag$ FROM {t}",
        "SELECT * FROM {t} WHERE data->>'plan' = '{0}' AND \"{d}\" ILIKE '{1}%'",
        "INSERT INTO {t} ({c}) VALUES ('{0}') ON CONFLICT ({c}) DO UPDATE SET {d} = '{1}' RETURNING id",
        "COPY {t} ({c}) FROM STDIN WITH (DELIMITER '{0}')",
        "SELECT * FROM {t} WHERE {c} = '{0}'::text AND {d} = ANY(ARRAY['{1}', '{2}'])",
        "ALTER USER app WITH PASSWORD '{0}'",
    ),
    "MySQL": (
        'SELECT `{c}` FROM `{t}` WHERE `{d}` = "{0}" LIMIT 5, 10',
        "SELECT {c} FROM {t} WHERE {d} = '{0}\\'{1}' AND x = _utf8mb4'{2}'",
        "INSERT INTO {t} SET {c} = '{0}', {d} = X'4D7953514C'",
        "SELECT {c} FROM {t} WHERE {d} = '{0}' # {m}",
        "CREATE USER 'app'@'%' IDENTIFIED BY '{0}'",
        "REPLACE INTO {t} ({c}) VALUES ('{0}')",
    ),
    "SQL Server": (
        "SELECT TOP 10 [{c}] FROM [dbo].[{t}] WHERE [{d}] = N'{0}'",
        "EXEC sp_executesql N'SELECT 1', N'@p nvarchar(50)', @p = N'{0}'",
        "UPDATE {t} SET {c} = N'{0}' OUTPUT inserted.id WHERE {d} = @id",
    ),
    "Oracle": (
        "SELECT {c} FROM {t} WHERE {d} = q'[{0}]' AND ROWNUM <= 10",
        "SELECT {c} FROM {t} WHERE {d} = :1 AND {c} = '{0}'",
        "INSERT INTO {t} ({c}) VALUES (TO_DATE('{0}', 'YYYY-MM-DD'))",
    ),
}  # fmt: skip

# Statements without a literal: they stay as they are.
_PLAIN: Final = (
    "SELECT o.id, o.total FROM public.orders AS o WHERE o.customer_id = $1 ORDER BY o.id LIMIT 10",
    "SELECT * FROM users WHERE id = ? AND status IN (?, ?, ?)",
    "INSERT INTO audit_log (user_id, action, at) VALUES (%s, %s, %s)",
    "UPDATE users SET password = :password WHERE id = :id",
    "DELETE FROM sessions WHERE expires_at < NOW()",
    "SELECT [Id], [Name] FROM [dbo].[Orders] WHERE [CustomerId] = @p0",
    "BEGIN", "COMMIT", "ROLLBACK TO SAVEPOINT sp_1", "SHOW TABLES", "VACUUM ANALYZE orders",
    "CREATE INDEX CONCURRENTLY idx_orders_customer ON orders (customer_id)",
    "SELECT COUNT(*) FROM orders GROUP BY status HAVING COUNT(*) > ?",
    "SELECT pg_catalog.version()", "EXPLAIN SELECT * FROM orders WHERE id = $1",
    "ALTER TABLE orders ADD COLUMN note TEXT NOT NULL",
    "WITH RECURSIVE tree AS (SELECT id FROM nodes WHERE parent_id = $1 UNION ALL SELECT n.id FROM nodes n) SELECT * FROM tree",
    "SELECT `id` FROM `orders` WHERE `status` = ? FOR UPDATE SKIP LOCKED",
    "SELECT id FROM orders WHERE customer_id = ? LIMIT ? OFFSET ?", "select", "SELECT shop.orders",
)  # fmt: skip


def _literal(draw: Draw) -> str:
    return draw.pick(
        (
            email(draw),
            card(draw)[0],
            draw.text(BASE62, 14),
            draw.people("en").last_name() + draw.digits(5),
        )
    )


def sql(draw: Draw) -> Iterator[Case]:
    """Statements of each dialect: literals go, tables, columns, keywords and limits stay."""
    for dialect, statements in _STATEMENTS.items():
        for statement in statements:
            for _ in range(12):
                yield _statement(draw, dialect, statement)
    for statement in _PLAIN:
        for key in ("db.query.text", "db.statement"):
            yield Case(kind="no literal", key=key, value=statement)
    for _ in range(60):
        number = draw.digits(7)
        table = draw.pick(_TABLES)
        text = f"SELECT id FROM {table} WHERE account = {number} AND price > 19.{draw.digits(4)} LIMIT 10"
        yield Case(
            kind="numbers",
            key="db.query.text",
            value=text,
            gone=(number,),
            stays=(f"FROM {table}", "LIMIT 10"),
        )
    for operation in ("SELECT", "INSERT", "UPDATE shop.orders", "findAndModify", "GETSET"):
        for key in ("db.operation", "db.operation.name", "db.query.summary"):
            yield Case(kind="operation", key=key, value=operation)


def _statement(draw: Draw, dialect: str, statement: str) -> Case:
    table, (column, other) = draw.pick(_TABLES), draw.some(_COLUMNS, 2)
    text = statement.replace("{t}", table).replace("{c}", column).replace("{d}", other)
    gone = []
    if "{m}" in text:  # in a comment only what shows what it is can be told
        gone.append(email(draw))
        text = text.replace("{m}", gone[0])
    for number in range(3):
        if f"{{{number}}}" in text:
            literal = _literal(draw)
            text = text.replace(f"{{{number}}}", literal)
            gone.append(literal)
    in_comment = "--" in text or "#" in text or "/*" in text
    stays = [
        part for part in (table, "WHERE", "LIMIT 10", "LIMIT 5, 10", "ON CONFLICT") if part in text
    ]
    stays += [column] if not in_comment and "CALL" not in text else []
    stays = [part for part in stays if part in text]
    key = draw.pick(("db.query.text", "db.statement"))
    return Case(kind=dialect, key=key, value=text, gone=tuple(gone), stays=tuple(stays))


_REDIS: Final = (
    ("SET session:{id} {v} EX 3600", ("SET", "session:{id}")),
    ("SETEX user:{id}:token 60 {v}", ("SETEX",)),
    ("HSET user:{id} email {v} plan gold", ("HSET", "user:{id}")),
    ("HMSET cart:{id} note {v}", ("HMSET", "cart:{id}")),
    ("LPUSH queue:mail {v}", ("LPUSH", "queue:mail")),
    ("SADD visitors:2026-01-15 {v}", ("SADD", "visitors:2026-01-15")),
    ("ZADD scores 17 {v}", ("ZADD", "scores")),
    ("PUBLISH events {v}", ("PUBLISH", "events")),
    ("AUTH {v}", ("AUTH",)),
    ("AUTH default {v}", ("AUTH",)),
    ("HELLO 3 AUTH default {v}", ("HELLO",)),
    ("APPEND log:{id} {v}", ("APPEND", "log:{id}")),
    ("GETSET lock:{id} {v}", ("GETSET", "lock:{id}")),
    ("XADD stream:orders * note {v}", ("XADD", "stream:orders")),
    ("CONFIG SET requirepass {v}", ("CONFIG",)),
    ("set key:{id} 0 900 5 {v}", ("set",)),
)  # fmt: skip
_REDIS_PLAIN: Final = (
    "GET cart:{id}", "DEL cart:{id} cart:7", "EXPIRE session:{id} 3600", "INCR counter:orders", "PING",
    "HGETALL user:{id}", "TTL lock:{id}", "MGET a:1 a:2 a:3", "LRANGE queue:mail 0 -1",
    "ZRANGE scores 0 10 WITHSCORES", "SCAN 0 MATCH cart:* COUNT 100", "EXISTS feature:dark_mode",
    "SET ? ? EX ?", "HSET user:{id} ? ?", "SUBSCRIBE events",
)  # fmt: skip


def commands(draw: Draw) -> Iterator[Case]:
    """Commands of Redis, documents of MongoDB, bodies of Elasticsearch, GraphQL and Gremlin."""
    for template, parts in _REDIS:
        for _ in range(16):
            number, value = draw.digits(4), _literal(draw)
            text = template.replace("{id}", number).replace("{v}", value)
            kept = tuple(part.replace("{id}", number) for part in parts)
            yield Case(
                kind=template.split()[0], key="db.query.text", value=text, gone=(value,), stays=kept
            )
    for template in _REDIS_PLAIN:
        for _ in range(4):
            text = template.replace("{id}", draw.digits(4))
            yield Case(kind="Redis plain", key="db.query.text", value=text)
    for _ in range(30):
        address, name, secret = (
            email(draw),
            draw.people("en").last_name() + draw.digits(4),
            draw.text(BASE62, 12),
        )
        documents: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
            ("find", json.dumps({"find": "users", "filter": {"email": address}, "limit": 10, "$db": "shop"}), (address,), ('"find": "users"', '"limit": 10')),
            ("insert", json.dumps({"insert": "users", "documents": [{"lastName": name, "password": secret}], "ordered": True}), (name, secret), ('"insert": "users"', '"ordered": true')),
            ("update", json.dumps({"update": "carts", "updates": [{"q": {"_id": 7}, "u": {"$set": {"email": address}}}]}), (address,), ('"update": "carts"', "$set")),
            ("aggregate", json.dumps({"aggregate": "orders", "pipeline": [{"$match": {"note": name}}, {"$group": {"_id": "$status", "n": {"$sum": 1}}}]}), (name,), ('"aggregate": "orders"', "$status", "$sum")),
            ("shell", f"db.users.find({{email: '{address}', age: {{$gt: 30}}}}).limit(10)", (address,), ("db.users.find", "limit(10)")),
            ("extended", json.dumps({"find": "users", "filter": {"_id": {"$oid": draw.hexadecimal(24)}, "phone": {"$in": [name]}}}), (name,), ('"find": "users"', "$oid")),
            ("elastic", json.dumps({"query": {"match": {"email": address}}, "size": 20, "sort": [{"created": "desc"}]}), (address,), ('"size": 20', "match")),
            ("elastic term", json.dumps({"query": {"bool": {"filter": [{"term": {"user.last_name": name}}]}}, "from": 0}), (name,), ("bool", "term")),
            ("GraphQL", f'query {{ user(email: "{address}") {{ id orders(first: 10) {{ total }} }} }}', (address,), ("orders(first: 10)", "total")),
            ("GraphQL mutation", f'mutation {{ login(name: "x", password: "{secret}") {{ ok }} }}', (secret,), ("mutation", "login", "ok")),
            ("Gremlin", f"g.V().has('person', 'email', '{address}').out('knows').limit(10)", (address,), ("g.V()", "limit(10)")),
            ("CQL", f"SELECT * FROM shop.users WHERE email = '{address}' ALLOW FILTERING", (address,), ("shop.users", "ALLOW FILTERING")),
        )  # fmt: skip
        for kind, text, gone, stays in documents:
            key = "graphql.document" if kind.startswith("GraphQL") else "db.query.text"
            yield Case(kind=kind, key=key, value=text, gone=gone, stays=stays)
