"""Command lines give up what a program's manual says is a secret, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import assert_linear, repeated
from jaeger_guard.formats import command
from jaeger_guard.formats.command import COMMAND, secrets_in
from jaeger_guard.formats.format import FormatExample, NotThisFormatError
from jaeger_guard.markers import marker
from jaeger_guard.types import Notation

SECRET = "Zx9" + "hunter2"


class Recorder:
    """A judge that changes nothing and notes every leaf."""

    def __init__(self) -> None:
        self.leaves: list[tuple[str, str]] = []

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        self.leaves.append((name, text))
        return text

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


class Replacer:
    """A judge that replaces the leaves that are the secret, and no others."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        return marker("credential.password", notation) if text == SECRET else text

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


@pytest.mark.parametrize("example", COMMAND.examples, ids=lambda example: example.text)
def test_example_yields_its_leaves_and_stays(example: FormatExample) -> None:
    """The format hands out exactly the leaves of its examples; unchanged, they stay."""
    judge = Recorder()
    assert COMMAND.rewrite(example.text, judge) == example.text
    assert tuple(judge.leaves) == example.leaves


@pytest.mark.parametrize(
    "text",
    [
        "mysql -u root -p{} db",
        "mysql -u root '-p{}' db",
        'mysqldump -p"{}" db > x.sql',
        "curl -u anna:{} https://x.example",
        "curl --user=anna:{} https://x.example",
        "curl -uanna:{} https://x.example",
        "curl -u {}: https://api.example",
        "http -a anna:{} x.example",
        "redis-cli -h cache -a {} get k",
        "redis-cli auth {}",
        "redis-cli config set requirepass {}",
        "sshpass -p {} ssh a@b",
        "FOO=1 sshpass -p{} ssh a@b",
        "echo x | docker login -u a -p {} registry.example",
        "ldapsearch -x -D cn=a -w {} -b dc=x",
        "smbclient //h/s -U anna%{}",
        "smbclient -U [REDACTED:identity.user]%{}",
        "vault login {}",
        "vault login -no-store {}",
        "htpasswd -b users anna {}",
        "htpasswd -cb users anna {}",
        "aws configure set aws_secret_access_key {} --profile x",
        "npm config set //r.example/:_authToken {}",
        "rabbitmqctl change_password anna {}",
        "sqlcmd -S h -U sa -P {}",
        "snmpwalk -v 2c -c {} h",
        "openssl rsa -in k.pem -passin pass:{}",
        "lftp -u anna,{} h",
        "sudo -n mysql -p{}",
        "C:\\bin\\mysql.exe -p{}",
        'sh -c "mysql -p{} db"',
        "ssh host 'cd /x && mysql -p{} db'",
        "kubectl create secret generic s --from-literal=key={}",
    ],
)
def test_secret_goes_and_the_command_stays(text: str) -> None:
    """A program's own way to take a secret is known; every other word stays."""
    scrubbed = COMMAND.rewrite(text.format(SECRET), Replacer())
    assert scrubbed == text.format(marker("credential.password"))
    assert COMMAND.rewrite(scrubbed, Replacer()) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "mysql -u root -p db",
        "mysql -p",
        "curl -u anna https://x.example",
        "curl -u $USER:$PASS https://x.example",
        "docker run -p 80:80 nginx",
        "sh -c 'docker run -p 80:80 nginx'",
        "kubectl create configmap c --from-literal=mode=fast",
        "vault login -method=userpass username=anna",
        "redis-cli -a ${PASS} get k",
        "sshpass -p <password> ssh a@b",
        "htpasswd -c users anna",
        "aws s3 ls",
        "ssh -p 22 host",
        "python -m gunicorn app:app -w 4 -b 0.0.0.0:8000",
        "java -Xmx512m -jar app.jar",
        "echo mysql",
        "/",
        "|",
        "'",
        "=",
    ],
)
def test_harmless_command_stays(text: str) -> None:
    """Options that take something else, placeholders, and other programs give no secret."""
    assert list(secrets_in(enumerate(text.split()))) == []
    assert COMMAND.rewrite(text, Replacer()) == text


def test_arguments_in_a_list() -> None:
    """The arguments of a list are looked at as words, whatever they hold."""
    arguments = ["/usr/bin/mysql", "-u", "root", "-p" + SECRET, "my db"]
    [secret] = secrets_in(enumerate(arguments))
    assert arguments[secret.word][secret.start : secret.end] == SECRET
    assert secret.name == "password"


def test_no_words_are_no_command() -> None:
    """A text without a word is refused."""
    with pytest.raises(NotThisFormatError):
        COMMAND.rewrite(" \n", Recorder())


@pytest.mark.parametrize("start", ["", "curl -u a:", "mysql ", "vault login "])
@pytest.mark.parametrize(
    "unit", ["a", "a ", '"', "'", '"a ', "\\", "|", ";", "&", "-u ", "-p", "=", "a=b ", "$", "[RED"]
)
def test_hostile_text_takes_linear_time(start: str, unit: str) -> None:
    """Time grows no faster than the text, up to a megabyte, whatever repeats."""
    work: Callable[[int], object] = lambda size: COMMAND.rewrite(  # noqa: E731
        start + repeated(unit, size), Recorder()
    )
    assert_linear(work)


PROGRAMS = sorted(command._programs())
PARTS = [
    *PROGRAMS,
    "mysql.exe",
    "-u",
    "-p",
    "-px",
    "a:b",
    "login",
    "set",
    "sudo",
    "-b",
    "'",
    '"',
    "|",
]


@settings(max_examples=200, deadline=None)
@given(
    before=st.sampled_from(["", "sudo ", "/usr/bin/", "C:\\", "true; ", "'"]),
    offset=st.integers(0, 8),
    program=st.sampled_from(PROGRAMS),
    parts=st.lists(st.sampled_from(PARTS), max_size=5),
)
def test_a_text_without_a_program_holds_no_secret(
    before: str, offset: int, program: str, parts: list[str]
) -> None:
    """Wherever a name lies beside a step's end it is seen; without one, reading finds nothing."""
    text = f"A={'b' * offset} {before}{program} {' '.join(parts)}"
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(command, "STEP", 7)
        assert command._names_program(text)
        without = text.replace(program, "x")
        assert command._names_program(without) or not list(secrets_in(command._words_of(without)))


@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet="ap -u\"'|;&:%=\\$[]Z9\n", max_size=40))
def test_any_command_keeps_its_text(text: str) -> None:
    """A judge that changes nothing gets the same text back; one that replaces, replaces once."""
    for program in ("curl ", "mysql ", "vault login ", "smbclient -U "):
        assert COMMAND.rewrite(program + text, Recorder()) == program + text
