"""Command lines: the options and operands that a program takes a secret in, whatever they are called.

`--password S` says by its name what follows, and the text format reads it. Here is what only the
program's manual tells: `mysql -pS`, `curl -u user:S`, `vault login S`. A table says so; everything
between is taken apart as any text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from typing import Final, NamedTuple

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.text import rewrite as rewrite_text
from jaeger_guard.formats.text_stretch import CHUNK
from jaeger_guard.long_texts import BETWEEN_CHECKS, STEP, check_time, read_all
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
_MOST_BEFORE: Final = 16  # words up to a program's name


class Secret(NamedTuple):
    """A secret among a command's words: from `start` to `end` of the word that is known by `word`."""

    word: int
    start: int
    end: int
    name: str


@lru_cache(maxsize=1)
def _programs() -> dict[str, tuple[_Program, ...]]:
    return {name: entries for names, entries in _PROGRAMS.items() for name in names.split()}


@lru_cache(maxsize=1)
def _program_words() -> tuple[re.Pattern[str], frozenset[str], int]:
    """Return what finds words and ends of paths, those that name a program, and the longest's length."""
    names = frozenset(_programs()) | {f"{name}.exe" for name in _programs()}
    return re.compile(r"[^\s\"'|;&/\\]++"), names, max(map(len, names))


def _names_program(text: str) -> bool:
    """Say whether a program of the table occurs at all: most command lines are done with by that."""
    word, names, longest = _program_words()
    for start in range(0, len(text), STEP):
        check_time()
        # A name that lies across the end of a step is seen whole.
        if not names.isdisjoint(word.findall(text, start, start + STEP + longest)):
            return True
    return False


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


def secrets_in(words: Iterable[tuple[int, str]], *, depth: int = 0) -> Iterator[Secret]:
    """Yield the secrets among the words of commands, in order; each begins with its program's name.

    A word may be a command line itself, for a shell or another host: `sh -c "mysql -pS"`.

    Args:
        words: Each word behind the number that it is known by, which grows from word to word: its
            index, or where it begins in a text.
    """
    command = _Command()
    for count, (place, word) in enumerate(words, 1):
        if count % BETWEEN_CHECKS == 0:
            check_time()
        if word in _SEPARATORS:
            yield from command.end()
            command = _Command()
            continue
        found: Iterable[Secret] = command.read(place, word)
        if depth < _MOST_SHELLS and " " in word and len(word) >= 8:
            found = merge(found, _within(word, place, depth))
        yield from command.settled(found)
    yield from command.end()


def _within(word: str, place: int, depth: int) -> Iterator[Secret]:
    for secret in secrets_in(_words_of(word), depth=depth + 1):
        yield Secret(place, secret.word + secret.start, secret.word + secret.end, secret.name)


