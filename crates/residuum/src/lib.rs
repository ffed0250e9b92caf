//! Registry of methods and façade of Residuum.
