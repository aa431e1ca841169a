"""Structured personal data in sentences of several languages, as people and programs write them.

Names of people stand in many of them and aren't planted: in free text nothing tells a name by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from .case import Case
from .draw import Draw
from .identities import national_id
from .money import card, grouped, iban

Plant = Callable[[Draw, str], str]


def email(draw: Draw, language: str = "en") -> str:
    """Draw an address of a person's, of the forms of RFC 5321 that mail services give out."""
    person = draw.people("en")
    name = draw.pick(
        (
            person.user_name(),
            f"{person.first_name()}.{person.last_name()}".lower(),
            f"{person.first_name()}_{draw.digits(3)}".lower(),
            f"{person.user_name()}+{draw.pick(('news', 'shop', 'x1'))}",
            f"{person.first_name()[0]}{person.last_name()}".lower(),
        )
    )
    domain = draw.pick(
        ("gmail.com", "example.org", "mail.example.co.uk", "firma-beispiel.de", "correo.example.es",
         "web.de", "orange.fr", "posteo.net", "proton.me", "uni.example.edu")
    )  # fmt: skip
    return f"{name}@{domain}"


# National formats as the numbering plans publish them (ITU-T E.123 and the regulators' documents).
_PHONES: Final = {
    "en": (r"\+1 [2-9][0-8]\d [2-9]\d{2} \d{4}", r"\([2-9][0-8]\d\) [2-9]\d{2}-\d{4}", r"[2-9][0-8]\d-[2-9]\d{2}-\d{4}", r"\+44 20 7\d{3} \d{4}", r"\+447[4-9]\d{8}"),
    "de": (r"\+49 30 [2-9]\d{6}", r"\+4915[127]\d{8}", r"030 / [2-9]\d{6}", r"0171-\d{7}", r"\+49 \(0\)89 [2-9]\d{6}"),
    "fr": (r"\+33 [1-5] \d{2} \d{2} \d{2} \d{2}", r"0[67] \d{2} \d{2} \d{2} \d{2}", r"0[1-5]\.\d{2}\.\d{2}\.\d{2}\.\d{2}", r"\+336\d{8}"),
    "es": (r"\+34 6\d{2} \d{3} \d{3}", r"\+34 91 \d{3} \d{2} \d{2}", r"6\d{2} \d{2} \d{2} \d{2}"),
    "it": (r"\+39 3[2-9]\d \d{3} \d{4}", r"\+39 06 \d{4} \d{4}", r"3[2-9]\d[ -]\d{7}"),
    "pt": (r"\+55 11 9\d{4}-\d{4}", r"\(11\) 9\d{4}-\d{4}", r"\+351 91\d \d{3} \d{3}"),
    "nl": (r"\+31 6 \d{8}", r"06-\d{8}", r"\+31 20 \d{3} \d{4}"),
    "pl": (r"\+48 [5-7]\d{2} \d{3} \d{3}", r"[5-7]\d{2}-\d{3}-\d{3}", r"\+48 22 \d{3} \d{2} \d{2}"),
    "sv": (r"\+46 70 \d{3} \d{2} \d{2}", r"070-\d{3} \d{2} \d{2}", r"\+46 8 \d{3} \d{3} \d{2}"),
}  # fmt: skip


def phone(draw: Draw, language: str) -> str:
    """Draw a telephone number as it is written in a country."""
    return draw.like(draw.pick(_PHONES[language]))


def _card(draw: Draw, language: str) -> str:
    number, groups = card(draw)
    return draw.pick((number, grouped(number, groups, " "), grouped(number, groups, "-")))


def _iban(draw: Draw, language: str) -> str:
    countries = {"en": "GB", "pt": "PT", "sv": "SE"}
    number = iban(draw, countries.get(language, language.upper()))
    return draw.pick((number, grouped(number, (4,) * 9, " ")))


