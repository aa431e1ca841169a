"""Command lines: the options and operands that a program takes a secret in, whatever they are called.

`--password S` says by its name what follows, and the text format reads it. Here is what only the
program's manual tells: `mysql -pS`, `curl -u user:S`, `vault login S`. A table says so; everything
between is taken apart as any text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.text import rewrite as rewrite_text
from jaeger_guard.formats.text_stretch import CHUNK
from jaeger_guard.long_texts import BETWEEN_CHECKS, check_time, read_all, release
from jaeger_guard.types import Judge

PASSWORD: Final = "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """Where a program takes secrets.

    Attributes:
        options: Short or long options whose value is one; a short one's may follow at once.
        attached: Short options whose value is one only where it follows at once (`-pS`).
        separators: What stands between a user and a secret in the value; "" where all of it is one.
        below: Subcommands that must have been given; the rest holds everywhere where there is none.
        operand: Which operand behind the subcommand is a secret, counted from 1; 0 for none.
        named: Whether the operand before says what it is.
        flag: A short option that must have been given for the operand.
    """

    options: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    separators: str = ""
    below: tuple[str, ...] = ()
    operand: int = 0
    named: bool = False
    flag: str = ""


# Each program's manual page, section "OPTIONS".
_PROGRAMS: Final[Mapping[str, tuple[_Program, ...]]] = {
    "mysql mysqldump mysqladmin mysqlimport mysqlshow mysqlcheck mariadb mariadb-dump mariadb-admin": (
        _Program(attached=("-p",)),
    ),
    "curl": (_Program(options=("-u", "--user", "-U", "--proxy-user"), separators=":"),),
    "http https xh": (_Program(options=("-a", "--auth"), separators=":"),),
    "redis-cli valkey-cli": (
        _Program(options=("-a", "--pass")),
        _Program(below=("auth", "AUTH"), operand=1),
        _Program(below=("requirepass", "masterauth"), operand=1),
    ),
    "sshpass": (_Program(options=("-p",)),),
    "docker podman nerdctl buildah skopeo helm az oc": (
        _Program(options=("-p",), below=("login",)),
    ),
    "ldapsearch ldapadd ldapmodify ldapdelete ldappasswd ldapwhoami ldapcompare ldapmodrdn": (
        _Program(options=("-w", "-s")),
    ),
    "smbclient rpcclient smbmap net": (_Program(options=("-U", "--user"), separators="%"),),
    "mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop": (
        _Program(options=("-p",)),
    ),
    "sqlcmd bcp isql osql mosquitto_pub mosquitto_sub zip unzip ipmitool": (
        _Program(options=("-P",)),
    ),
    "7z 7za 7zr": (_Program(attached=("-p",)),),
    "snmpget snmpwalk snmpset snmpbulkwalk snmpgetnext snmptrap": (
        _Program(options=("-c", "-A", "-X")),
    ),
    "openssl": (
        _Program(options=("-passin", "-passout", "-pass"), separators=":"),
        _Program(options=("-k", "-K")),
    ),
    "lftp": (_Program(options=("-u", "--user"), separators=","),),
    "vault bao": (_Program(below=("login",), operand=1),),
    "htpasswd": (_Program(operand=3, flag="b"),),
    "aws npm pip": (_Program(below=("set",), operand=2, named=True),),
    "kubectl": (_Program(options=("--from-literal",), separators="=", below=("secret",)),),
    "git composer": (_Program(below=("config",), operand=2, named=True),),
    "rabbitmqctl": (
        _Program(below=("add_user", "change_password", "authenticate_user"), operand=2),
    ),
}

# What runs another program, whose name follows.
_WRAPPERS: Final = frozenset(
    [
        "sudo",
        "doas",
        "env",
        "exec",
        "nohup",
        "time",
        "nice",
        "command",
        "timeout",
        "stdbuf",
        "xargs",
        # A shell's prompt, and what `set -x` writes.
        "$",
        "#",
        "+",
    ]
)
_SEPARATORS: Final = frozenset({"|", "||", "&&", ";", "&"})
_LONGEST_BEGIN: Final = 2048  # characters of a text that may be a command line
_MOST_SHELLS: Final = 2  # command lines within each other
_MOST_OPERANDS: Final = 8  # no entry of the table asks for more


class Secret(NamedTuple):
    """A secret among a command's arguments: from `start` to `end` of the argument at `argument`."""

    argument: int
    start: int
    end: int
    name: str


@lru_cache(maxsize=1)
def _programs() -> dict[str, tuple[_Program, ...]]:
    return {name: entries for names, entries in _PROGRAMS.items() for name in names.split()}


