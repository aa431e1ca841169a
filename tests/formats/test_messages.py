"""Messages through the whole engine: what must go from them, and what must stay."""

from __future__ import annotations

import pytest

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SECRET = "Zx9" + "secretval"
WORD = "correct" + "horse"
KEYS = ("note", "exception.message")

# In these lists, # stands for a secret that no detector knows, and ~ for one that is a plain word.
MUST_GO = [
    "password=[#]",
    "password=[REDACTED]#",
    "password={#}",
    "Driver=x;PWD={a;#};y=1",
    "password\t=\t#",
    "Password:\t#",
    "password =\n#",
    "password: |\n  #",
    "password -> #",
    "password='it''s #'",
    'ENV["DB_PASSWORD"]="#"',
    "os.environ['X_TOKEN'] = '#'",
    "<password>#</password>",
    '<add key="password" value="#"/>',
    '<input name="password" type="text" value="#">',
    'Content-Disposition: form-data; name="password"\r\n\r\n#\r\n--x',
    "machine h login u password #",
    "api key: #",
    "Invalid API key: #",
    "Incorrect API key provided: #",
    "my secret is #",
    "PASSWORD IS: #",
    "invalid token '#'",
    "token #",
    "with password #",
    "login failed for anna with password ~",
    "password '#' rejected",
    "Command '['x', '--password', '#']' returned non-zero exit status 1.",
    "Headers([(b'x-api-key', b'#')])",
    "[('password','#')]",
    '[["password","#"]]',
    "OrderedDict([('password', '#')])",
    "ImmutableMultiDict([('password', '#')])",
    '{"password":{"v":"#"}}',
    '{"credentials":{"u":"#"}}',
    '{"id":"password","value":"#"}',
    '{"label":"password","value":"#"}',
    '{"type":"password","value":"#"}',
    '{"k":"password","v":"#"}',
    "User(name='a', token='#')",
    "Cookie(name='session', value='#')",
    '{:password "#"}',
    '{"headers":[["Authorization","Bearer #"]]}',
    '{"a":["--password","#"]}',
    'cfg {"password":{"v":"#"}} x',
    "token=#",
    "a: b: password=#",
    'msg="login failed password=#"',
    "x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy&password=#",
    "You have an error near '#' AND x=1' at line 1",
    'syntax error at or near "#"',
    'near "#": syntax error',
    "The duplicate key value is (#).",
    "ORA-00001: unique constraint (A.B) violated on table A.C columns (NICK)\nORA-03301: (ORA-00001 details) row with column values (NICK:'#') already exists",
    "batch op errors occurred, full error: {'writeErrors': [{'index': 0, 'code': 11000, 'errmsg': 'E11000 duplicate key error', 'op': {'nick': '#', '_id': 5}}]}",
    "Input should be a valid string [type=string_too_short, input_value='#', input_type=str]",
    "/* c */ SELECT * FROM u WHERE p='#'",
    "(SELECT * FROM u WHERE p='#')",
    "EXEC sp_login 'anna', '#'",
    "CALL login('#')",
    "REPLACE INTO t VALUES ('#')",
    "VALUES ('#')",
    "SET x = '#'",
    "DECLARE @p varchar(20) = '#'",
    "BEGIN; UPDATE t SET a='#'",
    "EXPLAIN SELECT * FROM u WHERE p='#'",
    "COPY t FROM 's3://b' CREDENTIALS 'key=#'",
    "PRAGMA key='#'",
    "ATTACH DATABASE 'x' AS y KEY '#'",
    "GRANT ALL ON *.* TO 'a' IDENTIFIED BY '#'",
    "SET PASSWORD FOR anna = '#'",
    "UPSERT INTO t VALUES ('#')",
    "PREPARE s FROM 'SELECT \"#\"'",
    "EXECUTE s ('#')",
    "SELECT N'#' FROM t",
    "SELECT a FROM t WHERE x=U&'#'",
    "SELECT a FROM t WHERE x=_utf8'#'",
    "SELECT a FROM t WHERE x=$tag$#$tag$",
    "SELECT a FROM t WHERE x='a' '#'",
    "query failed: SELECT * FROM u WHERE p='#' after 3 tries",
    "ALTER USER anna IDENTIFIED BY #",
    "AUTH #",
    "SET user:1 #",
    "HSET u f #",
    "SETEX k 60 #",
    "LPUSH q #",
    "CONFIG SET requirepass #",
    "AUTH ~",
    "/verify-email/#",
    "GET /x?magic=#",
    "GET //u:#@h/p",
    "postgres://a:Zx9 #@h",
    "u:#@localhost/db",
    "password: >\n  #\n  more\nmode: fast\n",
    "a:\n  private_key: |-\n    x\n    #\n  mode: fast\n",
    "env:\n- name: DB_PASSWORD\n  value: #\n- name: MODE\n  value: fast\n",
    "- name: DB_PASSWORD\n  value: '~'\n",
    "kind: Secret\nmetadata:\n  name: db\ndata:\n  tls.crt: #\n  other: |\n    #\n",
    "[db]\ntoken = '''\n#\n'''\nport = 5432\n",
    'x = 1\npassword = """ # """',
    "FROM a\nENV DB_PASSWORD #\nRUN b",
    "set DB_PASSWORD=~",
    "SET DB_PASSWORD=~",
    "export DB_PASSWORD=~\nexport MODE=fast",
    "map[mode:fast password:~]",
    "&{Name:x Password:~ Mode:fast}",
    "got {Name:x Password:~}",
    "id,password,city\n1,#,Rom\n",
    "id;password\n1;~\n2;#",
    'id\tpassword\n1\t"~ #',
    "Array\n(\n    [password] => ~\n    [n] => 5\n)",
    'a:1:{s:8:"password";s:13:"~";}',
    "sqlserver://db:1433;user=sa;password=~;encrypt=true",
]
# Messages whose secret is a word or a number, and that.
SHORT_MUST_GO = [
    ("Command # 1 (SET k " + SECRET + ") of pipeline caused error: x", SECRET),
    ("password=hunter", "hunter"),
    ("password: hunter", "hunter"),
    ("password: hunter2", "hunter2"),
    ("password:hunter2", "hunter2"),
    ("Your OTP is 482913", "482913"),
    ("Your verification code is 482913", "482913"),
    ("otp code 482913", "482913"),
    ("verification code: 482913", "482913"),
    ("SELECT a FROM t WHERE x=X'5a783973'", "5a783973"),
    ("invalid literal for int() with base 10: '4111111111111111x'", "4111111111111111"),
]
COMMANDS = [
    '{"filter":{"nick":"#"}}',
    "users.find({'nick':'#'})",
    "g.V().has('nick','#')",
    "set k 0 60 12\r\n#\r\n",
    '{"find":"users","filter":{"nick":"#"}}',
    '{"query":{"term":{"nick":"#"}}}',
    'db.users.insertOne({nick:"#"})',
    "[{'$match': {'nick': '#'}}]",
    "find users {'nick': '#'}",
    '{"index":{"_index":"a"}}\n{"nick":"#"}\n',
    "g.addV('person').property('nick','#')",
]
MUST_STAY = [
    "failed to refresh token: timeout",
    "token: unexpected EOF",
    "email: must not be blank",
    "api_key: missing",
    "Authorization: required",
    "cvv: required",
    "card: visa",
    "auth: using OAuth2",
    "pin: 4 digits",
    "token: 120 of 4096 used",
    "session:42",
    "user:42:session:count",
    "token:refresh",
    "password:reset",
    "Job send-email:42",
    "com.example:token-lib:1.2.3",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:MySecret-a1b2c3",
    "token: timeout",
    "a:b:c:d:e:f:g:h:i:j:k",
    "k1=v1=v2=v3=v4=v5=v6=v7=v8=v9=v10",
    "urn:a:b:c:d:e:f:g:h:i:j",
    "A0:B1:C2:D3:E4:F5:A6:B7:C8:D9:E0:F1:A2:B3:C4:D5",
    "SHA1 Fingerprint=A0:B1:C2:D3:E4:F5:A6:B7:C8:D9:E0:F1:A2:B3:C4:D5:E6:F7:A8:B9",
    "k1=v1&k2=v2 k3: v4, k5={k6: v7}",
    "password=%s",
    "password=$1",
    "password=:password",
    "password=<redacted>",
    "password=%(password)s",
    "def login(email: str, password: str)",
    "Bearer <token>",
    "--token TOKEN",
    "mutation Login($password: String!) { login(password: $password) { id } }",
    "password={password}",
    "password=***",
    "password=None",
    "token=null",
    "Authorization: Bearer <token>",
    "password=%(password)s AND pwd=:pwd",
    "invalid password: must be longer",
    "api_key=required",
    "access_token: expired",
    "Signature=valid",
    "token = get_token()",
    "session_id = uuid.uuid4()",
    "headers = {'Authorization': f'Bearer {token}'}",
    "password=?",
    "secret_name=db-creds",
    "{'password': ['This field is required.']}",
    '{"errors":{"email":["is invalid"]}}',
    '{"password":["is too short","must match"]}',
    '{"required":["email","name","password"]}',
    '{"type":"object","properties":{"email":{"type":"string","format":"email"},"password":{"type":"string","minLength":8}}}',
    '{"required":["email","name"]}',
    'secret "db-creds" not found in namespace default',
    "unexpected token < in JSON at position 0",
    "Unexpected token: }",
    "password authentication failed",
    "Invalid password",
    "The password is incorrect",
    "token is opaque",
    "password must be at least 8 characters",
    "jwt expired",
    "token type bearer",
    "AUTH FAILED",
    "SET NAMES utf8",
    "Unexpected token 'else'",
    "error code is 482913",
    "please use password reset flow",
    "x <b>token</b> y",
    "<module>",
    'near "SELEC": syntax error',
    'syntax error at or near "FROM"',
    "KeyError: 'password'",
    "could not connect: can't reach SELECT a FROM b",
    'level=info msg="request done" path=/users/42 status=200 duration=12ms',
    "keys: [a, b]",
    "ssh://git@github.com/org/repo",
    "git+ssh://git@github.com/org/repo.git@v1",
    "['email', 'password']",
    '["user-emails", "session.events"]',
    "session=morning",
    "auth: basic",
    "mail: queued",
    "zip: archive.zip",
    "authorization: granted",
    "auth=none",
    "pass=true",
    "PASSWORD=\nUSER=bob",
    "getenv('TOKEN', 'x')",
    "args: ['--port', '80']",
    "token v2 in use",
    "secret: v2 rotated",
    "description: |\n  two\n  lines\nmode: fast\n",
    "kind: SecretStore\nmetadata:\n  name: db\nspec:\n  provider: vault\n",
    "kind: ConfigMap\ndata:\n  mode: fast\n",
    "- name: MODE\n  value: fast\n",
    "map[mode:fast token:]",
    "{ID:5 Status:open}",
    "ENV TOKEN required",
    "id,name,status\n1,a,b\n",
    "Dear Ann, your email\nwas received, thanks",
    "set DB_HOST=db.internal",
]
MUST_STAY_UNDER_THEIR_KEYS = [
    ("url", "ssh://git@github.com/org/repo"),
    ("url", "git+ssh://git@github.com/a/b"),
    ("url", "git@github.com:org/repo.git"),
    ("url", "nginx@sha256:ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12"),
    ("http.request.body", "[1,2,3]"),
    ("http.request.body", "<order><id>7</id><state>open</state></order>"),
    ("http.request.body", "page=2&sort=-created"),
    ("http.request.body", "query Q { orders(first: 10) { id state } }"),
    ("db.statement", '{"find":"users","filter":{"email":"?"}}'),
    (
        "db.statement",
        '{"query":{"match_all":{}},"size":10,"from":0,"sort":[{"a":"desc"}],"_source":["a","b"]}',
    ),
    ("db.statement", 'users.find({"_id": ?})'),
    ("db.statement", "get mykey"),
    (
        "db.statement",
        '{"aggregate":"orders","pipeline":[{"$match":{"a":"?"}},{"$group":{"_id":"$status"}},{"$limit":10},{"$sort":{"n":-1}}],"cursor":{}}',
    ),
    ("db.statement", "g.V().hasLabel('person').values('name').limit(10)"),
    ("url.path", "/verify-email/confirm"),
    ("url.path", "/verify/email"),
    ("url.full", "postgres://user:${PASSWORD}@db/x"),
]


