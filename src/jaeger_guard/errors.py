"""The errors that jaeger_guard raises: one root, each saying what is wrong, where, and the remedy.

They are raised while a guard is being configured, never while spans pass. No message holds a value
that was being guarded, or the text of a setting that may hold a credential; `raise ... from None`
is used wherever a cause could quote one.
"""

from __future__ import annotations


class GuardError(Exception):
    """Root of everything that jaeger_guard raises on purpose."""


class ConfigurationError(GuardError):
    """A setting can't be honoured: what is wrong, where it was set, what to do instead.

    Args:
        what: What is wrong, as a clause without a final full stop; never a secret's value.
        where: The file, environment variable or parameter that was at fault.
        remedy: What to do instead, as an imperative sentence without a final full stop.
    """

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(what, where, remedy)  # positional, so that the error survives pickling
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}."


class MissingExtraError(ConfigurationError):
    """An optional feature was asked for whose extra is not installed.

    Args:
        feature: What was asked for, as users call it.
        extra: The extra of this distribution that brings it.
        where: The file, environment variable or parameter that asked.
    """

    def __init__(self, feature: str, extra: str, where: str) -> None:
        super().__init__(
            f"{feature} needs the extra '{extra}'",
            where,
            f'Install it with: pip install "jaeger-guard[{extra}]"',
        )
        self.args = (feature, extra, where)
