"""The detector that holds rows out and decides with a guarantee."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any, Mapping, Sequence

from . import _data
from ._base import Outliers, checked_rate, columns_of
from ._classes import as_json, seed_of
from ._errors import PromiseWarning
from ._fitted import Fitted
from ._residuum import Model


class Detector(Outliers):
    """A detector for your own data: fitted to most rows, calibrated on the others, with a threshold that keeps what it
    promises. The same data and settings give the model of the program's `residuum fit`, bit for bit.

    method: the name of a method, or "auto", which chooses by the kind and the size of the data.
    settings: of the method, by the names of the program, such as {"neighbours": 10}.
    fpr: the share of normal rows that may be called anomalies.
    confidence: how sure fpr is to hold over the draw of the held-out rows, such as 0.95, or an error where they are too
        few. None: with 95 % confidence where the rows suffice, else on average, else as far as they allow;
        `warnings_` says which, and a PromiseWarning is given.
    calibration: the share of the rows that is held out, or a number of folds (cross-conformal, for few rows). None
        holds one in five out where that gives 299 or more, else takes five folds where the method is cheap.
    kind: "table" or "embedding"; None looks at the rows.
    columns, drop: names of columns to learn from, or to leave out.
    as_number, as_category: names of columns to take as numbers (moments), or as categories.
    key, label, group, time: names of columns that name rows, say which are anomalies (they are left out), belong
        together where rows are held out, or order the rows. None is learned from.
    missing: "error", "mean" (fills a value in and says so in a column) or "drop" (the row has no score); in an array
        NaN is missing.
    random_state: of the division of the rows and of the method; None is 0.

    Few rows are calibrated in folds: `anomaly_scores` are means over the detectors of all folds, `p_values` compare
    each detector's score with its own fold, and `anomalies` decides by p-values, as the program does; that is proved.
    No threshold of one score does the same. `offset_`, and so `predict`, is where a score has the p-value fpr among
    the scores of all held-out rows together: close to `anomalies`, and nothing is proved of it. There a row that was
    fitted to has its held-out score, so that `fit_predict` finds the odd ones among the training rows.

    Source: Vovk, 2012 and 2015 (split and cross-conformal prediction); the method's own is in its class.

    Shapes: `fit` takes [n, d]; scores are [m], in the unit of the method.
    Signs: `anomaly_scores` are the program's, higher for anomalies; `score_samples` are minus these.
    Raises ValueError for data and settings that the method cannot take, a column that is not there, a value that is
    missing (but for `missing`) or infinite, a confidence that the rows do not suffice for; RuntimeError for a network.
    """

    def __init__(
        self,
        method: str = "auto",
        *,
        settings: Mapping[str, Any] | None = None,
        fpr: float = 0.01,
        confidence: float | None = None,
        calibration: float | int | None = None,
        kind: str | None = None,
        columns: Sequence[str] | None = None,
        drop: Sequence[str] | None = None,
        as_number: Sequence[str] | None = None,
        as_category: Sequence[str] | None = None,
        key: str | None = None,
        label: str | None = None,
        group: str | None = None,
        time: str | None = None,
        missing: str = "error",
        random_state: int | None = None,
    ) -> None:
        self.method = method
        self.settings = settings
        self.fpr = fpr
        self.confidence = confidence
        self.calibration = calibration
        self.kind = kind
        self.columns = columns
        self.drop = drop
        self.as_number = as_number
        self.as_category = as_category
        self.key = key
        self.label = label
        self.group = group
        self.time = time
        self.missing = missing
        self.random_state = random_state

    def _fit(self, given: _data.Given) -> Fitted:
        roles = ("drop", "as_number", "as_category", "columns", "key", "label", "group", "time")
        named = [role for role in roles if getattr(self, role)]
        if given.names is None and named:
            raise ValueError(f"{named[0]} names columns, and an array has none: give a data frame")
        is_auto = self.method == "auto"
        if is_auto and self.settings:
            raise ValueError("settings are for a method that is named: method=\"wiener\", for one")
        sure = None if self.confidence is None else checked_rate("confidence", self.confidence)
        options = {
            "method": None if is_auto else self.method,
            "settings": dict(self.settings or {}),
            "kind": self.kind,
            "only": list(self.columns or ()),
            "drop": list(self.drop or ()),
            "as_number": list(self.as_number or ()),
            "as_category": sorted({*given.categories, *(self.as_category or ())}),
            "key": self.key,
            "label": self.label,
            "group": self.group,
            "time": self.time,
            "missing": self.missing,
            "calibration": self.calibration,
            "rate": checked_rate("fpr", self.fpr),
            "confidence": sure,
            "seed": seed_of(self.random_state),
        }
        payload = given.payload
        if self.missing != "error" and given.names is None:
            # Only columns know of missing values: NaN, in an array.
            payload = _data.as_columns(payload, _data.places(given.n_features))
        model, notes = Model.fit(payload, as_json(options))
        self.notes_ = json.loads(notes)
        for warning in json.loads(model.manifest())["warnings"]:
            warnings.warn(warning, PromiseWarning, stacklevel=3)
        # Of a frame only some columns may be learned from.
        n_features, names = columns_of(json.loads(model.manifest())["layout"])
        return Fitted(model, n_features, names)

    @property
    def method_(self) -> str:
        """The name of the method that was fitted."""
        return self.to_dict()["method"]

    @property
    def reason_(self) -> str:
        """Why that one, in a sentence."""
        return self.to_dict()["reason"]

    @classmethod
    def _of_manifest(cls, manifest: dict[str, Any]) -> Any:
        return cls(
            manifest["method"],
            settings=manifest["config"],
            random_state=manifest["seed"],
            missing=manifest["layout"].get("missing", "error"),
            **manifest.get("columns", {}),
        )


def load(path: str | os.PathLike[str]) -> Detector:
    """The model in a file that `save` or the program wrote, whatever its method: `Detector.load(path)`."""
    return Detector.load(path)