_SENTENCES: Final[dict[str, dict[Plant, tuple[str, ...]]]] = {
    "en": {
        email: ("Please reply to {} by Friday.", "{} signed up on 2026-03-01.", "The user {} has 3 open orders.", "Invoice 20331 was mailed to <{}>, copy to finance."),
        phone: ("Call me at {} after 5 pm.", "Phone: {}, ext. is unknown", "Customer's mobile is {}.", "You can reach her on {} until Tuesday"),
        _card: ("I paid with my card {} yesterday.", "Card number {} was declined twice."),
        _iban: ("Refund 49.90 to IBAN {} please.", "My account is {}."),
    },
    "de": {
        email: ("Bitte antworten Sie an {} bis Freitag.", "Die Rechnung 20331 ging an {}."),
        phone: ("Rufen Sie mich unter {} an.", "Telefon: {}", "Meine Handynummer ist {}."),
        _card: ("Die Kreditkarte {} wurde abgelehnt.",),
        _iban: ("Bitte 49,90 EUR auf die IBAN {} erstatten.", "Mein Konto ist {}."),
    },
    "fr": {
        email: ("Merci de répondre à {} avant vendredi.", "Le client {} a 3 commandes."),
        phone: ("Appelez-moi au {} après 17 h.", "Téléphone : {}", "Mon numéro de portable est le {}."),
        _card: ("La carte bancaire {} a été refusée.",),
        _iban: ("Remboursez 49,90 EUR sur l'IBAN {}.",),
    },
    "es": {
        email: ("Responda a {} antes del viernes.", "El cliente {} tiene 3 pedidos."),
        phone: ("Llámeme al teléfono {} por la tarde.", "Teléfono: {}", "Mi móvil es {}."),
        _card: ("La tarjeta {} fue rechazada.",),
        _iban: ("Devuelva 49,90 EUR a la cuenta {}.",),
    },
    "it": {
        email: ("Rispondere a {} entro venerdì.", "Il cliente {} ha 3 ordini."),
        phone: ("Mi chiami al numero di telefono {}.", "Telefono: {}", "Il mio cellulare è {}."),
        _card: ("La carta {} è stata rifiutata.",),
        _iban: ("Rimborsare 49,90 EUR sull'IBAN {}.",),
    },
    "pt": {
        email: ("Responda para {} até sexta.", "O cliente {} tem 3 pedidos."),
        phone: ("Ligue para o telefone {} à tarde.", "Telefone: {}", "Meu celular é {}."),
        _card: ("O cartão {} foi recusado.",),
        _iban: ("Devolva 49,90 EUR para a conta {}.",),
    },
    "nl": {
        email: ("Antwoord graag aan {} voor vrijdag.",),
        phone: ("Bel mij op telefoonnummer {}.", "Telefoon: {}"),
        _card: ("De creditcard {} is geweigerd.",),
        _iban: ("Betaal 49,90 EUR op rekening {}.",),
    },
    "pl": {
        email: ("Proszę odpowiedzieć na {} do piątku.",),
        phone: ("Proszę dzwonić na telefon {}.", "Telefon: {}"),
        _card: ("Karta {} została odrzucona.",),
        _iban: ("Zwrot 49,90 PLN na konto {}.",),
    },
    "sv": {
        email: ("Svara till {} före fredag.",),
        phone: ("Ring mig på telefon {}.", "Telefon: {}"),
        _card: ("Kortet {} nekades.",),
        _iban: ("Betala 499 kr till konto {}.",),
    },
}  # fmt: skip

_KINDS: Final[dict[Plant, str]] = {email: "e-mail", phone: "phone", _card: "card", _iban: "IBAN"}