@lru_cache(maxsize=1)
def _placeholder() -> re.Pattern[str]:
    return re.compile(
        r"\$\{?\w{1,64}\}?|\$\([^()]{1,128}\)|<[^<>]{1,64}>|%\w{1,64}%|\{\{[^{}]{1,64}\}\}|\*{1,64}|-"
    )


@lru_cache(maxsize=1)
def _word() -> re.Pattern[str]:
    # Possessive, and each alternative begins with another character: linear whatever the text.
    return re.compile(
        r"""(?<!\S)(?:"(?:[^"\\]++|\\.)*+\\?\Z|'[^']*+\Z)|(?:[^\s"'\\|;&]++|"(?:[^"\\]++|\\.)*+"|'[^']*+'|\\.|["'\\])++|\|\|?|&&?|;""",
        re.DOTALL,
    )


def secrets_in(arguments: Sequence[str], *, depth: int = 0) -> Iterator[Secret]:
    """Yield the secrets among the arguments of a command, its own name being the first.

    An argument may be a command line itself, for a shell or another host: `sh -c "mysql -pS"`.
    """
    if depth < _MOST_SHELLS:
        for index, argument in enumerate(arguments):
            if " " in argument and len(argument) >= 8:
                yield from _within(argument, index, depth)
    begin = 0
    for index in range(len(arguments) + 1):
        if index % BETWEEN_CHECKS == BETWEEN_CHECKS - 1:
            check_time()
        if index == len(arguments) or arguments[index] in _SEPARATORS:
            program = _program_at(arguments, begin, index)
            if program is not None:
                place, entries = program
                yield from _secrets_of(entries, arguments, place + 1, index)
            begin = index + 1


def _within(argument: str, index: int, depth: int) -> Iterator[Secret]:
    places, words = _words_of(argument)
    for secret in secrets_in(words, depth=depth + 1):
        start = places[secret.argument][0]
        yield Secret(index, start + secret.start, start + secret.end, secret.name)


def _words_of(text: str) -> tuple[list[tuple[int, int]], list[str]]:
    """Split a command line into words: where each stands without its quotes, and what it says."""
    places: list[tuple[int, int]] = []
    words: list[str] = []
    for found in read_all(_word(), text):
        start, end = found.span()
        if end - start > 1 and text[start] in "\"'":
            closing = text.find(text[start], start + 1, end)
            if closing == end - 1:
                start, end = start + 1, end - 1
            elif closing < 0:  # it was cut off
                start += 1
        places.append((start, end))
        words.append(text[start:end])
    return places, words


def _program_at(
    arguments: Sequence[str], begin: int, end: int
) -> tuple[int, tuple[_Program, ...]] | None:
    """Find the program that a command runs, behind variables and what runs it."""
    wrapped = False
    for index in range(begin, min(end, begin + 16)):
        word = arguments[index]
        name = re.split(r"[/\\]", word[-128:])[-1].removesuffix(".exe")
        if (entries := _programs().get(name)) is not None:
            return index, entries
        assigned = "=" in word[:64] and not word.startswith("-")
        wrapped = wrapped or name in _WRAPPERS
        if not (wrapped or assigned):
            return None
    return None


def _secrets_of(
    entries: tuple[_Program, ...], arguments: Sequence[str], begin: int, end: int
) -> Iterator[Secret]:
    found: dict[tuple[int, int], Secret] = {}
    for entry in entries:
        for secret in filter(None, _of_entry(entry, arguments, begin, end)):
            found.setdefault((secret.argument, secret.start), secret)
    yield from (found[place] for place in sorted(found))


def _of_entry(
    entry: _Program, arguments: Sequence[str], begin: int, end: int
) -> list[Secret | None]:
    found: list[Secret | None] = []
    below = not entry.below
    flagged = not entry.flag
    operands: list[int] = []
    index = begin
    while index < end:
        if index % BETWEEN_CHECKS == BETWEEN_CHECKS - 1:
            check_time()
        word = arguments[index]
        if word.startswith("-") and len(word) > 1:
            short = word[1:2] != "-"
            flagged = flagged or (short and entry.flag in word[1:8])
            option = next((each for each in entry.options if word == each), None)
            if option is not None and index + 1 < end:
                index += 1
                if below:
                    found.append(_secret(entry, arguments, index, 0))
            elif below:
                found.append(_attached(entry, arguments, index))
        elif not below:
            below = word in entry.below
        elif len(operands) < _MOST_OPERANDS:
            operands.append(index)
        index += 1
    if entry.operand and below and flagged and len(operands) >= entry.operand:
        place = operands[entry.operand - 1]
        name = arguments[operands[entry.operand - 2]] if entry.named else PASSWORD
        if entry.named or "=" not in arguments[place]:
            found.append(_secret(entry, arguments, place, 0, name[-128:]))
    return found


