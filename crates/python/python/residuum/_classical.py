"""Classical detectors under the names that PyOD gave them, with its defaults; `residuum.pyod` has its signs too."""

from __future__ import annotations

from ._classes import Method

class COPOD(Method):
    """Copula-based outlier detection: rows far in the tails of many columns are anomalous.

    Distribution functions count the training rows and the row that is scored, so that a row's score does not depend
    on the rows beside it. PyOD's `COPOD` counts all rows that are scored together, and its scores move with them.

    Source: Li et al., 2020, arXiv 2009.09463.

    constant_columns: "zero-skewness", or "nan-to-zero": the published artefact that makes every score 0.
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2"; it changes no order within a column.

    Shapes: `fit` takes [n, d]; scores are [m], sums of d negative logarithms.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite.
    """

    _method = "copod"
    _settings = {"constant_columns": "constant-columns", "scaling": "rows"}

    def __init__(
        self, *, constant_columns: str = "zero-skewness", fpr: float = 0.01, scaling: str = "raw"
    ) -> None:
        self.constant_columns = constant_columns
        self.fpr = fpr
        self.scaling = scaling


class ECOD(Method):
    """Empirical cumulative outlier detection: rows far in either tail of many columns are anomalous.

    Distribution functions count the training rows and the row that is scored, so that a row's score does not depend
    on the rows beside it. PyOD's `ECOD` counts all rows that are scored together, and its scores move with them.

    Source: Li et al., 2022, arXiv 2201.00382.

    constant_columns: "zero-skewness", or "nan-to-zero": the published artefact that makes every score 0.
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2"; it changes no order within a column.

    Shapes: `fit` takes [n, d]; scores are [m], sums of d negative logarithms.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite.
    """

    _method = "ecod"
    _settings = {"constant_columns": "constant-columns", "scaling": "rows"}

    def __init__(
        self, *, constant_columns: str = "zero-skewness", fpr: float = 0.01, scaling: str = "raw"
    ) -> None:
        self.constant_columns = constant_columns
        self.fpr = fpr
        self.scaling = scaling


class HBOS(Method):
    """Histogram-based outlier score: rows in thin bins of many columns are anomalous.

    A value on an edge is scored by the bin that it is counted in; PyOD takes the bin below, which
    `on_edge="published"` does too.

    Source: Goldstein and Dengel, 2012, "Histogram-based outlier score (HBOS)".

    n_bins: bins of each column, or "auto" for a number that the column decides (Birgé and Rozenholc, 2006).
    alpha: added to a density before its logarithm, in (0, 1).
    tol: widths of a bin beyond the training range that still count as the outermost bin, in (0, 1).
    on_edge: "same-bin" or "published".
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2".

    Shapes: `fit` takes [n, d]; scores are [m], sums of d negative logarithms to base 2.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite.
    """

    _method = "hbos"
    _settings = {"n_bins": "bins", "alpha": "alpha", "tol": "tolerance", "on_edge": "on-edge", "scaling": "rows"}

    def __init__(
        self,
        *,
        n_bins: int | str = 10,
        alpha: float = 0.1,
        tol: float = 0.5,
        on_edge: str = "same-bin",
        fpr: float = 0.01,
        scaling: str = "raw",
    ) -> None:
        self.n_bins = n_bins
        self.alpha = alpha
        self.tol = tol
        self.on_edge = on_edge
        self.fpr = fpr
        self.scaling = scaling


class KNN(Method):
    """Distance to the nearest training rows: rows far from all others are anomalous.

    A training row that is scored has itself for a neighbour.

    Source: Ramaswamy, Rastogi and Shim, 2000, "Efficient algorithms for mining outliers from large data sets", SIGMOD.

    n_neighbors: nearest training rows, all where there are fewer.
    method: "largest", "mean" or "median" of their distances, or "mean-of-squares".
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2".

    Shapes: `fit` takes [n, d]; scores are [m], Euclidean distances in the unit of the scaled columns.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite.
    """

    _method = "knn"
    _settings = {"n_neighbors": "neighbours", "method": "score", "scaling": "rows"}

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        method: str = "largest",
        fpr: float = 0.01,
        scaling: str = "raw",
    ) -> None:
        self.n_neighbors = n_neighbors
        self.method = method
        self.fpr = fpr
        self.scaling = scaling


class FeatureBagging(Method):
    """Feature bagging: the mean of the local outlier factors in random sets of columns.

    The sets are those of PyOD 3.6 with the same `random_state`.

    Source: Lazarevic and Kumar, 2005, "Feature bagging for outlier detection", KDD.

    n_estimators: sets of columns, 1 to 10,000.
    n_neighbors: nearest training rows of each factor.
    random_state: a whole number from 0 below 2**32; None is 0.
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2".

    Shapes: `fit` takes [n, d], n at least 2; scores are [m], ratios of densities, about 1 for normal rows.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite, and for a single row.
    """

    _method = "feature-bagging"
    _settings = {"n_estimators": "estimators", "n_neighbors": "neighbours", "scaling": "rows"}

    def __init__(
        self,
        *,
        n_estimators: int = 10,
        n_neighbors: int = 20,
        random_state: int | None = None,
        fpr: float = 0.01,
        scaling: str = "raw",
    ) -> None:
        self.n_estimators = n_estimators
        self.n_neighbors = n_neighbors
        self.random_state = random_state
        self.fpr = fpr
        self.scaling = scaling


class PCA(Method):
    """Principal components: rows far out along directions of little variance are anomalous.

    Columns are standardised before, as PyOD's `PCA` does. Directions in which the training rows do not vary count as
    orthogonal to a row; PyOD divides by what rounding left of their variance.

    Source: Shyu, Chen, Sarinnapakorn and Chang, 2003, "A novel anomaly detection scheme based on principal component
    classifier".

    method: "weighted", distances to the directions over their shares of the variance, as in PyOD; "reconstruction",
        what the first directions leave of the row.
    variance_share: for the reconstruction: the share of the variance that the kept directions have at least.
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2".

    Shapes: `fit` takes [n, d]; scores are [m], weighted distances of scaled rows, or squared ones for the
    reconstruction.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite.
    """

    _method = "pca"
    _settings = {"method": "score", "variance_share": "variance-share", "scaling": "rows"}

    def __init__(
        self,
        *,
        method: str = "weighted",
        variance_share: float = 0.95,
        fpr: float = 0.01,
        scaling: str = "standard",
    ) -> None:
        self.method = method
        self.variance_share = variance_share
        self.fpr = fpr
        self.scaling = scaling


class MCD(Method):
    """Minimum covariance determinant: Mahalanobis distances by a robust mean and covariance.

    Random subsets are those of scikit-learn 1.9 with the same `random_state`. Made for a hundred columns.

    Source: Rousseeuw and Van Driessen, 1999, "A fast algorithm for the minimum covariance determinant estimator",
    Technometrics 41.

    random_state: a whole number from 0 below 2**32; None is 0.
    fpr: the share of the training rows beyond `offset_` until `calibrate` sets it.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2".

    Shapes: `fit` takes [n, d]; scores are [m], squared distances without a unit.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite, for a
    single row, for more than 1000 columns, and where more than half of the rows are equal.
    """

    _method = "mcd"
    _settings = {"scaling": "rows"}

    def __init__(
        self, *, random_state: int | None = None, fpr: float = 0.01, scaling: str = "raw"
    ) -> None:
        self.random_state = random_state
        self.fpr = fpr
        self.scaling = scaling
