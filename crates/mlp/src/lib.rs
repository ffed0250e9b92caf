//! Residual MLP denoisers for embeddings and tables.
