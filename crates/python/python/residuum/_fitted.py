"""A fitted model with what decides where it is not calibrated."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._errors import NotCalibratedError
from ._residuum import Model

SAMPLE = 1000
"""So many training rows at most set the offset of a detector without one of its own."""


class Fitted:
    """A model, its offset and the columns it was fitted to.

    It does not change, but for an offset that is computed when it is first asked for.
    """

    def __init__(
        self,
        model: Model,
        n_features: int,
        names: list[str] | None,
        *,
        offset: float | None = None,
        sample: Any = None,
        share: float = 0.0,
    ) -> None:
        self.model = model
        self.n_features = n_features
        self.names = names
        self._offset = offset
        self._sample = sample
        self._share = share

    def threshold(self) -> float:
        """The score above which a row is an anomaly."""
        calibrated = self.model.threshold
        if calibrated is not None:
            return calibrated
        if self._offset is None and self.model.rate is not None:
            self._offset = reached(self.model.calibration_scores(), self.model.rate)
        if self._offset is None:
            if self._sample is None:
                raise NotCalibratedError(
                    "the model is not calibrated: calibrate(X) takes rows that it was not trained on"
                )
            self._offset = beyond(self.model.scores(self._sample), self._share)
            self._sample = None
        return self._offset

    def stored(self) -> Model:
        """The model with its offset, as it is saved."""
        if self.model.threshold is not None or self.model.rate is not None:
            return self.model
        if self._offset is None and self._sample is None:
            return self.model
        return self.model.with_offset(self.threshold())

    def __reduce__(self) -> tuple:
        return _restored, (self.stored().to_bytes(), self.n_features, self.names)

    def __copy__(self) -> Fitted:
        return self

    def __deepcopy__(self, memo: Any) -> Fitted:
        return self


def _restored(data: bytes, n_features: int, names: list[str] | None) -> Fitted:
    model = Model.from_bytes(data)
    return Fitted(model, n_features, names, offset=model.offset)


def beyond(scores: np.ndarray, share: float) -> float:
    """The score above which at most this share of the scores lies."""
    ordered = np.sort(scores[~np.isnan(scores)])
    above = int(share * len(ordered))
    return float(ordered[len(ordered) - 1 - min(above, len(ordered) - 1)])


def reached(ordered: np.ndarray, rate: float) -> float:
    """The score above which the p-value among these ascending scores is at most `rate`, which one of them can have."""
    n = len(ordered)
    rank = int(rate * (n + 1) * (1 + 1e-9))
    return float(ordered[n - max(rank, 1)])


def sampled(n_rows: int) -> np.ndarray:
    """The places of at most SAMPLE of n rows, evenly spread."""
    return np.unique(np.linspace(0, n_rows - 1, min(n_rows, SAMPLE)).astype(np.int64))
