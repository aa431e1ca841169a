"""What looks like a format, or is one with nothing to hide in it, stays byte for byte.

Manifests, logs, code, markup, tables, help texts and prose, as they come under keys that nobody knows.
"""

from __future__ import annotations

import pytest

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "the test")))

TEXTS = [
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels:\n    app: web\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx:1.25\n        ports:\n        - containerPort: 80\n        env:\n        - name: LOG_LEVEL\n          value: debug\n        - name: DB_PASSWORD\n          valueFrom:\n            secretKeyRef:\n              name: db\n              key: password\n        resources:\n          limits:\n            memory: 128Mi\n            cpu: 500m\n",
    'version: "3.9"\nservices:\n  web:\n    image: web:1.2\n    ports: ["8000:8000"]\n    environment:\n      - LOG_LEVEL=debug\n      - WORKERS=4\n    depends_on: [db]\n',
    "server {\n    listen 443 ssl;\n    server_name shop.example.com;\n    location /api/ {\n        proxy_pass http://backend:8080;\n        proxy_set_header Host $host;\n        proxy_set_header Authorization $http_authorization;\n    }\n}\n",
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"><path d="M12 2L2 7l10 5 10-5-10-5z"/></svg>',
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>404 Not Found</title></head><body><h1>Not Found</h1><p>The requested URL /a was not found.</p></body></html>',
    '<?xml version="1.0" encoding="UTF-8"?>\n<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>token-lib</artifactId><version>1.2.3</version></project>',
    "type Query { user(id: ID!): User, orders(first: Int = 10): [Order!]! } type User { id: ID! email: String password: String }",
    '# HELP http_requests_total The total number of HTTP requests.\n# TYPE http_requests_total counter\nhttp_requests_total{method="post",code="200"} 1027 1395066363000\nhttp_requests_total{method="post",code="400"}    3 1395066363000\n',
    "diff --git a/a.py b/a.py\nindex 83db48f..bf2a1c3 100644\n--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,4 @@\n def f(a, b):\n-    return a\n+    return a + b\n",
    "| name | status | count |\n|------|--------|-------|\n| a    | ok     | 5     |\n",
    "usage: app [-h] [--port PORT] [--token TOKEN] [--password PASSWORD] file\n\npositional arguments:\n  file                 input file\n\noptions:\n  -h, --help           show this help message and exit\n  --port PORT          port to listen on (default: 8080)\n  --token TOKEN        API token\n  --password PASSWORD  password for login\n",
    'resource "aws_instance" "web" {\n  ami           = "ami-0c55b159cbfafe1f0"\n  instance_type = "t2.micro"\n  tags = { Name = "web" }\n}\n',
    "time,cpu,mem\n2024-01-01T00:00:00Z,0.5,128\n2024-01-01T00:01:00Z,0.6,130\n",
    "country;code;population\nGermany;DE;83\nFrance;FR;67\n",
    "Goroutine panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d\nexit status 2\n",
    "TypeError: Cannot read properties of undefined (reading 'password')\n    at login (/app/src/auth.js:10:15)\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n",
    'java.lang.NullPointerException: Cannot invoke "com.shop.User.getPassword()" because "user" is null\n\tat com.shop.Login.check(Login.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:833)\n',
    "System.NullReferenceException: Object reference not set to an instance of an object.\n   at Shop.Login.Check(User user) in /src/Login.cs:line 42\n   at Shop.Program.Main(String[] args)\n",
    "undefined method `password' for nil:NilClass (NoMethodError)\n\tfrom /app/login.rb:3:in `check'\n",
    'Traceback (most recent call last):\n  File "/app/a.py", line 3, in check\n    token = request.headers["Authorization"]\n            ~~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^^\nKeyError: \'Authorization\'\n',
    '{"level":"info","ts":1700000000.123,"caller":"http/server.go:42","msg":"request completed","method":"GET","path":"/v1/orders","status":200,"duration_ms":12.5,"bytes":5120}',
    '{"openapi":"3.0.0","info":{"title":"Shop","version":"1.0"},"paths":{"/login":{"post":{"requestBody":{"content":{"application/json":{"schema":{"properties":{"password":{"type":"string"}}}}}}}}}}',
    "2024-01-01 12:00:00,123 INFO  [main] com.shop.App - Started App in 2.345 seconds (JVM running for 3.1)",
    "2024-01-01T12:00:00Z [notice] 1#1: nginx/1.25.3",
    "[2024-01-01 12:00:00 +0000] [1] [INFO] Listening at: http://0.0.0.0:8000 (1)",
    '10:30:00.123 [http-nio-8080-exec-1] DEBUG o.s.web.servlet.DispatcherServlet - GET "/orders?page=2", parameters={masked}',
    "Subject: Weekly report\nContent-Type: text/plain; charset=utf-8\nMIME-Version: 1.0\n",
    'HTTP/1.1 200 OK\nContent-Type: application/json\nCache-Control: max-age=3600\nETag: "5f3e"\n',
    '[tool.ruff]\nline-length = 100\nselect = ["E", "F"]\n\n[tool.mypy]\nstrict = true\n',
    "logging.level.root=INFO\nserver.port=8080\nspring.application.name=shop\nmanagement.endpoints.web.exposure.include=health,info\n",
    'FROM python:3.11\nENV PYTHONUNBUFFERED 1\nENV PORT=8000\nRUN pip install -r requirements.txt\nCMD ["python", "-m", "app"]\n',
    'def login(user, password):\n    token = create_token(user)\n    return {"token": token, "expires": 3600}\n',
    'const { password, ...rest } = req.body; if (!password) throw new Error("password required");',
    "func (s *Server) Login(ctx context.Context, req *pb.LoginRequest) (*pb.LoginResponse, error) {",
    "SELECT * FROM information_schema.tables WHERE table_schema NOT IN ($1, $2)",
    "The session token has expired. Please log in again.",
    "Please set the environment variable API_TOKEN or pass --token.",
    'failed to parse "2024-13-01": month out of range',
    "retrying in 5s (attempt 3 of 10): context deadline exceeded",
    "order 1234567890 shipped via DHL, tracking JD014600003GR",
    "a=1 b=2 c=3 d=4.5e-3 e=0x1F",
    "x <- c(1, 2, 3); y = mean(x)",
    "<T extends Comparable<T>> void sort(List<T> list)",
    "Expected <Order 5> but got <Order 6>",
    "<class 'ValueError'>: bad value",
    "<html>",
    "query: took 5 ms { rows: 3 }",
    "subscription renewed { plan: pro }",
    "Map{a=1, b=2}",
    "{a=1, b=2}",
    "[a=1, b=2]",
    "Optional[5]",
    "Point(x=1, y=2)",
    "Result{status=OK, code=200}",
    "map[a:1 b:2]",
    "&{ID:5 Status:open}",
    "{Name:web Port:80}",
    "[map[a:1] map[b:2]]",
    "C:\\Program Files\\x64\\u0041pp\\100",
    "\\\\srv\\x41\\101",
    "it=40%20off",
    "Überprüfung läuft: 5 von 10",
    "ｆｕｌｌ width ５",
    "Привет: мир",
    "naïve café – “quoted” text",
    "日本語: テスト",
    "x\u200by",
    "🙂 ok: 5",
    "(&(objectClass=person)(ou=sales))",
    "*3\r\n",
    "* item: a\n* item: b\n",
    "set up the thing 5 times",
    "SET UP: 5",
    "get key",
    "HSET failed",
    "Call me maybe { x }",
    "BEGIN the work; then rest",
    "For u in users, return u",
    "Let x be 5",
    "Change master key rotation policy",
    "Return to sender",
    "for i in 1..3 do echo $i; done",
]
BODIES = [
    text
    for text in TEXTS
    if text.startswith(
        (
            "apiVersion",
            "version",
            "<svg",
            "<!DOC",
            "<?xml",
            "time,",
            "country;",
            '{"',
            "[tool",
            "logging.",
        )
    )
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("key", ["note", "exception.message"])
def test_text_stays(text: str, key: str) -> None:
    """Under a key that says nothing, and under one that promises a message."""
    assert SCRUBBER.value(key, text)[0] == text


@pytest.mark.parametrize("text", BODIES)
def test_body_stays(text: str) -> None:
    """As a body, whose structure says that there is nothing to hide in it."""
    assert SCRUBBER.value("http.request.body", text)[0] == text


def traceback_at(line: str) -> str:
    return f'Traceback (most recent call last):\n  File "/a.py", line 3, in f\n    {line}\nE: x\n'


@pytest.mark.parametrize(
    "line",
    [
        "run(f\"select id from users where email='{email}' and id={uid}\")",
        "run(f\"select id from users where email='{request.args.get('email')}'\")",
        "get(url, headers={'Authorization': f'Bearer {token}'})",
        "run(\"update users set password='{}'\".format(password))",
    ],
)
def test_expressions_in_source_lines_stay(line: str) -> None:
    """A source line that interpolates a value only names it, and is what one debugs with."""
    text = traceback_at(line)
    assert SCRUBBER.value("exception.stacktrace", text)[0] == text


@pytest.mark.parametrize(
    "line",
    [
        'login(f"{name}", password="hunter2")',
        'login(name, password="{Hunter}")',
        "login(f\"password='hunter2{suffix}'\")",
        "login(f\"password='{prefix}hunter2'\")",
        "login(f\"email='{users.get('ada', 'hunter@mail.example.org')}'\")",
    ],
)
def test_literals_beside_expressions_go(line: str) -> None:
    """What is more than an expression, or stands where nothing interpolates, may be a secret."""
    scrubbed = SCRUBBER.value("exception.stacktrace", traceback_at(line))[0]
    assert isinstance(scrubbed, str)
    assert "unter" not in scrubbed
