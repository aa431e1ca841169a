"""Lints of a policy: what is refused, what has ended or will, what disagrees, and what never decides.

Each finding says where it stands, why it matters, and what to do. What can't be compiled is a finding of
its own, the only one then.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from jaeger_guard.categories import ALL, addresses
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy.compiler import gather
from jaeger_guard.policy.exemptions import WARNED_AHEAD, Exemption
from jaeger_guard.policy.inspection import Inspection, written
from jaeger_guard.policy.merging import Clause, Treatment, weakens
from jaeger_guard.policy.model import Policy
from jaeger_guard.types import Action

SEVERITIES: Final = ("info", "low", "medium", "high", "critical")
_LONGEST_EXCEPTION: Final = datetime.timedelta(days=366)
_DOCS: Final = "docs/policy.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint:
    """One finding about a policy, in the words of `jaeger-guard check`.

    Attributes:
        id: What kind of finding it is.
        severity: One of `SEVERITIES`.
        where: The policy and the rule or exception.
        message: What is so, and why it matters.
        remedy: What to do.
        source: Where that is said: a clause, or a page of the documentation.
    """

    id: str
    severity: str
    where: str
    message: str
    remedy: str
    source: str = _DOCS

    def as_dict(self) -> dict[str, str]:
        """Return it as JSON has it."""
        return asdict(self)


def lint_policy(
    policies: Policy | Sequence[Policy], now: datetime.datetime | None = None
) -> tuple[Lint, ...]:
    """Look over policies, the gravest finding first.

    Args:
        policies: As `compile_policy` takes them.
        now: When exceptions are judged; the clock's time where it isn't given.
    """
    given = (policies,) if isinstance(policies, Policy) else tuple(policies)
    moment = now or datetime.datetime.now(datetime.UTC)
    try:
        inspection = Inspection(given)
    except ConfigurationError as error:
        fault = error
    else:
        found = [
            *_exceptions(inspection.exceptions.items(), moment),
            *_unsafe(inspection),
            *_weaker(inspection),
            *_shadowed(inspection),
            *_disagreements(inspection),
        ]
        return tuple(sorted(found, key=lambda lint: -SEVERITIES.index(lint.severity)))
    refused = Lint(
        id="policy-refused",
        severity="high",
        where=fault.where,
        message=fault.what,
        remedy=fault.remedy,
    )
    ended: list[Lint] = []
    try:
        gathered = gather(given)
    except ConfigurationError:
        pass
    else:
        ended += _exceptions(
            (
                (f"{policy.name} exception {number}", exception)
                for policy in gathered.all
                for number, exception in enumerate(policy.exceptions, 1)
            ),
            moment,
        )
    return (refused, *ended)


def _exceptions(exceptions: object, moment: datetime.datetime) -> Iterator[Lint]:
    named: Iterator[tuple[str, Exemption]] = iter(exceptions)  # type: ignore[call-overload]
    for name, exception in named:
        left = exception.end - moment
        about = f"{exception.place} (owner: {exception.owner})"
        if left <= datetime.timedelta():
            yield Lint(
                id="exception-ended",
                severity="medium",
                where=name,
                message=f"ended with {exception.last_day}, and keeps nothing any more: {about}",
                remedy="Remove it, or have its owner decide anew and set another date",
            )
        elif left <= WARNED_AHEAD:
            yield Lint(
                id="exception-ends-soon",
                severity="low",
                where=name,
                message=f"ends with {exception.last_day}, in {left.days} days; what it keeps is "
                f"scrubbed from then on: {about}",
                remedy="Ask its owner whether it is still needed",
            )
        elif left > _LONGEST_EXCEPTION:
            yield Lint(
                id="exception-lasts-long",
                severity="low",
                where=name,
                message=f"holds until {exception.last_day}, for more than a year: {about}",
                remedy="Set a nearer date, or make it a rule if it is meant to stay",
            )


def _unsafe(inspection: Inspection) -> Iterator[Lint]:
    for clause in inspection.compiled.layers.own:
        if clause.treatment.action is not Action.UNSAFE_KEEP:
            continue
        what = _place(clause)
        mandatory = [
            category
            for category in ALL
            if inspection.compiled.layers.is_mandatory(category)
            and (clause.category is None or addresses(clause.category, category))
        ]
        beyond = f", {', '.join(mandatory)} among it, which a preset makes mandatory"
        yield Lint(
            id="unsafe-keep",
            severity="medium",
            where=clause.treatment.rule,
            message=f"{what} leaves as it is, without a look{beyond if mandatory else ''}",
            remedy="Use keep, which still looks for credentials, or an exception with an end",
        )


def _weaker(inspection: Inspection) -> Iterator[Lint]:
    layers = inspection.compiled.layers
    for clause in layers.own:
        if clause.category is None or clause.treatment.action is Action.UNSAFE_KEEP:
            continue
        for category in ALL:
            base = layers.from_presets(frozenset(), None, category)
            if base is None or not addresses(clause.category, category):
                continue
            if weakens(clause.treatment, base):
                yield Lint(
                    id="weaker-than-preset",
                    severity="info",
                    where=clause.treatment.rule,
                    message=f"{category}: {written(clause.treatment, category)} where "
                    f"{base.rule} says {written(base, category)}{_by(inspection, base)}",
                    remedy="Leave it where that is meant; the policy's own rules come first",
                    source="; ".join(inspection.sources(base)) or _DOCS,
                )


def _by(inspection: Inspection, treatment: Treatment) -> str:
    cited = inspection.cited(treatment)
    return f" ({', '.join(cited)})" if cited else ""


def _shadowed(inspection: Inspection) -> Iterator[Lint]:
    seen: list[Clause] = []
    for clause in inspection.compiled.layers.own:
        for earlier in seen:
            if _covers(earlier, clause):
                yield Lint(
                    id="never-decides",
                    severity="low",
                    where=clause.treatment.rule,
                    message=f"{_place(clause)} is decided by {earlier.treatment.rule} already",
                    remedy="Put the narrower rule first, or remove one",
                )
                break
        if clause.until == math.inf:
            seen.append(clause)


def _covers(earlier: Clause, later: Clause) -> bool:
    """Say whether whatever the later matches, the earlier does."""
    key = earlier.key in (None, "*") or (
        later.key is not None
        and earlier.key is not None
        and earlier.key.lower() == later.key.lower()
    )
    surface = earlier.surface is None or earlier.surface is later.surface
    if later.category is None:  # it decides about whole values, which findings' rules don't
        category = earlier.category is None
    else:
        category = earlier.category is not None and all(
            addresses(earlier.category, each) for each in ALL if addresses(later.category, each)
        )
    return key and surface and category


def _place(clause: Clause) -> str:
    surface = None if clause.surface is None else clause.surface.value
    parts = (("key", clause.key), ("category", clause.category), ("surface", surface))
    return ", ".join(f"{name} {value}" for name, value in parts if value is not None)


def _disagreements(inspection: Inspection) -> Iterator[Lint]:
    """Tell where presets say different things of a category: which holds, and why."""
    layers = inspection.compiled.layers
    for category in ALL:
        best = layers.from_presets(frozenset(), None, category)
        if best is None:
            continue
        said = {
            clause.treatment.rule: clause.treatment
            for layer in layers.presets
            for clause in layer.clauses
            if clause.unconditional
            and clause.category is not None
            and addresses(clause.category, category)
            and _first_for(layer.clauses, category) is clause
        }
        yielding = [
            treatment
            for rule, treatment in said.items()
            if rule not in best.rule.split(" and ") and weakens(treatment, best)
        ]
        refined = [
            treatment
            for rule, treatment in said.items()
            if rule not in best.rule.split(" and ") and weakens(best, treatment)
        ]
        for treatment in yielding:
            yield Lint(
                id="presets-disagree",
                severity="info",
                where=treatment.rule,
                message=f"{category}: {written(treatment, category)}{_by(inspection, treatment)} gives "
                f"way to {best.rule}, {written(best, category)}{_by(inspection, best)}, which protects "
                "more",
                remedy="Nothing: a rule of your own may choose what no preset makes mandatory",
                source="; ".join(inspection.sources(best)) or _DOCS,
            )
        for treatment in refined:
            yield Lint(
                id="preset-refines",
                severity="info",
                where=best.rule,
                message=f"{category}: {written(best, category)}{_by(inspection, best)} stands in place "
                f"of {treatment.rule}, {written(treatment, category)}",
                remedy=f"Nothing; name {treatment.rule.split(' rule ')[0]} too where the stronger is meant",
                source="; ".join(inspection.sources(best)) or _DOCS,
            )


def _first_for(clauses: Sequence[Clause], category: str) -> Clause | None:
    for clause in clauses:
        if clause.unconditional and clause.matches(frozenset(), None, category):
            return clause
    return None
