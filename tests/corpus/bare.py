"""What has a format of its own, as its documents show it: bare, in brackets, beside a label, encoded."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from .case import Case
from .draw import Draw, luhn_digit
from .identities import national_id
from .money import base58_address, bech32_address, card, grouped, iban
from .sentences import email
from .tokens import github

Make = Callable[[Draw], str]

# Ids whose letters or separators make them stand out without any word beside them.
_TELLING_IDS: Final = (
    *(
        "US SSN",
        "US ITIN",
        "IT codice fiscale",
        "MX CURP",
        "FI HETU",
        "BR CPF",
        "BR CNPJ",
        "CH AHV",
    ),
    *("ES NIE", "KR RRN"),
)


def _ipv4(draw: Draw) -> str:
    return f"{draw.pick((5, 23, 81, 151, 203))}.{draw.number(1, 254)}.{draw.number(1, 254)}.{draw.number(10, 254)}"


def _pair(draw: Draw) -> str:
    return f"{draw.number(-89, 89)}.{draw.digits(5)}1, {draw.number(-179, 179)}.{draw.digits(5)}1"


# Kind: (how it looks, texts that it stands in, whether a part of it may stay).
_FORMS: Final[dict[str, tuple[Make, tuple[str, ...], bool]]] = {
    "e-mail": (lambda draw: email(draw), ("{}", "<{}>", "mailto:{}", "Jo Doe <{}>", "cc={}", "({})", "{}, x", "'{}'", "to:{};"), False),
    "e-mail, tagged": (lambda draw: email(draw).replace("@", "+tag@", 1), ("{}", "<{}>"), False),
    "e-mail, IDN": (lambda draw: f"{draw.people('en').user_name()}@{draw.pick(('bücher.example', 'münchen.example', 'xn--bcher-kva.example', 'пример.example'))}", ("{}", "to {}"), False),
    "e-mail, quoted": (lambda draw: f'"{draw.people("en").first_name()} x"@example.org', ("{}", "to {} now"), False),
    "e-mail, subdomains": (lambda draw: f"{draw.people('en').user_name()}@a.b.{draw.pick(('example.co.uk', 'corp.example.com'))}", ("{}", "user={}"), False),
    "phone, E.164": (lambda draw: draw.like(r"\+(1212[2-9]\d{6}|4930[2-9]\d{6}|336\d{8}|346\d{8}|4477\d{8}|81[3-9]0\d{8}|61[2-478]\d{8}|91[6-9]\d{9}|86138\d{8})"), ("{}", "tel:{}", "call {}", "({})"), False),
    "phone, labelled": (lambda draw: draw.like(r"\d{3}[-. ]\d{3}[-. ]\d{4}"), ("phone: {}", "Tel. {}", "mobile {}", "Phone number {}"), False),
    "IPv4": (_ipv4, ("{}", "from {}", "[{}]", "client={}", "{}:51234", "ip: {}", '"{}" 200'), True),
    "IPv6": (lambda draw: draw.like(r"2[0-9a-f]{3}:[1-9a-f][0-9a-f]{3}:[1-9a-f][0-9a-f]{2}::[1-9a-f][0-9a-f]{2,3}"), ("{}", "from {}", "[{}]:443", "peer={}"), True),
    "MAC": (lambda draw: draw.pick((":", "-")).join(draw.hexadecimal(2) for _ in range(6)), ("{}", "mac={}", "device {} up"), False),
    "MAC, Cisco": (lambda draw: ".".join(draw.hexadecimal(4) for _ in range(3)), ("mac {}", "mac address {}"), False),
    "coordinates": (_pair, ("{}", "at ({})", "location: {}", "geo:{}"), True),
    "IMEI": (lambda draw: _luhn(draw, "35" + draw.digits(12)), ("IMEI {}", "imei={}", "IMEI: {}"), False),
    "advertising id": (lambda draw: draw.uuid().upper(), ("IDFA={}", "advertising id {}", "gaid: {}"), False),
    "IBAN": (lambda draw: iban(draw), ("{}", "IBAN {}", "({})"), False),
    "IBAN, printed": (lambda draw: grouped(iban(draw), (4,) * 9, " "), ("{}", "IBAN: {}"), False),
    "card": (lambda draw: card(draw)[0], ("{}", "({})", '"{}"', "pan={}", "<{}>"), False),
    "bitcoin": (lambda draw: draw.pick((base58_address(draw, 0), base58_address(draw, 5), bech32_address(draw))), ("{}", "to {}"), False),
    "UK NINO": (lambda draw: draw.like(r"(AB|CE|JK|PR) \d{2} \d{2} \d{2} [A-D]"), ("{}", "NINO {}"), False),
    "birth date": (lambda draw: draw.pick((f"{draw.number(1940, 2004)}-{draw.number(1, 12):02d}-{draw.number(1, 28):02d}", f"{draw.number(1, 28):02d}/{draw.number(1, 12):02d}/{draw.number(1940, 2004)}", f"{draw.number(1, 28)}.{draw.number(1, 12)}.{draw.number(1940, 2004)}")), ("DOB: {}", "date of birth {}", "born on {}", "Geburtsdatum: {}", "date de naissance : {}", "birthdate={}"), False),
    "street, labelled": (
        lambda draw: draw.like(
            r"[1-9]\d{0,3} (Main|Oak|High|Church|Park|Mill) (Street|Avenue|Road|Lane|Drive)"
        ),
        ("address: {}", "she lives at {}", "ship to: {}; call first", "home address is {}"),
        False,
    ),
    "street, labelled, elsewhere": (
        lambda draw: draw.like(
            r"(Haupt|Bahnhof|Garten|Schul)stra\u00dfe [1-9]\d?|[1-9]\d rue (Victor Hugo|de la Paix)"
            r"|Calle (Mayor|Real) [1-9]\d|Via (Roma|Garibaldi) [1-9]\d|Rua (Augusta|Direita), [1-9]\d\d"
        ),
        ("Anschrift: {}", "adresse: {}", "dirección: {}", "indirizzo: {}", "endereço: {}"),
        False,
    ),
    "person, labelled": (
        lambda draw: f"{draw.people('de').first_name()} {draw.people('en').last_name()}",
        ("Full name: {}", "customer name: {}, plan gold", "cardholder: {}", "patient name: {}"),
        False,
    ),
    "SSN, labelled": (lambda draw: national_id(draw, "US SSN").replace("-", ""), ("SSN {}", "ssn={}", "SSN: {}"), False),
    "JWT": (lambda draw: draw.like(r"eyJhbGciOiJSUzI1NiJ9\.eyJpc3MiOiJ[A-Za-z0-9]{40}\.[A-Za-z0-9_-]{86}"), ("{}", "Bearer {}", "jwt={}", "({})"), False),
    "URL with password": (lambda draw: draw.text("abcdefgh0123456789", 12), ("https://app:{}@shop.example/x", "redis://:{}@cache:6379/0", "amqp://app:{}@mq:5672/v", "mongodb+srv://app:{}@c.example/db", "ftp://app:{}@files.example/a"), False),
}  # fmt: skip


def _luhn(draw: Draw, body: str) -> str:
    return body + luhn_digit(body)


def bare_formats(draw: Draw) -> Iterator[Case]:
    """Each format in each text that it stands in."""
    for kind, (make, texts, coarse) in _FORMS.items():
        for text in texts:
            for _ in range(8):
                value = make(draw)
                key = draw.pick(("value", "note", "message", "data.item"))
                yield Case(
                    kind=f"{kind}: {text}",
                    key=key,
                    value=text.format(value),
                    gone=(value,),
                    coarse=coarse,
                )
    for name in _TELLING_IDS:
        for _ in range(8):
            value = national_id(draw, name)
            yield Case(kind=name, key="value", value=value, gone=(value,))
    for _ in range(12):
        for text in (
            f"{draw.number(1, 12)}.{draw.number(0, 9)}.{draw.number(0, 9)}.{draw.number(0, 9)}",
            f"10.{draw.number(0, 254)}.{draw.number(0, 254)}.7:8080",
            f"{draw.number(10, 23)}:{draw.number(10, 59)}:{draw.number(10, 59)}",
            f"@{draw.people('en').user_name()} mentioned #{draw.digits(4)}",
            f"decorator @app.route and user@host:~/src$ ls -{draw.digits(1)}",
            f"git@github.com:acme/app-{draw.digits(3)}.git",
            f"image@sha256:{draw.hexadecimal(64)}",
            f"npm:@scope/pkg@{draw.digits(1)}.{draw.digits(2)}.0",
            f"{draw.digits(3)}-{draw.digits(2)}-{draw.digits(2)}",
            f"{draw.digits(4)}:{draw.digits(4)} in hex",
            f"temperature {draw.number(10, 30)}.5, humidity {draw.number(20, 80)}.1",
            f"std::vector<int>::at {draw.digits(4)}",
            f"due 2026-0{draw.number(1, 9)}-1{draw.number(0, 9)}",
            f"est. {draw.number(1800, 1999)}-01-01 revision",
        ):
            kind = (
                "looks like one: version"
                if text.count(".") == 3 and " " not in text and ":" not in text
                else "looks like one"
            )
            key = "app.version" if kind.endswith("version") else draw.pick(("value", "note"))
            yield Case(kind=kind, key=key, value=text)


def _wide(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if letter.isdecimal() else letter for letter in text)


_ENCODINGS: Final[dict[str, Callable[[str], str]]] = {
    "percent": lambda text: quote(text, safe=""),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent, every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "hex entities": lambda text: "".join(f"&#x{ord(letter):x};" for letter in text),
    "unicode escapes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "full width": _wide,
    "zero width": lambda text: "\u200b".join((text[: len(text) // 2], text[len(text) // 2 :])),
    "soft hyphen": lambda text: "\u00ad".join((text[:5], text[5:])),
    "bidi": lambda text: f"\u202e{text}\u202c",
    "NUL": lambda text: f"\0{text}\0",
    "surrogate": lambda text: f"\ud800{text}\udc00",
    "base64 of JSON": lambda text: base64.b64encode(json.dumps({"note": text}).encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(f"user says {text}".encode()).decode(),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"a": json.dumps({"b": text})})),
}  # fmt: skip


def encodings(draw: Draw) -> Iterator[Case]:
    """Values in every disguise: none can be read from what leaves, in any of them."""
    values: dict[str, Make] = {
        "e-mail": lambda draw: email(draw),
        "card": lambda draw: card(draw, "visa")[0],
        "token": lambda draw: github(draw, "ghp_"),
        "IBAN": lambda draw: iban(draw, "DE"),
        "phone": lambda draw: draw.like(r"\+4930[2-9]\d{6}"),
    }
    for encoding, encode in _ENCODINGS.items():
        for name, make in values.items():
            if (encoding, name) == ("full width", "token"):
                continue  # what holds wide digits is no token any more
            for template in ("{}", "got {} from queue", "value={} state=open"):
                for _ in range(3):
                    value = make(draw)
                    encoded = encode(value)
                    stays = tuple(part for part in ("from queue", "state=open") if part in template)
                    yield Case(
                        kind=f"{encoding} {name}",
                        key="note",
                        value=template.format(encoded),
                        gone=(encoded,),
                        stays=stays,
                    )
    for _ in range(30):
        for kind, text in (
            ("percent", f"/search/{quote(draw.people('de').city(), safe='')}%20nord"),
            ("entities", f"&lt;b&gt;{draw.people('en').word()}&lt;/b&gt; &amp; more"),
            ("escapes", f"caf\\u00e9 {draw.digits(3)}"),
            (
                "base64",
                base64.b64encode(
                    f"hello {draw.people('en').word()} and {draw.people('en').word()}".encode()
                ).decode(),
            ),
            ("wide", _wide(f"第{draw.digits(2)}章")),
            ("emoji", f"done 👍🏽 {draw.digits(2)} ok\u200d"),
        ):
            yield Case(kind=f"harmless {kind}", key="note", value=text)
