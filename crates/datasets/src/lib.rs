//! Known data sets, their loaders, splits, scalers and audit.
