"""Compare two policies: what becomes weaker, stronger or different, by category and by key.

A glob is compared by a key that it matches: what two policies make of `user.x` stands for `user.*`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from jaeger_guard.policy.compiled import CompiledPolicy, KeyDecision
from jaeger_guard.policy.inspection import Inspection, written
from jaeger_guard.policy.merging import Treatment, weakens
from jaeger_guard.types import Action, Surface

WEAKER: Final = "weaker"
STRONGER: Final = "stronger"
DIFFERENT: Final = "different"  # neither protects more in every respect


@dataclass(frozen=True, slots=True)
class Difference:
    """What two policies do differently in one place.

    Attributes:
        where: A category, or a key with its surface.
        becomes: `weaker`, `stronger` or `different`, as the second is to the first.
        before: What the first does, and by which rule.
        after: What the second does, and by which rule.
    """

    where: str
    becomes: str
    before: str
    after: str

    def as_dict(self) -> dict[str, str]:
        """Return it as JSON has it."""
        return asdict(self)


def compare(first: Inspection, second: Inspection) -> tuple[Difference, ...]:
    """List what becomes different from `first` to `second`."""
    return (*_by_category(first, second), *_by_key(first, second))


def _by_category(first: Inspection, second: Inspection) -> Iterator[Difference]:
    for category, before in first.treatments.items():
        after = second.treatments[category]
        becomes = _becomes(before, after)
        if becomes is not None:
            yield Difference(
                category,
                becomes,
                f"{written(before, category)}, by {before.rule}",
                f"{written(after, category)}, by {after.rule}",
            )


def _becomes(before: Treatment, after: Treatment) -> str | None:
    weaker, stronger = weakens(after, before), weakens(before, after)
    if weaker and stronger:
        return DIFFERENT
    if weaker or stronger:
        return WEAKER if weaker else STRONGER
    return None


def _by_key(first: Inspection, second: Inspection) -> Iterator[Difference]:
    places = dict.fromkeys(
        (clause.key or "", clause.surface or Surface.ATTRIBUTE, clause.category)
        for inspection in (first, second)
        for clause in inspection.conditional
    )
    for key, surface, category in places:
        sample = key.replace("*", "x").replace("?", "x")
        one, other = (each.compiled.decide(sample, surface) for each in (first, second))
        where = f"{key or 'any key'} on {surface.value}"
        if category is None:
            yield from _whole(where, one, other)
        elif _general(first.compiled, second.compiled, category, one, other):
            continue
        else:
            yield from _found(f"{where}, {category}", category, one, other)


def _whole(where: str, one: KeyDecision, other: KeyDecision) -> Iterator[Difference]:
    before, after = _rank(one), _rank(other)
    if before == after:
        if one.whole is None or other.whole is None:
            return
        becomes = _becomes(one.whole, other.whole)
    else:
        becomes = WEAKER if after < before else STRONGER
    if becomes is not None:
        yield Difference(where, becomes, _said(one), _said(other))


def _rank(decision: KeyDecision) -> int:
    """Say how much is protected under a key: unseen, kept, searched, or treated as a whole."""
    if decision.unsafe:
        return -2
    if decision.kept:
        return -1
    return 0 if decision.whole is None else decision.whole.action.protection


def _said(decision: KeyDecision) -> str:
    if decision.whole is not None:
        return f"{written(decision.whole)}, by {decision.rule}"
    if decision.unsafe or decision.kept:
        action = Action.UNSAFE_KEEP if decision.unsafe else Action.KEEP
        return f"{action.value}, by {decision.rule}"
    return "searched, by what is found"


def _found(where: str, category: str, one: KeyDecision, other: KeyDecision) -> Iterator[Difference]:
    for each, before in one.treatments.items():
        if each != category and not (
            category == "*" or (category.endswith("*") and each.startswith(category[:-1]))
        ):
            continue
        after = other.treatments[each]
        becomes = _becomes(before, after)
        if becomes is not None:
            yield Difference(
                where,
                becomes,
                f"{written(before, each)}, by {before.rule}",
                f"{written(after, each)}, by {after.rule}",
            )
            return


def _general(
    first: CompiledPolicy,
    second: CompiledPolicy,
    category: str,
    one: KeyDecision,
    other: KeyDecision,
) -> bool:
    """Say whether what differs under the key is what differs under every key."""
    plain = [each.decide("", Surface.ATTRIBUTE).treatments for each in (first, second)]
    return one.treatments.get(category) == plain[0].get(category) and other.treatments.get(
        category
    ) == plain[1].get(category)
