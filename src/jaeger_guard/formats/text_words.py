"""Say whether what stands behind a name in a message is a value, or only talks about one.

`password: required`, `token: timeout` and `session:42` hold no secret, nor do placeholders and
source code; `password=hunter` does. The name is asked for first, as its weight decides how much a
value must look like one.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from jaeger_guard import semconv
from jaeger_guard.markers import is_marker
from jaeger_guard.semconv import KeyKind, classify_leaf


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What messages say of a secret, an address or a card in place of its value.
STATES: Final = _words(
    "required missing invalid incorrect wrong expired expire expires rejected revoked denied failed"
    " failure fail error errors timeout timed unexpected unknown unset set sent accepted accept"
    " refused absent present empty blank null none nil undefined must should cannot could would was"
    " were is are be been has have had not no yes true false ok okay success successful succeeded"
    " valid validated verified unverified verification verify mismatch mismatched matched match"
    " matches field fields found changed change reset refresh refreshed refreshing renewed renew"
    " created create updated update deleted delete removed remove added add used using use reused"
    " user users name username granted allowed disallowed forbidden unauthorized unauthenticated"
    " authenticated authentication authorization authorized protected protection enabled disabled"
    " enable disable active inactive activated pending queued processing processed started start"
    " stopped stop done complete completed incomplete skipped ignored hidden masked redacted"
    " filtered removed omitted encrypted decrypted hashed plain plaintext stored saved loaded read"
    " write written parsed parse malformed corrupt corrupted bad good weak strong short long too"
    " only optional default provided supplied given unsupported supported unavailable available"
    " exhausted exceeded exceeds limit limited locked unlocked blocked suspended closed open opened"
    " lost declined approved confirmed unconfirmed confirm canceled cancelled aborted at by for from"
    " in into of on or and to with without than the a an this that your my new old same different"
    " already never always again please check see contact cannot type value values string number"
    " integer boolean object array bytes text key keys word words line column char character"
    " characters length min max eof end begin header headers body cookie query param parameter"
    " parameters argument arguments attribute option bearer basic digest oauth oauth2 saml ldap jwt"
    " rsa aes hmac sha256 md5 bcrypt argon2 visa mastercard amex manual automatic auto self other"
    " both any all some many one two three first last next previous current latest stale fresh"
    " rotated rotating rotate generated generating generate issued issue retrying retry waiting wait"
    " connection connected disconnected unreachable internal external public private access"
    " flag flags await lambda function requested it its does did do don't doesn't didn't isn't wasn't can can't will won't policy strategy"
    " include omit same-origin"  # Fetch Standard, section 5.4: RequestCredentials
)

# Names that hold a secret whatever stands behind them, even a plain word.
_STRONG: Final = re.compile(
    r"secret|token|api[ _\-]?key|access[ _\-]?key|private[ _\-]?key|credential", re.IGNORECASE
)
# Single words that name something else as often: `session=morning`, `card: visa`.
_WEAK: Final = _words(
    "auth session card mail zip pin mobile portable handy pass sig tel rue pan prompt completion"
)
# ISO 9564-1, section 6.1: a PIN has four digits or more.
_SHORTEST: Final = {"pin": 3, "pass": 5}
_NUMBERS: Final = _words("pin otp totp cvv cvc csc passcode code")

_ROOTS: Final = (
    "self|cls|this|form|request|req|settings|config|cfg|conf|os|app|args|kwargs|params|env|process"
    "|credentials|body|user|obj|ctx|context|event|payload|uuid|props|state|options|opts|session"
    "|current_user|flask|django|getpass|Deno|System|Environment|data|input|values|secrets|jwt|vault"
)


@lru_cache(maxsize=1)
def _placeholder() -> re.Pattern[str]:
    ident = r"[A-Za-z_][A-Za-z_\-.]{0,40}"
    return re.compile(
        rf"""(?:(?:Bearer|Basic|Token|bearer|token|basic)\s)?(?:
          %[sdrvq]|%\(\w{{1,64}}\)[sd]?|%\{{[\w.:]{{1,64}}\}}[sd]?|%[A-Z_]{{2,40}}%
        | \$[0-9]{{1,3}}|\$[A-Za-z_]\w{{0,40}}|\$\{{[^{{}}\n]{{1,80}}\}}|\$\([^()\n]{{1,80}}\)
        | :{ident}[0-9]{{0,3}}|@[A-Za-z_]\w{{0,40}}|\?{{1,8}}[0-9]{{0,3}}|@@\w{{1,40}}
        | <[A-Za-z][\w \-.]{{0,60}}>|\{{{{1,2}}\s?[A-Za-z_]?[A-Za-z_.]{{0,40}}(?:![rsa])?\s?\}}{{1,2}}|\{{[0-9]?\}}
        | \[(?:REDACTED|FILTERED|MASKED|HIDDEN|redacted|filtered|masked|hidden|Filtered)\]
        | \*{{1,256}}|\.{{3,16}}|[xX]{{3,64}}|•{{1,64}}|-{{1,8}}|_{{1,8}}
        | (?:None|null|nil|NULL|undefined|true|false|True|False|N/A|n/a|void)
        )""",
        re.VERBOSE,
    )


@lru_cache(maxsize=1)
def _code() -> re.Pattern[str]:
    # A look-up (`form.password.data`), a call without a literal in it, a type (`str`, `String!`).
    return re.compile(
        rf"""(?:await\s)?(?:{_ROOTS})(?:\.[A-Za-z_]\w{{0,40}}){{1,6}}(?:\([\w.]{{0,40}}\))?
        |(?:{_ROOTS})(?:\.[A-Za-z_]\w{{0,40}}){{0,6}}[\[(](?:["'\w.][^\n]{{0,80}})?
        |[A-Za-z_][\w.]{{0,80}}\((?:\)|[a-z_]{{1,40}}=\w{{1,40}}\)?)?
        |\[?(?:str|int|bool|bytes|float|String|Int|Boolean|ID|SecretStr|Any|string|boolean|any
          |object|dict|list|char|varchar|(?:Optional|Union|Annotated|list|List)\[[\w,.| ]{{1,40}}\]?|VARCHAR|TEXT|CharField)!?\]?!?
        |\w{{1,40}}_(?:token|password|secret|key)|(?:pw|pwd|passw|pass|tok|val|value|secret|token
          |password|passwd|key|api_?key|api-key|accessToken|apiKey)""",
        re.VERBOSE,
    )


def has_meaning(name: str) -> bool:
    """Say whether `name` tells what stands behind it: a category, or a format."""
    return semconv.has_meaning(name)


def category(name: str) -> str:
    """Return the data category that `name` promises; empty where it promises none."""
    known = classify_leaf(name)
    return (known.category or "") if known.kind is not KeyKind.UNKNOWN else ""


def is_strong(name: str) -> bool:
    """Say whether even a plain word behind `name` is a secret."""
    return name.lower() not in _WEAK and (
        category(name) == "credential.password"
        or (category(name).startswith("credential.") and _STRONG.search(name) is not None)
    )


def is_placeholder(text: str) -> bool:
    """Say whether `text` stands in for a value: `%s`, `$1`, `${X}`, `<token>`, `TOKEN`, `***`."""
    stripped = text.strip()
    if len(stripped) > 300:
        return False
    return _placeholder().fullmatch(stripped) is not None or _is_shouted_name(stripped)


def _is_shouted_name(text: str) -> bool:
    """Say whether `text` is what a usage line writes: TOKEN, YOUR_API_KEY, PASSWORD."""
    if not (2 <= len(text) <= 40 and text.isupper() and text.replace("_", "").isalpha()):
        return False
    return text in ("VALUE", "STRING", "XXX") or has_meaning(text.lower())


def is_code(text: str) -> bool:
    """Say whether `text` is source code that names a value elsewhere, or a type."""
    return len(text) <= 300 and _code().fullmatch(text) is not None


def is_state(text: str) -> bool:
    """Say whether `text` is a word that messages say of a value."""
    return text.strip(" .!?:;,'\"").lower() in STATES


def is_message(text: str) -> bool:
    """Say whether `text` is a sentence about a value, such as validators write."""
    if len(text) > 300 or " " not in text:
        return False
    words = [word.strip(".,:;!?'\"()") for word in text.split()]
    if not 2 <= len(words) <= 40:
        return False
    if not all(
        word.replace("'", "").replace("-", "").isalpha() or len(word) <= 3 for word in words
    ):
        return False
    return any(word.lower() in STATES for word in words)


@cache
def _harmless_behind() -> re.Pattern[str]:
    # What may follow a value that is one word: the end, or what separates it from the next thing.
    return re.compile(r"""\s{0,8}(?:\Z|[\n\r,;|)\]}"'<]|[.!](?:\s|\Z)|[\w.\-]{1,40}[=:])""")


def is_value(text: str, start: int, end: int, name: str, separator: str) -> bool:
    """Say whether text[start:end], without quotes behind `name` and `separator`, is its value."""
    value = text[start:end]
    if is_marker(value) or is_placeholder(value):
        return False
    word = value.rstrip(".!?")
    if is_code(value) or (word != value and is_code(word)):
        return False
    lowered = name.lower()
    if word.isdigit() and len(word) < _SHORTEST.get(lowered, 0):
        return False  # tests that pass, a pin of a connector
    if "=" in separator or ">" in separator:
        if text[end : end + 1] in ("(", "[") and value.isidentifier():
            return False  # a call
        if (
            text[start - 1] == " "
            and text[end : end + 1] in (")", ",")
            and _call().fullmatch(value)
        ):
            return False  # token = create_token(user)
        if lowered in _WEAK and word.isalpha():
            return False
        return not is_state(word)
    if separator == ":":  # `cache:key:42`, `session:42`, `group:artifact:1.0`
        return _is_tight_value(text, start, end, name)
    if word.isalpha() or not any(map(str.isalnum, word)):
        return _is_plain_word_value(text, end, word, name)
    if lowered in _WEAK and not any(map(str.isdigit, word)) and "@" not in word:
        return False
    if lowered in ("secret", "secrets") and _reference().fullmatch(word) is not None:
        return False  # where it is kept: `secret: prod/db`
    following = _harmless_behind().match(text, end) is not None
    if word.isdigit():
        return following or len(word) >= 6
    return following or len(word) >= 4


@lru_cache(maxsize=1)
def _call() -> re.Pattern[str]:
    return re.compile(
        r"(?:[a-z]\w{0,40}\.){0,4}[a-z]{1,20}(?:_[a-z]{1,20}){1,4}\([a-z_]{1,40}(?:\.[a-z_]{1,40}){0,4}"
    )


@lru_cache(maxsize=1)
def _reference() -> re.Pattern[str]:
    return re.compile(r"[a-z0-9.\-]{1,64}(?:/[a-z0-9._\-]{1,64}){1,8}")


def _is_tight_value(text: str, start: int, end: int, name: str) -> bool:
    value = text[start:end]
    if value.isalpha() or ":" in value or text[end : end + 1] == ":":
        return False
    before = text[max(0, start - len(name) - 2) : max(0, start - len(name) - 1)]
    if before in (":", "/"):
        return False
    if value.isdigit():
        return name.lower() in _NUMBERS and 3 <= len(value) <= 8
    return is_strong(name) and any(map(str.isalnum, value))


def _is_plain_word_value(text: str, end: int, word: str, name: str) -> bool:
    if not word or not any(map(str.isalnum, word)) or is_state(word):
        return False
    if _harmless_behind().match(text, end) is None:
        return False
    if is_strong(name):
        return category(name) == "credential.password" or len(word) >= 3
    return category(name) == "person.name" and word[0].isupper() and len(name) > 4


def looks_drawn(word: str, *, is_password: bool) -> bool:
    """Say whether `word` looks like a secret by itself, where nothing but a noun stands before it."""
    if is_placeholder(word) or is_code(word) or is_state(word):
        return False
    if not is_password and _is_algorithm().fullmatch(word) is not None:
        return False
    if (
        not 6 <= len(word) <= 512
        or "://" in word
        or "\\" in word
        or word[0] in "/<{([$%"
        or word.startswith("--")
    ):
        return False
    letters = any(map(str.isalpha, word))
    digits = any(map(str.isdigit, word))
    signs = any(character in "!@#$%^&*+~?" for character in word)
    return letters and (digits or signs) and not _is_version().fullmatch(word)


@lru_cache(maxsize=1)
def _is_algorithm() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z]{2,8}[-_]?[0-9]{1,3}")


@lru_cache(maxsize=1)
def _is_version() -> re.Pattern[str]:
    # Versions, UUIDs, hex addresses, algorithms and paths: wanted, and no secret.
    return re.compile(
        r"""v?[0-9]{1,9}(?:[.\-][\w]{1,16}){0,8}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4,12}){4}
        |0x[0-9a-fA-F]{1,16}|[\w.\-]{0,64}/[\w./\-]{0,256}
        |[\w.]{1,80}\([^\n]{0,80}|[A-Za-z]{2,20}[0-9]{0,3}[?!]""",
        re.VERBOSE,
    )


def is_field_name(text: str, before: str) -> bool:
    """Say whether `text` is a field's name as the one before it: `('email', 'token')`."""
    if _dotted().fullmatch(text) is not None:
        return True
    if _field().fullmatch(text) is None:
        return False
    return len(text) <= 4 or before.lower() in _WEAK or has_meaning(text)


@lru_cache(maxsize=1)
def _field() -> re.Pattern[str]:
    return re.compile(r"[a-z_]{1,40}")


@lru_cache(maxsize=1)
def _dotted() -> re.Pattern[str]:
    return re.compile(r"[a-z_]{2,40}(?:\.[a-z_]{2,40}){1,4}")
