"""Whom a policy permits: keys of baggage, and hosts that a request may take it to."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from jaeger_guard.policy import Propagation
from jaeger_guard.policy.merging import compile_glob
from jaeger_guard.policy.propagation import network_of

_EVERYTHING: Final = compile_glob("*")


class KeyList:
    """Globs over keys, as one or several policies have them."""

    def __init__(self, lists: Sequence[Sequence[str] | None]) -> None:
        self._lists = [
            [compile_glob(glob) for glob in globs] for globs in lists if globs is not None
        ]

    @property
    def is_given(self) -> bool:
        """Whether any policy has a list."""
        return bool(self._lists)

    def permits(self, key: str) -> bool:
        """Say whether each list names the key."""
        lowered = key.lower()
        return all(any(glob.fullmatch(lowered) for glob in globs) for globs in self._lists)


class HostList:
    """Globs over hosts' names, addresses and networks, as one or several policies have them."""

    def __init__(self, lists: Sequence[Sequence[str] | None]) -> None:
        self._lists = [
            (
                [compile_glob(entry) for entry in entries if network_of(entry) is None],
                [network for entry in entries if (network := network_of(entry)) is not None],
            )
            for entries in lists
            if entries is not None
        ]

    @property
    def is_given(self) -> bool:
        """Whether any policy has a list."""
        return bool(self._lists)

    def permits(self, host: str) -> bool:
        """Say whether each list names the host, a name in lower case or an address."""
        address = _address(host)
        for globs, networks in self._lists:
            if address is not None:
                # A glob over names doesn't speak of addresses, but that for all.
                anything = any(glob.pattern == _EVERYTHING.pattern for glob in globs)
                if not anything and not any(address in network for network in networks):
                    return False
            elif not any(glob.fullmatch(host) for glob in globs):
                return False
        return True


def lists_of(settings: Propagation | None, name: str) -> list[Sequence[str] | None]:
    """Return one field of a table and of those that stand besides."""
    lists: list[Sequence[str] | None] = []
    while settings is not None:
        lists.append(getattr(settings, name))
        settings = settings.besides
    return lists


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
