"""How the rewriter says no."""


class CannotRewrite(Exception):
    """A fix cannot be carried out on this text; `reason` is a clause a user can read, without a full stop."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
