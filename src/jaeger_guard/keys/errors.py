"""Why a field can't be opened: the wrong role, a destroyed epoch, or a token that was tampered with.

None of them tells a key, a value, or the text of a token.
"""

from __future__ import annotations

from jaeger_guard.errors import GuardError


class FieldError(GuardError):
    """A field can't be opened."""


class WrongRoleError(FieldError):
    """The span carries no wrap for this role: the field was written for others."""


class DestroyedError(FieldError):
    """The field was written for this role, but the private key of its epoch is no more, or not here.

    Attributes:
        role: The role that it was written for.
        epoch: The epoch whose key would open it.
    """

    def __init__(self, role: str, epoch: int) -> None:
        super().__init__(role, epoch)
        self.role = role
        self.epoch = epoch

    def __str__(self) -> str:
        return f"the private key of role {self.role}, epoch {self.epoch} is destroyed, or not here"


class TamperedError(FieldError):
    """A token or a wrap isn't as it was written, or stands under another key than it was written for."""
