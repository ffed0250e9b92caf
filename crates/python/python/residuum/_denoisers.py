"""Detectors that measure what denoising takes away from a row, and the floor below all detectors."""

from __future__ import annotations

from typing import Any, Sequence

from ._classes import Method


class Wiener(Method):
    """Local Wiener denoiser: one denoising step in closed form around the nearest training rows.

    Leads the comparison of methods on embeddings; `Detector(method="auto")` takes it there. Columns are standardised
    before; give `scaling="l2"` for embeddings, of which only directions count.

    Source: this project. No training: the rows, their neighbours and one noise level.

    n_neighbors: numbers of nearest training rows whose mean a row is denoised towards.
    noise: noise level in units of that of the training rows.
    local_weight: in [0, 1]: weight of the comparison with training rows close by; 0 leaves it out.
    local_neighbors: training rows close by that are compared with.
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "standard", "raw", "minmax" or "l2".

    Shapes: `fit` takes [n, d], n at least 2; scores are [m], logarithms of squared distances, less those close by.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite, and for a single row.
    """

    _method = "wiener"
    _settings = {
        "n_neighbors": "neighbours",
        "noise": "noise",
        "local_weight": "local-weight",
        "local_neighbors": "local-neighbours",
        "scaling": "rows",
    }

    def __init__(
        self,
        *,
        n_neighbors: Sequence[int] = (5, 10, 20),
        noise: float = 2.0,
        local_weight: float = 0.25,
        local_neighbors: int = 20,
        fpr: float = 0.01,
        scaling: str = "standard",
    ) -> None:
        self.n_neighbors = n_neighbors
        self.noise = noise
        self.local_weight = local_weight
        self.local_neighbors = local_neighbors
        self.fpr = fpr
        self.scaling = scaling

    @classmethod
    def _params_of(cls, config: dict[str, Any], seed: int) -> dict[str, Any]:
        params = super()._params_of(config, seed)
        params["n_neighbors"] = tuple(params["n_neighbors"])
        return params


class MaskedWiener(Method):
    """Masked Wiener denoiser: each column beside its prediction by the others, around the nearest training rows.

    Three views of the rows (standardised, by ranks, by ranges) are scored apart; the sum of the logarithms of their
    p-values among the training rows is the score. For tables; views scale columns themselves.

    Source: this project. No training: the rows, their neighbours and one noise level.

    n_neighbors: numbers of nearest training rows whose mean a row is compared with.
    noise: noise level in units of that of the training rows.
    local_weight: in [0, 1]: weight of the comparison with training rows close by; 0 leaves it out.
    local_neighbors: training rows close by that are compared with.
    max_view_rows: training rows that views hold; of more they are drawn.
    random_state: None or an integer, of that draw.
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2".

    Shapes: `fit` takes [n, d], n at least 2; scores are [m], sums over the views of negative logarithms of p-values.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite, and for a single row.
    """

    _method = "masked-wiener"
    _settings = {
        "n_neighbors": "neighbours",
        "noise": "noise",
        "local_weight": "local-weight",
        "local_neighbors": "local-neighbours",
        "max_view_rows": "view-rows",
        "scaling": "rows",
    }

    def __init__(
        self,
        *,
        n_neighbors: Sequence[int] = (1, 3, 10, 30),
        noise: float = 2.0,
        local_weight: float = 0.25,
        local_neighbors: int = 20,
        max_view_rows: int = 20_000,
        random_state: int | None = None,
        fpr: float = 0.01,
        scaling: str = "raw",
    ) -> None:
        self.n_neighbors = n_neighbors
        self.noise = noise
        self.local_weight = local_weight
        self.local_neighbors = local_neighbors
        self.max_view_rows = max_view_rows
        self.random_state = random_state
        self.fpr = fpr
        self.scaling = scaling

    @classmethod
    def _params_of(cls, config: dict[str, Any], seed: int) -> dict[str, Any]:
        params = super()._params_of(config, seed)
        params["n_neighbors"] = tuple(params["n_neighbors"])
        return params


