"""Metrics beside scikit-learn's and SciPy's."""

import numpy as np
import pytest

from residuum import metrics


@pytest.fixture
def scored(rng):
    y = rng.random(200) < 0.3
    return y, np.round(rng.normal(size=200) + y, 1), np.round(rng.normal(size=200) + 0.5 * y, 1)


def test_curves_are_scikit_learns(scored):
    theirs = pytest.importorskip("sklearn.metrics")
    y, a, _ = scored
    assert metrics.auroc(y, a) == pytest.approx(theirs.roc_auc_score(y, a), abs=1e-12)
    assert metrics.average_precision(y, a) == pytest.approx(theirs.average_precision_score(y, a), abs=1e-12)
    fpr, tpr, _ = theirs.roc_curve(y, a, drop_intermediate=False)
    assert metrics.fpr_at_tpr(y, a, tpr=0.9) == pytest.approx(fpr[tpr >= 0.9].min())
    found = metrics.auroc_interval(y.astype(int), a)
    assert found.low < found.estimate < found.high and found.estimate == metrics.auroc(y, a)


def test_differences_of_aurocs_are_delongs(scored):
    y, a, b = scored
    found = metrics.auroc_difference(y, a, b)

    def placements(scores):
        odd, normal = scores[y], scores[~y]
        wins = (odd[:, None] > normal) + 0.5 * (odd[:, None] == normal)
        return wins.mean(axis=1), wins.mean(axis=0)

    (a1, a0), (b1, b0) = placements(a), placements(b)
    variance = np.var(a1 - b1, ddof=1) / y.sum() + np.var(a0 - b0, ddof=1) / (~y).sum()
    assert found.standard_error == pytest.approx(np.sqrt(variance), rel=1e-12)
    assert found.z == pytest.approx((a1.mean() - b1.mean()) / np.sqrt(variance), rel=1e-9)


def test_signed_ranks_are_scipys(rng):
    stats = pytest.importorskip("scipy.stats")
    a, b = rng.normal(size=12), rng.normal(size=12) + 0.5
    found = metrics.wilcoxon(a, b)
    theirs = stats.wilcoxon(a, b, method="exact")
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-12)
    assert min(found.first_higher, found.second_higher) == theirs.statistic


def test_methods_are_compared_over_data_sets(rng):
    values = rng.normal(size=(20, 3)) + [0.0, 0.1, 3.0]
    found = metrics.wilcoxon_holm(values)
    assert [found.pairs[1][:2], found.pairs[2][:2]] == [(0, 2), (1, 2)]
    assert found.pairs[1].adjusted < 0.01 and [0, 1] in found.cliques
    ranks = metrics.nemenyi(values)
    assert ranks.ranks == found.ranks and sum(ranks.ranks) == pytest.approx(6)
    # Demšar (2006): q is 2.343 for three methods at 0.05.
    assert ranks.critical_difference == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 20)), rel=1e-3)


def test_overlap_of_regions():
    masks = np.zeros((1, 8, 8), dtype=bool)
    masks[0, 1:3, 1:3] = masks[0, 5:7, 4:7] = True
    assert metrics.aupro(masks, masks.astype(float)) == pytest.approx(1.0)
    assert metrics.aupro(masks, 1.0 - masks) == pytest.approx(0.0)


def test_what_is_undefined_is_an_error():
    for y, scores in (
        ([1, 1], [0.1, 0.2]), ([0, 1], [0.1, np.nan]), ([0, 1], [0.1]), ([0, 1], [[0.1, 0.2]]),
        ([-1, 1], [0.1, 0.2]), ([], []),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            metrics.auroc(y, scores)
    with pytest.raises(ValueError, match="zeros"):
        metrics.wilcoxon([1.0, 2.0], [2.0, 3.0], zeros="none")
    with pytest.raises(ValueError):
        metrics.fpr_at_tpr([0, 1], [0.1, 0.2], tpr=1.5)
