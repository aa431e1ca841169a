"""Database commands written as JSON: MongoDB's, Elasticsearch's, DynamoDB's, alone or behind `users.find(`.

Every value is a literal, as in SQL, but for those that are the command's shape: the collection, how
many and in which order, the names of fields. Which these are depends on where they stand, for a
filter may have a field called `limit`.

MongoDB manual, "Database commands", "Aggregation stages" and "mongosh methods"; Elasticsearch
reference, "Query DSL" and "Bulk API"; Amazon DynamoDB API reference.
"""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.json_names import Frame
from jaeger_guard.formats.json_text import Reader
from jaeger_guard.formats.sql_position import LITERAL
from jaeger_guard.types import Judge, Notation

# Members of a command itself whose value names something, or counts.
_COMMAND: Final = frozenset(
    "find aggregate insert update delete count distinct findAndModify findandmodify getMore collection"
    " createIndexes listIndexes listCollections drop create dropIndexes mapReduce mapreduce explain"
    " hello isMaster ping $db db database index _index op operation ns key mechanism"
    " TableName IndexName Select ReturnValues ReturnConsumedCapacity ReturnItemCollectionMetrics"
    " KeyConditionExpression FilterExpression ProjectionExpression UpdateExpression"
    " ConditionExpression".split()
)
_COUNTS: Final = frozenset(
    "find getMore limit skip batchSize size from maxTimeMS track_total_hits timeout min_score ordered"
    " terminate_after ping hello isMaster saslStart saslContinue fetch_size Limit"
    " listCollections listDatabases buildInfo serverStatus dbStats connectionStatus".split()
)
# What is below these names fields and directions.
_SHAPES: Final = frozenset(
    "sort projection fields hint collation readConcern writeConcern $readPreference cursor orderby"
    " $orderby _source docvalue_fields stored_fields roles ExpressionAttributeNames".split()
)
_SHAPE_STAGES: Final = frozenset("$sort $project $unwind $unset $count $limit $skip".split())
_LOOKUPS: Final = frozenset("$lookup $graphLookup $unionWith $merge $out".split())
_AGGREGATIONS: Final = frozenset(("aggs", "aggregations"))
_AGGREGATION_MEMBERS: Final = frozenset(
    "field size order interval calendar_interval fixed_interval min_doc_count _count _key path"
    " precision_threshold".split()
)
_QUERY_MEMBERS: Final = frozenset(
    "operator default_operator boost fuzziness minimum_should_match slop analyzer"
    " zero_terms_query".split()
)
# Methods of the shell whose argument counts, and whose document names fields and directions.
_COUNTING_CALLS: Final = frozenset("limit skip batchSize maxTimeMS".split())
_SHAPING_CALLS: Final = frozenset("sort hint project projection createIndex ensureIndex".split())
_NEAREST: Final = frozenset("field k num_candidates".split())  # below `knn`
_STATEMENTS: Final = frozenset("query Statement sql".split())
_BULK: Final = frozenset("index create update delete".split())


@lru_cache(maxsize=1)
def _beginning() -> re.Pattern[str]:
    # A document alone, or behind a method's or a command's and a collection's name.
    word = r"[A-Za-z_$][\w.$\-]{0,127}"
    return re.compile(
        rf"""\s{{0,64}}(?P<prefix>(?!(?i:select|with|values|insert\ into|call|copy)\b)
        (?:{word}(?:\ {word}){{0,2}}\s{{0,4}}\(?\s{{0,64}}
        |db(?:\.{word}\(\s{{0,8}}["'][^"'\s]{{1,128}}["']\s{{0,8}}\)){{1,2}}\.{word}\(\s{{0,64}})?)
        (?=\[\s{{0,64}}\{{|\{{\s{{0,64}}(?:["'}}]|\$?[A-Za-z_][\w.$]{{0,64}}\s{{0,4}}:))""",
        re.VERBOSE,
    )


@lru_cache(maxsize=1)
def _identifier() -> re.Pattern[str]:
    return re.compile(r"-?[A-Za-z_$*][\w.$*\-]{0,127}(?:\^[0-9.]{1,4})?")


@lru_cache(maxsize=1)
def _path() -> re.Pattern[str]:
    return re.compile(r"\${1,2}[A-Za-z_][\w.]{0,127}")


@lru_cache(maxsize=1)
def _number() -> re.Pattern[str]:
    return re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m|d|w)?")


@lru_cache(maxsize=1)
def _select() -> re.Pattern[str]:
    return re.compile(r"\s{0,64}(?:SELECT|INSERT|UPDATE|DELETE|FROM|SHOW|EXISTS)\s", re.IGNORECASE)


@lru_cache(maxsize=1)
def _expression() -> re.Pattern[str]:
    # DynamoDB's: values stand elsewhere, behind `:name`; numbers are indexes of lists.
    return re.compile(r"(?:[#:A-Za-z_][\w.\-]*+|\[[0-9]{1,4}\]|[\s,=<>()+\-])++")


def is_command(text: str) -> bool:
    """Say whether `text`, under a key that promises a statement, is a command written as JSON."""
    return _beginning().match(text) is not None or _shell_call().match(text) is not None


