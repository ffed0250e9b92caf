//! Classical anomaly detectors: isolation forest, one-class SVM, COPOD, norm.