def _attached(entry: _Program, arguments: Sequence[str], index: int) -> Secret | None:
    word = arguments[index]
    for option in entry.options + entry.attached:
        if option.startswith("--"):
            if word.startswith(option + "="):
                return _secret(entry, arguments, index, len(option) + 1)
        elif len(option) == 2 and word.startswith(option) and len(word) > 2:
            return _secret(entry, arguments, index, 2)
    return None


def _secret(
    entry: _Program, arguments: Sequence[str], index: int, start: int, name: str = PASSWORD
) -> Secret | None:
    word = arguments[index]
    end = len(word)
    while end - start > 1 and word[start] in "\"'" and word[end - 1] == word[start]:
        start, end = start + 1, end - 1
    if entry.separators:
        user = word.find("]", start, end) + 1 if word.startswith("[REDACTED:", start) else start
        place = word.find(entry.separators, user, end)
        if place < 0:
            return None  # the program asks for it
        # `-u key:`, as services with one key want it: then the user is the secret.
        start, end = (place + 1, end) if place + 1 < end else (start, place)
    if start >= end or _placeholder().fullmatch(word, start, end) is not None:
        return None
    return Secret(index, start, end, name)


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a command line, or several with what joins them."""
    places, words = _words_of(text)
    try:
        return _rewrite_words(text, places, words, judge)
    finally:
        release(places)
        release(words)


def _rewrite_words(text: str, places: list[tuple[int, int]], words: list[str], judge: Judge) -> str:
    if not words:
        raise NotThisFormatError
    written: list[str] = []
    end = 0
    for secret in sorted(secrets_in(words)):
        start = places[secret.argument][0] + secret.start
        if start < end:
            continue  # within another
        value = text[start : places[secret.argument][0] + secret.end]
        written += (_rest(text[end:start], judge), judge.value(secret.name, value))
        end = start + len(value)
    if not written:
        return _rest(text, judge)
    return "".join(written) + _rest(text[end:], judge)


def recognize(text: str) -> bool:
    """Say whether `text` begins with a program that takes a secret, and gives it one."""
    begin = text[:_LONGEST_BEGIN]
    if " -" not in begin or _program_at(words := begin.split(None, 16), 0, len(words)) is None:
        return False
    return next(secrets_in(_words_of(begin)[1]), None) is not None


def _rest(text: str, judge: Judge) -> str:
    return rewrite_text(text, judge) if text.strip() else text


COMMAND: Final = Format(
    name="command",
    rewrite=rewrite,
    recognize=recognize,
    signs=" ",
    source="the programs' manual pages; POSIX.1-2024, section 12.2 (Utility Syntax Guidelines)",
    examples=(
        FormatExample(
            "mysql -u shop -phunter2 db",
            ((CHUNK, "mysql -u shop -p"), (PASSWORD, "hunter2"), (CHUNK, " db")),
        ),
        FormatExample(
            "sudo /usr/bin/curl -u 'a:hunter2' x | tee y",
            (
                (CHUNK, "sudo /usr/bin/curl -u 'a:"),
                (PASSWORD, "hunter2"),
                (CHUNK, "' x | tee y"),
            ),
        ),
        FormatExample(
            "docker login -u a -p hunter2",
            ((CHUNK, "docker login -u a -p "), (PASSWORD, "hunter2")),
        ),
        FormatExample(
            'sh -c "mysql -phunter2 db"',
            ((CHUNK, 'sh -c "mysql -p'), (PASSWORD, "hunter2"), (CHUNK, ' db"')),
        ),
        FormatExample("docker run -p 80:80 nginx", ((CHUNK, "docker run -p 80:80 nginx"),)),
        FormatExample("mysql -u root -p db", ((CHUNK, "mysql -u root -p db"),)),
        FormatExample(
            "smbclient -U a%hunter2", ((CHUNK, "smbclient -U a%"), (PASSWORD, "hunter2"))
        ),
        FormatExample("vault login hunter2", ((CHUNK, "vault login "), (PASSWORD, "hunter2"))),
        FormatExample(
            "htpasswd -b f a hunter2", ((CHUNK, "htpasswd -b f a "), (PASSWORD, "hunter2"))
        ),
        FormatExample(
            "aws configure set aws_secret_access_key hunter2",
            (
                (CHUNK, "aws configure set aws_secret_access_key "),
                ("aws_secret_access_key", "hunter2"),
            ),
        ),
    ),
)
