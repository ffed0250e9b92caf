//! Ranking metrics for anomaly scores: AUROC, average precision, F1 at k, FPR at 95 % TPR, partial AUC.