@pytest.fixture(scope="module")
def scrubber() -> Scrubber:
    """The whole engine under the default policy."""
    return Scrubber(compile_policy(load_policy("baseline", "tests")))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("message", MUST_GO)
def test_secret_goes_from_message(scrubber: Scrubber, message: str, key: str) -> None:
    """A value that its name, its place or its statement makes a secret leaves nothing behind."""
    text = message.replace("#", SECRET).replace("~", WORD)
    scrubbed, _ = scrubber.value(key, text)
    assert SECRET not in str(scrubbed)
    assert WORD not in str(scrubbed)
    assert scrubber.value(key, scrubbed)[0] == scrubbed


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("message", "secret"), SHORT_MUST_GO)
def test_short_secret_goes_from_message(
    scrubber: Scrubber, message: str, secret: str, key: str
) -> None:
    """So does one that is a word or a number."""
    scrubbed, _ = scrubber.value(key, message)
    assert secret not in str(scrubbed)
    assert scrubber.value(key, scrubbed)[0] == scrubbed


@pytest.mark.parametrize("statement", COMMANDS)
def test_literal_goes_from_database_command(scrubber: Scrubber, statement: str) -> None:
    """Under a statement's key, a literal of any database's language goes, whatever its field."""
    scrubbed, _ = scrubber.value("db.statement", statement.replace("#", SECRET))
    assert SECRET not in str(scrubbed)
    assert scrubber.value("db.statement", scrubbed)[0] == scrubbed


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("message", MUST_STAY)
def test_message_stays(scrubber: Scrubber, message: str, key: str) -> None:
    """What talks about secrets and holds none stays byte for byte."""
    assert scrubber.value(key, message)[0] == message


@pytest.mark.parametrize(("key", "value"), MUST_STAY_UNDER_THEIR_KEYS)
def test_value_stays(scrubber: Scrubber, key: str, value: str) -> None:
    """Service users, digests, and a command's shape are no secrets."""
    assert scrubber.value(key, value)[0] == value