class ViewsAndPairs(Method):
    """The views of `MaskedWiener`, and how rare single values and pairs of values are.

    Leads the comparison of methods on tables; `Detector(method="auto")` takes it for up to 200,000 rows. It finds
    combinations of values that are rare although each is common. Rare values and pairs are looked for among all
    training rows.

    Source: this project. No training: the rows and ranks among them.

    weight: of single values and pairs beside the views: "repeats", the smaller of 1 and twice the mean share of
        repeated values of a column, or a number of at least 0.
    max_view_rows: training rows that views hold; of more they are drawn.
    random_state: None or an integer, of that draw.
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2".

    Shapes: `fit` takes [n, d], n at least 2; scores are [m], sums of squared negative logarithms of p-values.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite, and for a single row.
    """

    _method = "views-and-pairs"
    _settings = {"weight": "weight", "max_view_rows": "view-rows", "scaling": "rows"}

    def __init__(
        self,
        *,
        weight: str | float = "repeats",
        max_view_rows: int = 20_000,
        random_state: int | None = None,
        fpr: float = 0.01,
        scaling: str = "raw",
    ) -> None:
        self.weight = weight
        self.max_view_rows = max_view_rows
        self.random_state = random_state
        self.fpr = fpr
        self.scaling = scaling


class LinearDenoiser(Method):
    """The exact denoiser of one Gaussian in closed form: the score is what it takes away from a row.

    Source: this project; the posterior mean of a Gaussian is Wiener's filter.

    noise: noise level in units of that of the training rows.
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "standard", "raw", "minmax" or "l2".

    Shapes: `fit` takes [n, d], n at least 2; scores are [m], logarithms of squared distances.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite, and for a single row.
    """

    _method = "linear-denoiser"
    _settings = {"noise": "noise", "scaling": "rows"}

    def __init__(
        self, *, noise: float = 2.0, fpr: float = 0.01, scaling: str = "standard"
    ) -> None:
        self.noise = noise
        self.fpr = fpr
        self.scaling = scaling


class DTENonParametric(Method):
    """Diffusion time estimation without a network (DTE-NP): the diffusion time that the nearest training rows suggest.

    The published score is the most probable of `steps` times, whole numbers with many ties ("argmax"); here it is
    their mean unless asked for, which has the same order without the ties.

    Source: Livernoche et al., 2023, arXiv 2305.18593.

    steps: diffusion steps T.
    schedule: of the noise: None for the published, linear from 1e-4 to 0.01, or a dict such as {"kind": "cosine"}.
    n_neighbors: nearest training rows that are averaged.
    method: "posterior-mean", "argmax" or "distance".
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "standard", "raw", "minmax" or "l2".

    Shapes: `fit` takes [n, d]; scores are [m], in steps, or the mean distance for "distance".
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite, and for a
    schedule that cannot be built.
    """

    _method = "dte-np"
    _settings = {
        "steps": "steps",
        "schedule": "schedule",
        "n_neighbors": "neighbours",
        "method": "score",
        "scaling": "rows",
    }

    def __init__(
        self,
        *,
        steps: int = 300,
        schedule: dict[str, Any] | None = None,
        n_neighbors: int = 5,
        method: str = "posterior-mean",
        fpr: float = 0.01,
        scaling: str = "standard",
    ) -> None:
        self.steps = steps
        self.schedule = schedule
        self.n_neighbors = n_neighbors
        self.method = method
        self.fpr = fpr
        self.scaling = scaling

    def _config(self, n_rows: int) -> dict[str, Any]:
        config = super()._config(n_rows)
        if self.schedule is None:
            del config["schedule"]
        return config


class Norm(Method):
    """The squared norm of the scaled row. Nothing is learned: the floor that a detector has to beat.

    Source: this project; on standardised columns it is the squared distance to the training mean.

    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "standard", "raw", "minmax" or "l2".

    Shapes: `fit` takes [n, d]; scores are [m], squared lengths of scaled rows.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite.
    """

    _method = "norm"
    _settings = {"scaling": "rows"}

    def __init__(self, *, fpr: float = 0.01, scaling: str = "standard") -> None:
        self.fpr = fpr
        self.scaling = scaling
