"""What the shop's customers do, in order: each visit is one trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import requests

from jaeger_guard.cli.demo import planted

_BROWSER: Final = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "X-Forwarded-For": planted.ADDRESS.value,
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a customer.

    Attributes:
        title: What happens, for people.
        status: What the shop answers.
        act: Makes the request.
    """

    title: str
    status: int
    act: Callable[[_Shop], requests.Response]


class _Shop:
    """The shop as its visitors see it."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._session = requests.Session()
        self._session.trust_env = False  # neither proxies nor .netrc
        self._session.headers.update(_BROWSER)

    def get(self, path: str, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
        return self._session.get(self._base + path, headers=headers, timeout=30, **options)

    def post(self, path: str, **options: Any) -> Any:
        return self._session.post(self._base + path, timeout=30, **options)


VISITS: Final = (
    Visit(
        "Looks at what there is, by a link from a newsletter",
        200,
        lambda shop: shop.get(
            f"/products?page=2&sort=price&color=blue&email={quote(planted.EMAIL.value)}"
        ),
    ),
    Visit(
        "Signs in by a form",
        200,
        lambda shop: shop.post(
            "/login",
            data={
                "username": planted.EMAIL.value,
                "password": planted.PASSWORD.value,
                "remember": "yes",
            },
        ),
    ),
    Visit(
        "Opens the account: a token, a cookie, a statement with literals",
        200,
        lambda shop: shop.get(
            "/account",
            {
                "Authorization": f"Bearer {planted.BEARER.value}",
                "Cookie": f"theme=dark; session={planted.SESSION.value}",
            },
        ),
    ),
    Visit(
        "Pays: JSON, a service that is down, an exception",
        500,
        lambda shop: shop.post(
            "/checkout",
            json={
                "order": {"id": "A-1001", "total": 49.0, "currency": "EUR"},
                "email": planted.EMAIL.value,
                "phone": planted.PHONE.value,
                "ssn": planted.NATIONAL_ID.value,
                "card": {"number": planted.CARD.value, "brand": "visa"},
                "refund_to": {"iban": planted.IBAN.value},
            },
        ),
    ),
    Visit(
        "Signs up a second time: the database's error repeats its parameters",
        500,
        lambda shop: shop.post(
            "/customers",
            data={
                "email": planted.EMAIL.value,
                "surname": planted.SURNAME.value,
                "phone": planted.PHONE.value,
            },
        ),
    ),
    Visit(
        "Follows a broken link: nothing is there, and the path is the span's name",
        404,
        lambda shop: shop.get(f"/orders/{planted.EMAIL.value}/invoice"),
    ),
    Visit(
        "Asks the assistant",
        200,
        lambda shop: shop.post("/assistant", json={"question": f"Hello, {planted.PROMPT.value}."}),
    ),
    Visit(
        "A partner fetches the orders",
        200,
        lambda shop: shop.get(
            f"/export?since=2026-01-01&access_token={planted.REPOSITORY_TOKEN.value}",
            {"X-Api-Key": planted.PAYMENT_KEY.value},
            auth=("partner", planted.PARTNER_PASSWORD.value),
        ),
    ),
)


def drive(base: str) -> None:
    """Make all visits.

    Raises:
        RuntimeError: The shop answered one in another way than it should.
    """
    for number, visit in enumerate(VISITS, 1):
        status = visit.act(_Shop(base)).status_code
        if status != visit.status:
            raise RuntimeError(f"visit {number} was answered {status} instead of {visit.status}")
