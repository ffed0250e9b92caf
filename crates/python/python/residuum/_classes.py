"""What the class of one method adds: parameters that become the method's settings."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from . import _data
from ._base import Outliers
from ._fitted import Fitted, sampled
from ._residuum import Model


class Method(Outliers):
    """The class of one method. It trains on all rows."""

    _method: str
    """Its name in the registry."""
    _settings: dict[str, str] = {}
    """The setting of the registry that a parameter is."""
    _offset: float | None = None
    """The anomaly score above which a row is odd, where the method has one of its own."""

    def _config(self, n_rows: int) -> dict[str, Any]:
        """The settings as the registry has them, for a fit to so many rows."""
        return {key: getattr(self, name) for name, key in self._settings.items()}

    def _fit(self, given: _data.Given) -> Fitted:
        share = getattr(self, "fpr", 0.0)
        if self._offset is None and not (isinstance(share, (int, float)) and 0 <= share < 1):
            raise ValueError(f"fpr = {share!r}: expected at least 0 and less than 1")
        options = {
            "method": self._method,
            "settings": self._config(given.n_rows),
            "as_category": given.categories,
            "seed": seed_of(getattr(self, "random_state", None)),
        }
        model = Model.train(given.payload, as_json(options))
        if self._offset is not None:
            return Fitted(model, given.n_features, given.names, offset=self._offset)
        sample = _data.select(given, sampled(given.n_rows))
        return Fitted(model, given.n_features, given.names, sample=sample, share=share)

    @classmethod
    def _of_manifest(cls, manifest: dict[str, Any]) -> Any:
        if manifest["method"] != cls._method:
            raise ValueError(
                f"a model of the method {manifest['method']!r}, not of {cls._method!r}: residuum.load takes any"
            )
        return cls(**cls._params_of(manifest["config"], manifest["seed"]))

    @classmethod
    def _params_of(cls, config: dict[str, Any], seed: int) -> dict[str, Any]:
        params = {name: config[key] for name, key in cls._settings.items() if key in config}
        if "random_state" in cls._parameters():
            params["random_state"] = seed
        return params


def seed_of(random_state: Any) -> int:
    """A seed: None is 0, so that the same rows give the same scores.

    Raises ValueError for what is not a whole number from 0 below 2**32.
    """
    if random_state is None:
        return 0
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        if 0 <= random_state < 2**32:
            return int(random_state)
    raise ValueError(
        f"random_state = {random_state!r}: expected None or a whole number from 0 below 2**32; "
        "the state of a generator is not taken"
    )


def as_json(options: dict[str, Any]) -> str:
    """Options as the compiled half reads them.

    Raises ValueError for a value that has no JSON.
    """
    try:
        return json.dumps(options, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a setting that is not a number, text or list: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{value!r}")