@lru_cache(maxsize=1)
def _shell_call() -> re.Pattern[str]:
    return re.compile(r"\s{0,64}db\.[A-Za-z_$][\w.$]{0,127}(?=\()")


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite one command, or several in a row, as a bulk request has them."""
    found = _beginning().match(text)
    is_filter = found is not None and bool(found["prefix"].strip())
    if found is None:
        found = _shell_call().match(text)
        is_filter = True
    if found is None:
        raise NotThisFormatError
    reader = _CommandReader(text, _LiteralJudge(judge), is_filter=is_filter)
    reader.root.call = found.group().rstrip("( \t\r\n")
    reader.written.append(text[: found.end()])
    end = reader.read(found.end(), whole=True)
    return "".join(reader.written) + text[end:]


class _LiteralJudge:
    """Hands literals on in SQL's notation, whose `?` is what instrumentors write there as well."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        return self._judge.value(name, text, Notation.SQL if name == LITERAL else notation)

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return self._judge.name(text, notation)


class _CommandReader(Reader):
    """Reads a command; names its leaves literals, or nothing where they are its shape."""

    def __init__(self, text: str, judge: Judge, *, is_filter: bool) -> None:
        super().__init__(text, judge, "")
        self._is_filter = is_filter

    def leaf_name(self, frame: Frame, text: str, following: int) -> str:
        """Answer what the string `text` is."""
        if self._is_statement(frame, text):
            return "db.query.text"
        return "" if self._is_shape(text) else LITERAL

    def _is_statement(self, frame: Frame, text: str) -> bool:
        """Say whether `text` is SQL in a request: Elasticsearch's `query`, DynamoDB's `Statement`."""
        return (
            frame.key in _STATEMENTS
            and sum(each.opener == "{" for each in self.stack) == 1
            and _select().match(text) is not None
        )

    def bare_name(self, frame: Frame, word: str) -> str | None:
        """Answer what a value without quotes is; None where it stays."""
        return None if self._is_shape(word) else LITERAL

    def _is_shape(self, text: str) -> bool:
        is_number = _number().fullmatch(text) is not None
        call = next((each.call for each in reversed(self.stack) if each.call), "").rpartition(".")[
            2
        ]
        if call in _COUNTING_CALLS:
            return is_number
        if not is_number and _identifier().fullmatch(text) is None:
            return (
                self.stack[-1].key.endswith("Expression")
                and _expression().fullmatch(text) is not None
            )
        if call in _SHAPING_CALLS:
            return True
        keys = [frame.key for frame in self.stack if frame.opener == "{"]
        if not keys:
            return False
        key, top = keys[-1], keys[0]
        if len(keys) == 1 and not self._is_filter and self.stack[-1].opener == "{":
            return key in _COUNTS if is_number else key in _COMMAND
        if top == "pipeline" or top.startswith("$"):
            return _is_stage_shape(keys, text, is_number=is_number)
        if self._is_filter:
            return self._is_shape_of_call(keys, text, call)
        return (
            top in _SHAPES
            or (top in _AGGREGATIONS and key in _AGGREGATION_MEMBERS)
            or (top in ("updates", "deletes") and len(keys) == 2 and key == "limit" and is_number)
            or (top == "knn" and key in _NEAREST)
            or (top in _BULK and len(keys) == 2 and key in ("_index", "_type"))
            or (top == "query" and _is_query_shape(keys, text, is_number=is_number))
        )

    def _is_shape_of_call(self, keys: list[str], text: str, call: str) -> bool:
        """Say whether `text` is shape in what follows a filter: `find({…}, {name: 1})`."""
        if not self.root.items:
            return False
        if keys[0] in _SHAPING_CALLS or (keys[0] in _COUNTING_CALLS and text.isdigit()):
            return True
        return len(keys) == 1 and text in ("0", "1") and call.startswith("find")


def _is_stage_shape(keys: list[str], text: str, *, is_number: bool) -> bool:
    if any(key in _SHAPE_STAGES for key in keys):
        return True
    if is_number or "$match" in keys:
        return False
    if _path().fullmatch(text) is not None:
        return True
    return any(key in _LOOKUPS for key in keys) and keys[-1] in (
        *("from", "localField", "foreignField", "as", "into", "coll", "db", "$out", "$merge"),
        *("$unionWith", "connectFromField", "connectToField"),
    )


def _is_query_shape(keys: list[str], text: str, *, is_number: bool) -> bool:
    key = keys[-1]
    if key in _QUERY_MEMBERS:
        return is_number or (text.isalpha() and text.islower() and len(text) <= 12)
    if key == "field":
        return keys[-2:-1] == ["exists"]
    return key in ("fields", "default_field") and keys[-2].endswith(("_match", "query_string"))


MONGO: Final = Format(
    name="mongo",
    rewrite=rewrite,
    source="MongoDB manual, Database commands; Elasticsearch reference, Query DSL",
    examples=(
        FormatExample(
            '{"find": "users", "filter": {"limit": 5, "nick": "bob"}, "limit": 10, "sort": {"at": -1}}',
            (("", "users"), (LITERAL, "5"), (LITERAL, "bob")),
        ),
        FormatExample(
            "users.find({'nick': 'bob', n: {$gt: 3}})", ((LITERAL, "bob"), (LITERAL, "3"))
        ),
        FormatExample(
            '{"aggregate": "orders", "pipeline": [{"$match": {"nick": "bob"}}, {"$group": {"_id":'
            ' "$city"}}, {"$limit": 5}]}',
            (("", "orders"), (LITERAL, "bob"), ("", "$city")),
        ),
        FormatExample(
            '{"query": {"multi_match": {"query": "bob", "fields": ["name^2"]}}, "size": 10}',
            ((LITERAL, "bob"), ("", "name^2")),
        ),
        FormatExample(
            '{"index": {"_index": "users"}}\n{"nick": "bob"}\n', (("", "users"), (LITERAL, "bob"))
        ),
    ),
)
