//! Collects the cells of a run and renders its tables.
