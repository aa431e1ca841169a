"""How a command asks a Jaeger: the options that `scan` and `reveal` share."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Final

from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.stored.query import QueryEndpoint

PASSWORD_VARIABLE: Final = "JAEGER_GUARD_QUERY_PASSWORD"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("the Jaeger that is asked")
    group.add_argument(
        "--endpoint", metavar="URL", help="its query API, such as https://jaeger:16686"
    )
    group.add_argument("--ca-file", metavar="FILE", help="the only CAs that are trusted (PEM)")
    group.add_argument("--cert-file", metavar="FILE", help="the client's certificate (PEM)")
    group.add_argument("--key-file", metavar="FILE", help="its private key (PEM)")
    group.add_argument(
        "--user",
        metavar="NAME",
        help=f"a user's name; the password from {PASSWORD_VARIABLE}, or a prompt",
    )
    group.add_argument("--bearer-token-file", metavar="FILE", help="a file with a bearer token")
    group.add_argument(
        "--unsafe-plaintext",
        action="store_true",
        help="allow http:// to another machine: traces and credentials travel in the clear",
    )


def endpoint_of(arguments: argparse.Namespace) -> QueryEndpoint:
    """Return the Jaeger that is meant.

    Raises:
        ConfigurationError: Options contradict each other.
    """
    from jaeger_guard.stored.query import QueryEndpoint

    if arguments.user is not None and arguments.bearer_token_file is not None:
        what = "there are two credentials"
        raise ConfigurationError(what, "--user, --bearer-token-file", "Leave out one of them")
    basic = None
    if arguments.user is not None:
        basic = (arguments.user, _password())
    return QueryEndpoint(
        url=arguments.endpoint,
        ca_file=arguments.ca_file,
        cert_file=arguments.cert_file,
        key_file=arguments.key_file,
        basic=basic,
        bearer_token_file=arguments.bearer_token_file,
        unsafe_plaintext=arguments.unsafe_plaintext,
    )


def _password() -> str:
    """Return the password: never an argument, which `ps` and the shell's history would show."""
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if password:
        return password
    from getpass import getpass

    try:
        return getpass("Password: ")
    except EOFError:
        pass
    what = "there is no password, and nobody to ask"
    raise ConfigurationError(what, "--user", f"Set {PASSWORD_VARIABLE}")