# Sentences with numbers and signs, and nothing personal.
_HARMLESS: Final = (
    "Order 2026-{d4}-{d5} ships on 12 March with 3 items for 49.90 EUR.",
    "Retry {d1} of 5 failed after {d4} ms, next in 30 s.",
    "Deployed v{d1}.{d2}.{d1} to eu-west-1 at 2026-01-{r}T10:{r}:00Z.",
    "Die Bestellung {d6} enthält 12 Artikel (Nr. {d4}-{d2}).",
    "La commande n° {d6} contient 12 articles à 19,99 €.",
    "El pedido {d6} contiene 12 artículos por 1.299,00 €.",
    "L'ordine {d6} del 12/03/2026 contiene 4 articoli.",
    "O pedido {d6} tem 12 itens de R$ 1.299,00.",
    "Processed {d3},{d3} rows in {d2}.{d2} s ({d5} rows/s).",
    "Cache hit ratio is 0.{d4}, p99 = {d3}.{d2} ms, n = {d6}.",
    "Ticket OPS-{d4} is blocked by INFRA-{d3}; see section 4.2.{d1}.",
    "The invoice {d8} of 2026 is due within 30 days.",
    "Room {d3}, floor 4, from 10:30-11:45 on 2026-02-{r}.",
    "Kernel 5.15.0-{d2}-generic booted in {d1}.{d3} s on 16 cores.",
    "Versand mit DHL, Sendung {d12}, Gewicht 2,5 kg.",
    "Batch {d4}/{d4}: 1.5 GB of 3.0 GB, 50 % done.",
    "ISBN 978-3-16-148410-0 is out of print.",
    "Error code 0x{d8} in module 12 at line {d4}.",
    "Model gpt-4o answered in {d4} tokens, cost 0.00{d2} USD.",
    "Quota: {d4} of {d5} requests used, resets at {d1}0:00 UTC.",
)


def sentences(draw: Draw) -> Iterator[Case]:
    """Every kind of structured data in every language; and sentences that hold none."""
    for language, plants in _SENTENCES.items():
        for plant, templates in plants.items():
            for template in templates:
                for _ in range(8):
                    value = plant(draw, language)
                    before, _, behind = template.partition("{}")
                    person = draw.people(language)
                    text = f"{template.format(value)} {draw.pick(('', person.city() + '.', 'Ref. A-17.'))}"
                    stays = tuple(part.strip() for part in (before, behind) if part.strip(" .,<"))
                    stays = tuple(part.rstrip("<").lstrip(">").strip() for part in stays)
                    yield Case(
                        kind=f"{language} {_KINDS[plant]}",
                        key=draw.pick(("message", "comment", "ticket.text", "exception.message")),
                        value=text.strip(),
                        gone=(value,),
                        stays=stays,
                    )
    for _ in range(40):
        address = f"203.0.{draw.number(1, 254)}.{draw.number(10, 254)}"
        yield Case(
            kind="IP",
            key="message",
            value=f"login from {address} was refused",
            gone=(address,),
            stays=("login from",),
            coarse=True,
        )
        address = draw.like(r"2001:db8(:[1-9a-f][0-9a-f]{3}){6}")
        yield Case(
            kind="IPv6",
            key="message",
            value=f"peer {address} closed",
            gone=(address,),
            stays=("closed",),
            coarse=True,
        )
        address = draw.like(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
        yield Case(
            kind="MAC",
            key="message",
            value=f"device {address} joined",
            gone=(address,),
            stays=("joined",),
        )
    for _ in range(40):
        number = national_id(draw, "US SSN")
        yield Case(
            kind="SSN",
            key="message",
            value=f"My SSN is {number}, thanks.",
            gone=(number,),
            stays=("thanks.",),
        )
    for template in _HARMLESS:
        for _ in range(12):
            text = template
            for size in (12, 8, 6, 5, 4, 3, 2, 1):
                while f"{{d{size}}}" in text:
                    text = text.replace(
                        f"{{d{size}}}", str(draw.number(1, 9)) + draw.digits(size - 1), 1
                    )
            text = text.replace("{r}", str(draw.number(10, 28)))
            yield Case(kind="nothing personal", key=draw.pick(("message", "comment")), value=text)
