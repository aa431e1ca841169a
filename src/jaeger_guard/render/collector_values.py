"""Which detectors are rendered for a Collector: what they cost there, and what they can be.

Go matches each pattern against each text, without a gate: a pattern that begins with a literal costs about a
microsecond a span, another up to ten. So the default is what is common; `all` is on demand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from jaeger_guard.detectors import Detector, installed_detectors
from jaeger_guard.policy import Treatment
from jaeger_guard.render.re2 import BY_HAND, NotExpressibleError, literal_prefix, write
from jaeger_guard.types import Action

Note = Callable[[str, str, str], None]

_COMMON: Final = [
    "jwt",
    "age_secret_key",
    "google_api_key",
    "google_oauth_access",
    "google_oauth_secret",
    "github_fine_grained",
    "github",
    "gitlab",
    "gitlab_runner",
    "npm",
    "pypi",
    "docker",
    "docker_swarm",
    "slack",
    "slack_webhook",
    "discord_webhook",
    "sendgrid",
    "mailgun",
    "shopify",
    "square",
    "razorpay",
    "openai_project",
    "openai",
    "anthropic",
    "hugging_face",
    "groq",
    "xai",
    "replicate",
    "pinecone",
    "sentry",
    "grafana",
    "grafana_cloud",
    "dynatrace",
    "planetscale",
    "linear",
    "notion",
    "postman",
    "hubspot",
    "doppler",
    "tailscale",
    "digitalocean",
    "stripe",
    "aws_access_key_id",
    "hashicorp_vault",
    "vault",
    "terraform_cloud",
    "pulumi",
    "twilio",
    "telegram",
    "hash_scram",
    "putty_key",
]
_COMMON_NAMES: Final = frozenset(f"credential.{name}" for name in _COMMON)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A detector as the Collector gets it.

    Attributes:
        detector: Its name.
        category: What it finds.
        source: Its pattern, for RE2.
    """

    detector: str
    category: str
    source: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The detectors that are rendered, the cheap ones first."""

    patterns: tuple[Pattern, ...]


def choose(treatments: Mapping[str, Treatment], which: str, note: Note) -> Chosen:
    """Choose the detectors for the categories that are treated, and note what is left out."""
    patterns: list[Pattern] = []
    widened = 0
    refused: dict[str, list[str]] = {}
    uncommon: list[str] = []
    for detector in installed_detectors():
        treatment = treatments.get(detector.category)
        if treatment is None or treatment.action in (Action.KEEP, Action.UNSAFE_KEEP):
            continue
        if detector.name.startswith("network.ip") and treatment.action is Action.GENERALIZE:
            continue  # by the keys of clients: a server's address, or a version, has to stay
        if not _is_wanted(detector, which):
            uncommon.append(detector.name)
            continue
        try:
            written = write(detector)
        except NotExpressibleError as error:
            refused.setdefault(str(error), []).append(detector.name)
            continue
        widened += written.widened
        patterns.append(Pattern(detector.name, detector.category, written.source))
    for reason, names in refused.items():
        note(
            f"detectors {', '.join(names)}",
            reason,
            "what they find passes, unless its key says what it is",
        )
    if uncommon:
        note(
            f"{len(uncommon)} detectors: {', '.join(uncommon)}",
            "each costs a microsecond a span and more",
            "what they find passes, unless its key says what it is; --detectors all renders those that can be",
        )
    if widened:
        note(
            f"check digits and look-arounds of {widened} detectors",
            "RE2 has neither",
            "they find more than in the process: other numbers of a card's shape are masked, too",
        )
    cheap_first = sorted(
        patterns, key=lambda each: (len(literal_prefix(each.source)) < 3, each.detector)
    )
    return Chosen(tuple(cheap_first))


def _is_wanted(detector: Detector, which: str) -> bool:
    return which == "all" or detector.name in BY_HAND or detector.name in _COMMON_NAMES
