"""Secrets by their name in the notations of configuration and code, and placeholders that are none."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final

from .case import Case
from .draw import BASE62, Draw
from .money import card
from .sentences import email

# {s}: a secret; what must stay stands behind.
_NOTATIONS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("INI", "[db]\nhost = db.internal\npassword = {s}\ntimeout = 30", ("host = db.internal", "timeout = 30")),
    ("properties", "spring.datasource.url=jdbc:h2:mem\nspring.datasource.password={s}\nserver.port=8080", ("spring.datasource.password", "server.port=8080")),
    ("TOML", 'name = "shop"\napi_key = "{s}"\nretries = 3', ('name = "shop"', "retries = 3")),
    ("HCL", 'resource "db" "main" {{\n  password = "{s}"\n  size = 20\n}}', ('resource "db" "main"', "size = 20")),
    ("YAML", "env:\n  - name: LOG_LEVEL\n    value: debug\n  api_token: {s}\n  replicas: 2", ("LOG_LEVEL", "replicas: 2")),
    ("YAML quoted", "smtp:\n  user: mailer\n  password: '{s}'\n  port: 587", ("port: 587",)),
    ("Dockerfile", "FROM python:3.12\nENV DB_PASSWORD={s}\nEXPOSE 8080", ("FROM python:3.12", "EXPOSE 8080")),
    ("npmrc", "//registry.example/:_authToken={s}\nalways-auth=true", ("registry.example", "always-auth=true")),
    ("netrc", "machine api.example login app password {s}", ("machine api.example",)),
    ("AWS credentials", "[default]\naws_secret_access_key = {s}\nregion = eu-west-1", ("[default]", "region = eu-west-1")),
    ("pip", "[global]\nindex-url = https://app:{s}@pypi.example/simple\ntimeout = 60", ("pypi.example/simple", "timeout = 60")),
    ("git credentials", "https://app:{s}@git.example", ("git.example",)),
    ("Python dict", "config={{'host': 'db', 'password': '{s}', 'port': 5432}}", ("'host': 'db'", "'port': 5432")),
    ("Python call", "connect(host='db', password='{s}', port=5432)", ("host='db'", "port=5432")),
    ("Python repr", "Settings(debug=False, secret_key='{s}', workers=4)", ("debug=False", "workers=4")),
    ("JavaScript", 'const client = new Client({{ region: "eu", apiKey: "{s}", retries: 3 }});', ('region: "eu"', "retries: 3")),
    ("Ruby", '{{:host=>"db", :password=>"{s}", :pool=>5}}', (":host", ":pool=>5")),
    ("PHP", "define('DB_PASSWORD', '{s}'); define('DB_HOST', 'db');", ("DB_PASSWORD", "'DB_HOST', 'db'")),
    ("Go struct", "{{Host:db Port:5432 Password:{s} Debug:false}}", ("Host:db", "Debug:false")),
    ("Java", "DataSource[url=jdbc:h2:mem, password={s}, pool=5]", ("url=jdbc:h2:mem", "pool=5")),
    ("C#", 'new Options {{ Host = "db", ClientSecret = "{s}", Retries = 3 }}', ('Host = "db"', "Retries = 3")),
    ("JDBC", "jdbc:mysql://db.internal:3306/shop?user=app&password={s}&useSSL=true", ("db.internal:3306/shop", "useSSL=true")),
    ("JDBC SQL Server", "jdbc:sqlserver://db.internal:1433;databaseName=shop;user=app;password={s};encrypt=true", ("databaseName=shop", "encrypt=true")),
    ("libpq", "host=db.internal port=5432 dbname=shop user=app password={s} sslmode=require", ("host=db.internal", "dbname=shop", "sslmode=require")),
    ("Azure storage", "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={s};EndpointSuffix=core.windows.net", ("AccountName=shop", "EndpointSuffix=core.windows.net")),
    ("Service Bus", "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=app;SharedAccessKey={s}", ("sb://shop.servicebus.windows.net/",)),
    ("Kafka JAAS", 'org.apache.kafka.common.security.plain.PlainLoginModule required username="app" password="{s}";', ("PlainLoginModule",)),
    ("Redis URL", "redis://:{s}@cache.internal:6379/0", ("cache.internal:6379/0",)),
    ("SMTP URL", "smtps://app:{s}@mail.internal:465", ("mail.internal:465",)),
    ("curl header", "curl -H 'Authorization: Bearer {s}' -H 'Accept: */*' https://api.example/v1", ("Accept: */*", "https://api.example/v1")),
    ("curl key", "curl -H 'X-Api-Key: {s}' https://api.example/v1/items", ("https://api.example/v1/items",)),
    ("docker login", "docker login -u app -p {s} registry.example", ("docker login", "registry.example")),
    ("mysql", "mysqldump -u app -p{s} shop orders", ("mysqldump", "shop orders")),
    ("psql", "PGPASSWORD={s} psql -h db.internal shop", ("psql -h db.internal shop",)),
    ("kubectl", "kubectl create secret generic db --from-literal=password={s} -n prod", ("kubectl create secret generic db", "-n prod")),
    ("openssl", "openssl enc -aes-256-cbc -k {s} -in a.txt", ("-aes-256-cbc", "-in a.txt")),
    ("sshpass", "sshpass -p {s} ssh app@node7", ("ssh app@node7",)),
    ("logfmt", 'ts=2026-01-15T10:15:30Z level=info token="{s}" took=12ms', ("level=info", "took=12ms")),
    ("header dump", "host: shop.example\nx-api-key: {s}\naccept: */*", ("host: shop.example", "accept: */*")),
    ("XML", '<config><host>db</host><password>{s}</password><port>5432</port></config>', ("<host>db</host>", "<port>5432</port>")),
    ("web.config", '<add name="shop" connectionString="Server=db;Database=shop;User Id=app;Password={s};" />', ("Server=db", "Database=shop")),
    ("JSON pairs", '[{{"name": "DB_PASSWORD", "value": "{s}"}}, {{"name": "LOG_LEVEL", "value": "debug"}}]', ('"LOG_LEVEL", "value": "debug"', "DB_PASSWORD")),
    ("GraphQL", '{{"query": "mutation($p: String!) {{ login(password: $p) }}", "variables": {{"password": "{s}"}}}}', ("mutation($p: String!)",)),
    ("sentence", "the password is {s}, please change it", ("please change it",)),
    ("sentence de", "das Passwort lautet {s}, bitte ändern", ("bitte ändern",)),
    ("sentence colon", "New password: {s}\nRegards", ("New password:", "Regards")),
)  # fmt: skip

# What stands where a secret would, and is none.
_PLACEHOLDERS: Final = (
    "password=${DB_PASSWORD}", "password: {{ .Values.db.password }}", "password=%s", "api_key=$API_KEY", "token=<token>",
    "password=null", "password=None", "token: null", 'password=""', "password=", "secret=true", "password=false",
    "PASSWORD=$(cat /run/secrets/db)", "password: required", "password=os.environ['DB_PASSWORD']", "token=process.env.TOKEN",
    "password field is required", "passwords do not match", "password must have 12 characters", "token is missing",
    "token has expired", "no token given", "using password: YES", "password authentication failed for role \"app\"",
    "tokens: 512", "token_count=512", "max_tokens=4096", "secretName: db-credentials", "secretKeyRef: db",
    "passwordPolicy=strict", "auth=enabled", "auth_mode=oauth2", "session_timeout=1800", "cookie: none", "pin: false",
    "api_key_required=true", "key=value", "keys=[1, 2]", "sort key: created_at", "author: release-bot", "signed off by CI",
    "SELECT password FROM users", "password TEXT NOT NULL", "def check_password(self, password):", "self.token = token",
    "return hash_password(password)", "import secrets", "from getpass import getpass", "class TokenBucket:",
    "raise InvalidToken()", "password = getpass()", "if not token:", "token := os.Getenv(\"TOKEN\")", "let token = null;",
)  # fmt: skip

# Messages of libraries and databases: what is planted, and what stays.
_MESSAGES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("PostgreSQL", 'duplicate key value violates unique constraint "users_email_key"\nDETAIL:  Key (email)=({e}) already exists.', ("users_email_key", "already exists")),
    ("PostgreSQL row", 'null value in column "city" violates not-null constraint\nDETAIL:  Failing row contains (7, {e}, {n}, null).', ('null value in column "city"',)),
    ("MySQL", "(1062, \"Duplicate entry '{e}' for key 'users.email'\")", ("1062", "users.email")),
    ("SQLite", "(sqlite3.IntegrityError) UNIQUE constraint failed\n[SQL: INSERT INTO users (email) VALUES (?)]\n[parameters: ('{e}',)]", ("UNIQUE constraint failed", "INSERT INTO users (email) VALUES (?)")),
    ("MongoDB", 'E11000 duplicate key error collection: shop.users index: email_1 dup key: {{ email: "{e}" }}', ("E11000", "shop.users")),
    ("SQL Server", "Violation of UNIQUE KEY constraint 'UQ_users'. The duplicate key value is ({e}).", ("UQ_users",)),
    ("pydantic", "1 validation error for User\nemail\n  value is not valid [type=value_error, input_value='{e}!', input_type=str]", ("1 validation error for User", "type=value_error")),
    ("KeyError", "KeyError: '{e}'", ("KeyError",)),
    ("requests", "HTTPSConnectionPool(host='api.example', port=443): Max retries exceeded with url: /v1/users?email={e}&page=2", ("host='api.example', port=443", "page=2")),
    ("httpx", "Client error '404 Not Found' for url 'https://api.example/v1/users/{e}'", ("404 Not Found", "https://api.example/v1/users/")),
    ("boto", "An error occurred (UserNotFoundException) when calling the AdminGetUser operation: User {e} does not exist.", ("UserNotFoundException", "AdminGetUser")),
    ("SMTP", "550 5.1.1 <{e}>: Recipient address rejected: User unknown", ("550 5.1.1", "Recipient address rejected")),
    ("Django", "User matching query does not exist: email={e}", ("User matching query does not exist",)),
    ("card", "stripe.CardError: Your card {c} was declined (code: card_declined)", ("stripe.CardError", "card_declined")),
    ("JSON decode", "Expecting ',' delimiter: line 1 column 40 (char 39): {{\"email\": \"{e}\" \"x\": 1}}", ("Expecting ',' delimiter",)),
    ("LDAP", "invalid credentials for uid={e},ou=people,dc=example", ("invalid credentials",)),
    ("nginx", '{i} - - [15/Jan/2026:10:15:30 +0000] "GET /v1/items?email={e} HTTP/1.1" 200 1234 "-" "curl/8.5.0"', ("GET /v1/items", "200 1234", "curl/8.5.0")),
    ("syslog", "sshd[4711]: Failed password for invalid user root from {i} port 52114 ssh2", ("sshd[4711]", "port 52114")),
    ("Java", "com.shop.UserException: no such user {e}\n\tat com.shop.Users.find(Users.java:42)", ("com.shop.UserException", "Users.java:42")),
    ("Node", "Error: no such user {e}\n    at find (/app/users.js:42:13)", ("/app/users.js:42:13",)),
    ("Go", "panic: no such user {e}\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:42 +0x1d", ("goroutine 1 [running]", "/app/main.go:42")),
)  # fmt: skip


def configuration(draw: Draw) -> Iterator[Case]:
    """Secrets in every notation; and what stands in the same places and is none."""
    for kind, template, stays in _NOTATIONS:
        for _ in range(8):
            secret = draw.pick(
                (draw.text(BASE62, draw.number(14, 32)), draw.text(BASE62, 10) + "!7")
            )
            if "+=" in template or kind in ("Azure storage", "Service Bus"):
                secret = base64.b64encode(draw.random.randbytes(32)).decode()
            text = template.format(s=secret)
            key = draw.pick(("log.body", "note", "config.text", "message"))
            yield Case(kind=kind, key=key, value=text, gone=(secret,), stays=stays)
    for text in _PLACEHOLDERS:
        for template in ("{}", "line 4: {}"):
            key = draw.pick(("log.body", "note", "message"))
            yield Case(kind=f"placeholder: {text}", key=key, value=template.format(text))


def messages(draw: Draw) -> Iterator[Case]:
    """Messages of databases, libraries and servers with planted values; the rest of them stays."""
    for kind, template, stays in _MESSAGES:
        for _ in range(10):
            parts = {
                "e": email(draw),
                "n": draw.people("en").last_name() + draw.digits(3),
                "c": card(draw)[0],
                "i": f"81.{draw.number(2, 250)}.{draw.number(2, 250)}.{draw.number(10, 250)}",
            }
            gone = tuple(value for name, value in parts.items() if f"{{{name}}}" in template)
            key = draw.pick(("exception.message", "log.body", "message"))
            text = template.format(**parts)
            yield Case(kind=kind, key=key, value=text, gone=gone, stays=stays, coarse=True)
