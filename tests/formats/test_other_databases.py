"""MongoDB, Elasticsearch, DynamoDB, Gremlin, LDAP and GraphQL: data goes, a request's shape stays."""

from __future__ import annotations

import json

import pytest

from jaeger_guard.formats.graphql import recognize
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "the test")))


def scrub(text: str, key: str = "db.query.text") -> str:
    scrubbed = SCRUBBER.value(key, text)[0]
    assert isinstance(scrubbed, str)
    return scrubbed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db.users.find({nick: 'bob'}).sort({at: -1}).limit(10)",
         "db.users.find({nick: '?'}).sort({at: -1}).limit(10)"),
        ("db.getCollection('users').find({nick: 'bob'})", "db.getCollection('users').find({nick: '?'})"),
        ("users.findOne({nick: 'bob', n: 1}, {projection: {nick: 1}, limit: 5})",
         "users.findOne({nick: '?', n: \"?\"}, {projection: {nick: 1}, limit: 5})"),
        ("db.users.find({nick: 'bob'}, {nick: 1, _id: 0})", "db.users.find({nick: '?'}, {nick: 1, _id: 0})"),
        ('{"listCollections":1,"$db":"shop"}', '{"listCollections":1,"$db":"shop"}'),
        ("db.users.createIndex({nick: 1})", "db.users.createIndex({nick: 1})"),
        ('db.auth("bob", "x")', 'db.auth("?", "?")'),
        ('{"createUser":"bob","pwd":"x","roles":["readWrite"]}',
         '{"createUser":"?","pwd":"?","roles":["readWrite"]}'),
        ('{"saslStart":1,"mechanism":"SCRAM-SHA-256","payload":"x"}',
         '{"saslStart":1,"mechanism":"SCRAM-SHA-256","payload":"?"}'),
        ('{"distinct":"users","key":"nick","query":{"nick":"bob"}}',
         '{"distinct":"users","key":"nick","query":{"nick":"?"}}'),
        ('{"knn":{"field":"v","query_vector":[0.12,0.5],"k":10}}',
         '{"knn":{"field":"v","query_vector":["?","?"],"k":10}}'),
        ('{"query":"SELECT a FROM t WHERE b = \'bob\'","fetch_size":10}',
         '{"query":"SELECT a FROM t WHERE b = ?","fetch_size":10}'),
        ('{"TableName":"users","Key":{"nick":{"S":"bob"}},"FilterExpression":"#a = :b AND c[0] < :d"}',
         '{"TableName":"users","Key":{"nick":{"S":"?"}},"FilterExpression":"#a = :b AND c[0] < :d"}'),
        ('{"TableName":"users","ExpressionAttributeValues":{":b":{"N":"5"}}}',
         '{"TableName":"users","ExpressionAttributeValues":{":b":{"N":"?"}}}'),
        ("g.V().has('person','nick','bob').limit(5)", "g.V().has('person','nick','?').limit(5)"),
        ("(&(objectClass=person)(mail=*)(uid=bob))", "(&(objectClass=person)(mail=*)(uid=?))"),
        ("(&(uid=bob)(cn=cut", "(&(uid=?)(cn=?"),
    ],
)  # fmt: skip
def test_data_goes_and_the_shape_stays(text: str, expected: str) -> None:
    """Whatever was stored or asked for goes; collections, fields, counts and directions stay."""
    assert scrub(text) == expected
    assert scrub(expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('query Q { user(nick: "bob", first: 10, on: true, as: ADMIN) { id } }',
         'query Q { user(nick: "?", first: 10, on: true, as: ADMIN) { id } }'),
        ('mutation { add(a: """b "c" d""", n: [1, 2], o: {p: "q"}) { id } }',
         'mutation { add(a: """?""", n: ["?", "?"], o: {p: "?"}) { id } }'),
        ('query Q($p: String = "x", $n: Int! = 5) { a(p: $p) }',
         'query Q($p: String = "?", $n: Int! = "?") { a(p: $p) }'),
        ('{ user(id: 42) { id } }', '{ user(id: "?") { id } }'),
        ('query Q { user(nick: "cut', 'query Q { user(nick: "?'),
        ("query Q($id: ID!) @live { user(id: $id) { ...F } } fragment F on U { id }",
         "query Q($id: ID!) @live { user(id: $id) { ...F } } fragment F on U { id }"),
    ],
)  # fmt: skip
def test_graphql_literals_go(text: str, expected: str) -> None:
    """Literals go; operations, fields, arguments, variables, enumerations and counts stay."""
    assert scrub(text, "graphql.document") == expected
    assert scrub(expected, "graphql.document") == expected


def test_graphql_is_known_by_its_shape() -> None:
    """An operation is looked into in a body and under an unknown key; prose isn't one."""
    text = 'mutation Login { login(secret: "x") { id } }'
    for key, whole in (("note", text), ("http.request.body", json.dumps({"query": text, "n": 1}))):
        assert '"x"' not in scrub(whole, key).replace("\\", "")
        assert "mutation Login { login(secret: " in scrub(whole, key)
    assert not recognize("mutation testing is fun { really }")
    assert not recognize("query took 5 ms { a: 1 }")
