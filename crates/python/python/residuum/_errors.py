"""Exceptions and warnings of the package."""

from __future__ import annotations

import sys


class NotFittedError(ValueError, AttributeError):
    """Raised where a detector is used before fit. Where scikit-learn is loaded it is its NotFittedError too."""


class NotCalibratedError(ValueError):
    """Raised where a decision or a p-value needs rows that were held out, and none were."""


class PromiseWarning(UserWarning):
    """What a fitted model promises is weaker than was asked for; the message says by how much."""


_both: type | None = None


def not_fitted(who: str) -> NotFittedError:
    """The exception for the estimator called `who`."""
    global _both
    message = f"This {who} instance is not fitted yet. Call 'fit' with appropriate arguments before using it."
    theirs = getattr(sys.modules.get("sklearn.exceptions"), "NotFittedError", None)
    if theirs is None:
        return NotFittedError(message)
    if _both is None:
        _both = type("NotFittedError", (NotFittedError, theirs), {"__module__": __name__})
    return _both(message)