def _words_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield the words of a command line without their quotes, each behind where it begins."""
    for found in read_all(_word(), text):
        start, end = found.span()
        if end - start > 1 and text[start] in "\"'":
            closing = text.find(text[start], start + 1, end)
            if closing == end - 1:
                start, end = start + 1, end - 1
            elif closing < 0:  # it was cut off
                start += 1
        yield start, text[start:end]


class _Command:
    """Reads one command word by word, so that a long one is never held as a list of its words.

    Attributes:
        is_seeking: Whether the program's name may be among the words that follow.
    """

    def __init__(self) -> None:
        self.is_seeking = True
        self._sought = 0
        self._wrapped = False
        self._entries: list[_Entry] = []
        self._holds = False
        self._held: list[Secret] = []

    @property
    def has_program(self) -> bool:
        """Whether a program was named of which the table says where it takes a secret."""
        return bool(self._entries)

    def read(self, place: int, word: str) -> list[Secret]:
        """Read the next word, and answer the secrets in it, in order."""
        if self._entries:
            found: dict[int, Secret] = {}
            for entry in self._entries:
                secret = entry.read(place, word)
                if secret is not None:
                    found.setdefault(secret.start, secret)
            return sorted(found.values())
        if self.is_seeking:
            self._seek(word)
        return []

    def settled(self, found: Iterable[Secret]) -> Iterable[Secret]:
        """Answer what was found up to here, but hold it where a secret before it may show up later."""
        if not self._holds:
            return found
        self._held += found
        return ()

    def end(self) -> list[Secret]:
        """Answer what was held, and what only the whole command tells."""
        late = [secret for entry in self._entries if (secret := entry.late()) is not None]
        return sorted((*self._held, *late))

    def _seek(self, word: str) -> None:
        """Look for the program behind variables and what runs it."""
        self._sought += 1
        name = re.split(r"[/\\]", word[-128:])[-1].removesuffix(".exe")
        if (programs := _programs().get(name)) is not None:
            self._entries = [_Entry(program) for program in programs]
            self._holds = any(program.flag for program in programs)
            self.is_seeking = False
            return
        assigned = "=" in word[:64] and not word.startswith("-")
        self._wrapped = self._wrapped or name in _WRAPPERS
        self.is_seeking = self._sought < _MOST_BEFORE and (self._wrapped or assigned)


class _Entry:
    """Reads the words behind a program's name by one entry of the table."""

    def __init__(self, program: _Program) -> None:
        self._program = program
        self._below = not program.below
        self._flagged = not program.flag
        self._awaits_value = False
        self._operands = 0
        self._before = ""  # the last operand
        self._late: Secret | None = None

    def late(self) -> Secret | None:
        """Answer the operand that a flag anywhere in the command makes a secret."""
        return self._late if self._flagged else None

    def read(self, place: int, word: str) -> Secret | None:
        """Read the next word, and answer the secret in it."""
        program = self._program
        if self._awaits_value:
            self._awaits_value = False
            return _secret(program, place, word, 0) if self._below else None
        if word.startswith("-") and len(word) > 1:
            self._flagged = self._flagged or (word[1:2] != "-" and program.flag in word[1:8])
            self._awaits_value = word in program.options
            return _attached(program, place, word) if self._below else None
        if not self._below:
            self._below = word in program.below
            return None
        self._operands += 1
        return self._operand(place, word) if self._operands <= program.operand else None

    def _operand(self, place: int, word: str) -> Secret | None:
        program = self._program
        name, self._before = self._before if program.named else PASSWORD, word
        if self._operands < program.operand or not (program.named or "=" not in word):
            return None
        secret = _secret(program, place, word, 0, name[-128:])
        if not program.flag:
            return secret
        self._late = secret
        return None


def _attached(entry: _Program, place: int, word: str) -> Secret | None:
    for option in entry.options + entry.attached:
        if option.startswith("--"):
            if word.startswith(option + "="):
                return _secret(entry, place, word, len(option) + 1)
        elif len(option) == 2 and word.startswith(option) and len(word) > 2:
            return _secret(entry, place, word, 2)
    return None


def _secret(
    entry: _Program, place: int, word: str, start: int, name: str = PASSWORD
) -> Secret | None:
    end = len(word)
    while end - start > 1 and word[start] in "\"'" and word[end - 1] == word[start]:
        start, end = start + 1, end - 1
    if entry.separators:
        user = word.find("]", start, end) + 1 if word.startswith("[REDACTED:", start) else start
        separator = word.find(entry.separators, user, end)
        if separator < 0:
            return None  # the program asks for it
        # `-u key:`, as services with one key want it: then the user is the secret.
        start, end = (separator + 1, end) if separator + 1 < end else (start, separator)
    if start >= end or _placeholder().fullmatch(word, start, end) is not None:
        return None
    return Secret(place, start, end, name)


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a command line, or several with what joins them."""
    if not text or text.isspace():
        raise NotThisFormatError
    if not _names_program(text):
        return _rest(text, judge)
    written: list[str] = []
    end = 0
    for secret in secrets_in(_words_of(text)):
        start = secret.word + secret.start
        if start < end:
            continue  # within another
        value = text[start : secret.word + secret.end]
        written += (_rest(text[end:start], judge), judge.value(secret.name, value))
        end = start + len(value)
    if not written:
        return _rest(text, judge)
    return "".join(written) + _rest(text[end:], judge)


def recognize(text: str) -> bool:
    """Say whether `text` begins with a program that takes a secret, and gives it one."""
    begin = text[:_LONGEST_BEGIN]
    if " -" not in begin or not _begins_with_program(begin):
        return False
    return next(secrets_in(_words_of(begin)), None) is not None


def _begins_with_program(text: str) -> bool:
    command = _Command()
    for word in text.split(None, _MOST_BEFORE):
        if not command.is_seeking:
            break
        command.read(0, word)
    return command.has_program


def _rest(text: str, judge: Judge) -> str:
    return rewrite_text(text, judge) if text.strip() else text


COMMAND: Final = Format(
    name="command",
    rewrite=rewrite,
    recognize=recognize,
    signs="-",
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
