"""What all detectors share: scikit-learn's conventions around a fitted model."""

from __future__ import annotations

import functools
import json
import os
from typing import Any, NamedTuple

import numpy as np

from . import _data
from ._errors import NotCalibratedError, not_fitted
from ._fitted import Fitted
from ._residuum import Model


class Reason(NamedTuple):
    """What one column has to do with a row's score."""

    column: str | int
    """The column's name, or its place where X was an array."""
    contribution: float
    """In the unit that `Reasons.kind` says."""
    share: float
    """Of all contributions above 0; 0 for one that is not."""


class Reasons(NamedTuple):
    """Why rows have their scores."""

    kind: str
    """"exact": terms that sum to the score. "squared-residual": what the method takes away from the row, squared.
    "occlusion": by how much the score falls when the column is set to its median of the training rows."""
    over_length: bool
    """Whether the columns are those of the row over its length."""
    rows: list[list[Reason] | None]
    """For each row its columns, the one that contributes most first; None for a row that was left out."""


class Estimator:
    """Parameters as scikit-learn's estimators have them: `__init__` keeps them as they come."""

    _absent: dict[str, tuple[Any, str]] = {}
    """Settings of the namesake elsewhere that have no counterpart here: the value that is what is done here, and why."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "_absent" in cls.__dict__ and "__init__" in cls.__dict__:
            cls.__init__ = _refusing(cls.__init__)  # type: ignore[method-assign]

    @classmethod
    def _parameters(cls) -> tuple[str, ...]:
        code = getattr(cls.__init__, "__wrapped__", cls.__init__).__code__
        return code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in sorted(self._parameters())}

    def set_params(self, **params: Any) -> Any:
        """Sets parameters by name and returns the estimator.

        Raises ValueError for a name that it does not have.
        """
        known = self._parameters()
        for name, value in params.items():
            if name not in known:
                self._refuse(name, value, ValueError)
                if name in self._absent:
                    continue
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {self!r}. Valid parameters are: {sorted(known)!r}."
                )
            setattr(self, name, value)
        return self

    @classmethod
    def _refuse(cls, name: str, value: Any, kind: type[Exception]) -> None:
        """Raises where `name` is a setting without a counterpart and `value` is not what is done here."""
        if name not in cls._absent:
            return
        ours, reason = cls._absent[name]
        if type(value) is type(ours) and value == ours:
            return
        raise kind(f"residuum.{cls.__name__} has no setting {name!r}: {reason}")

    def __repr__(self) -> str:
        code = getattr(self.__init__, "__wrapped__", self.__init__)
        defaults = dict(code.__kwdefaults__ or {})
        names = self._parameters()
        positional = code.__defaults__ or ()
        defaults.update(zip(names[: len(positional)], positional))
        changed = []
        for name in names:
            value = getattr(self, name)
            if name not in defaults or repr(value) != repr(defaults[name]):
                changed.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(changed)})"


def _refusing(init: Any) -> Any:
    @functools.wraps(init)
    def checked(self: Any, *arguments: Any, **keywords: Any) -> None:
        for name in [name for name in keywords if name in self._absent]:
            self._refuse(name, keywords.pop(name), TypeError)
        init(self, *arguments, **keywords)

    return checked


class Outliers(Estimator):
    """A detector: `fit` learns what normal rows look like, and other rows are compared with that.

    Signs are scikit-learn's: `score_samples` and `decision_function` are higher for normal rows, `predict` is 1 for
    them and -1 for anomalies. `anomaly_scores` has the program's sign: higher is more anomalous.
    """

    _estimator_type = "outlier_detector"
    _fitted: Fitted

    # Fitting

    def fit(self, X: Any, y: Any = None) -> Any:
        """Fits to rows, all assumed normal.

        X: [n, d], an array or a data frame (pandas, polars, pyarrow and others). y is not looked at.
        Raises ValueError for data or settings that the method cannot take.
        """
        given = _data.to_fit(X, type(self).__name__)
        try:
            fitted = self._fit(given)
        except ValueError as error:
            if given.n_rows == 1:
                raise ValueError(f"n_samples=1: {error}") from error
            raise
        self.n_features_in_ = given.n_features
        if given.names is not None:
            self.feature_names_in_ = np.asarray(given.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self._fitted = fitted
        return self

    def _fit(self, given: _data.Given) -> Fitted:
        raise NotImplementedError

    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """`fit(X).predict(X)`: [n] of 1 and -1. A row that all detectors were trained on looks more normal than it is."""
        return self.fit(X).predict(X)

    def calibrate(self, X: Any, *, fpr: float = 0.01, confidence: float | None = None) -> Any:
        """Sets the threshold by rows that the detector was not trained on, all normal; returns the estimator.

        X: [n, d], other rows than those of `fit`. fpr: the share of normal rows that may be called anomalies.
        confidence: how sure that is to hold over the draw of X, such as 0.95; an error where X has too few rows for
        it. Without one fpr holds with 95 % confidence where the rows suffice, else on average, else as far as they
        allow; `warnings_` says which.

        Split conformal calibration; the bounds are those of the order statistics of n held-out scores: Vovk, 2012,
        "Conditional validity of inductive conformal predictors".
        Raises ValueError for the rows it was trained on.
        """
        fitted = self._get_fitted()
        given = self._to_score(X, fitted)
        sure = None if confidence is None else checked_rate("confidence", confidence)
        model = fitted.model.calibrate(given, checked_rate("fpr", fpr), sure)
        self._fitted = Fitted(model, fitted.n_features, fitted.names)
        return self

    # Scoring

    def anomaly_scores(self, X: Any) -> np.ndarray:
        """[m] scores, higher is more anomalous: the program's. NaN for a row that is left out (missing="drop")."""
        fitted = self._get_fitted()
        return fitted.model.scores(self._to_score(X, fitted))

    def score_samples(self, X: Any) -> np.ndarray:
        """[m] scores, higher is more normal: minus `anomaly_scores`.

        Where folds calibrated a `Detector`, a row that it was fitted to has the score by the detector that had not
        seen it, so that `fit_predict` judges it as a new one.
        """
        return self._shift() - self._held_out_scores(X)

    def decision_function(self, X: Any) -> np.ndarray:
        """[m] of `score_samples(X) - offset_`: below 0 for anomalies."""
        return self._get_fitted().threshold() - self._held_out_scores(X)

    def predict(self, X: Any) -> np.ndarray:
        """[m] of 1 for normal rows and -1 for anomalies, by `offset_`.

        Raises ValueError for a row that has no score because a value is missing.
        """
        decisions = self.decision_function(X)
        gone = np.flatnonzero(np.isnan(decisions))
        if len(gone):
            raise ValueError(
                f"row {gone[0]} has no score: a value is missing, and missing=\"drop\" leaves it out; "
                "missing=\"mean\" fills it in"
            )
        return np.where(decisions < 0, -1, 1)

    def p_values(self, X: Any) -> np.ndarray:
        """[m] conformal p-values: of normal rows at most a share p has one of p or less.

        (1 + number of calibration scores that reach the row's)/(n + 1). Raises NotCalibratedError where no rows were
        held out.
        """
        fitted = self._get_fitted()
        self._check_calibrated(fitted)
        return fitted.model.rows(self._to_score(X, fitted))[1]

    def anomalies(self, X: Any, *, fdr: float | None = None) -> np.ndarray:
        """[m] of booleans: which rows are anomalies.

        fdr: the share of false ones among all that are called anomalies, on average (Benjamini and Hochberg, 1995, on
        conformal p-values: Bates et al., 2023); the rows are decided about together. Without it each row is by
        itself, as the program decides: by the threshold, as in `predict`, or by its p-value where folds calibrated the
        detector. A row that is left out is none.
        """
        fitted = self._get_fitted()
        if fdr is None and fitted.model.rate is None:
            return self.decision_function(X) < 0
        self._check_calibrated(fitted)
        rate = None if fdr is None else checked_rate("fdr", fdr)
        return fitted.model.rows(self._to_score(X, fitted), rate)[2] == 1

    def explain(self, X: Any, *, top: int | None = None) -> Reasons:
        """What each column has to do with the score of each row; the `top` columns of each."""
        fitted = self._get_fitted()
        kind, over_length, rows = fitted.model.explain(self._to_score(X, fitted))
        name = (lambda column: column) if fitted.names is not None else int
        shown = [
            row and [Reason(name(column), value, share) for column, value, share in row[:top]]
            for row in rows
        ]
        return Reasons(kind, over_length, shown)

    # What it says about itself

    @property
    def threshold_(self) -> float:
        """The anomaly score above which a row is an anomaly."""
        return self._get_fitted().threshold()

    @property
    def offset_(self) -> float:
        """The value of `score_samples` below which a row is an anomaly."""
        return self._shift() - self._get_fitted().threshold()

    @property
    def warnings_(self) -> list[str]:
        """What makes scores or decisions weaker than they look, one sentence each."""
        return self.to_dict()["warnings"]

    @property
    def calibration_scores_(self) -> np.ndarray:
        """Anomaly scores of the rows that calibrated it, ascending. Raises NotCalibratedError without any."""
        fitted = self._get_fitted()
        self._check_calibrated(fitted)
        return fitted.model.calibration_scores()

    def to_dict(self) -> dict[str, Any]:
        """The manifest of the model, as the program's `residuum show --json` prints it."""
        return json.loads(self._get_fitted().model.manifest())

    # Storing

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model to one file, which `load` and the program read: a safetensors file, nothing executes.

        Raises OSError where it cannot be written.
        """
        self._get_fitted().stored().save(os.fspath(path))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Any:
        """The model in a file that `save` or the program wrote; it scores with the same bits.

        Raises OSError for a file that cannot be read, ValueError for one that is not a model or of another method,
        RuntimeError for a network, which the program has.
        """
        model = Model.load(os.fspath(path))
        manifest = json.loads(model.manifest())
        estimator = cls._of_manifest(manifest)
        n_features, names = columns_of(manifest["layout"])
        estimator._fitted = Fitted(model, n_features, names, offset=model.offset)
        estimator.n_features_in_ = n_features
        if names is not None:
            estimator.feature_names_in_ = np.asarray(names, dtype=object)
        return estimator

    @classmethod
    def _of_manifest(cls, manifest: dict[str, Any]) -> Any:
        raise NotImplementedError

    # scikit-learn

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type="outlier_detector",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(),
        )

    # Helpers

    def _get_fitted(self) -> Fitted:
        fitted = self.__dict__.get("_fitted")
        if fitted is None:
            raise not_fitted(type(self).__name__)
        return fitted

    def _to_score(self, X: Any, fitted: Fitted) -> Any:
        who = type(self).__name__
        return _data.to_score(X, who, fitted.n_features, fitted.names).payload

    def _check_calibrated(self, fitted: Fitted) -> None:
        if fitted.model.threshold is None and fitted.model.rate is None:
            raise NotCalibratedError(
                f"this {type(self).__name__} was trained on all rows, so its scores have no p-values: "
                "calibrate(X) takes rows that it was not trained on"
            )

    def _held_out_scores(self, X: Any) -> np.ndarray:
        fitted = self._get_fitted()
        if fitted.model.rate is None:
            return self.anomaly_scores(X)
        return fitted.model.held_out_scores(self._to_score(X, fitted))

    def _shift(self) -> float:
        """What `score_samples` has besides minus the anomaly score."""
        return 0.0


def checked_rate(name: str, value: Any) -> float:
    """`value`, which is above 0 and below 1. Raises ValueError."""
    if isinstance(value, (int, float, np.number)) and 0.0 < value < 1.0:
        return float(value)
    raise ValueError(f"{name} = {value!r}: expected above 0 and below 1")


def columns_of(layout: dict[str, Any]) -> tuple[int, list[str] | None]:
    """How many columns a model was fitted to, and their names."""
    if layout["family"] == "table":
        names = [column["name"] for column in layout["columns"]]
        return len(names), names
    if layout["family"] == "array":
        return layout["columns"], None
    raise ValueError("a model of images: the program `residuum` scores them")
