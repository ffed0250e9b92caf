//! The compiled half of the Python package `residuum`: the façade of the crate `residuum` as Python objects.

mod arrow;
mod data;
mod error;
mod measures;
mod methods;
mod model;
mod options;
mod work;

use pyo3::prelude::*;

/// Detectors, their data and metrics; the package `residuum` gives them scikit-learn's conventions.
#[pymodule]
mod _residuum {
    #[pymodule_export]
    use crate::data::Columns;
    #[pymodule_export]
    use crate::measures::{
        aupro, auroc, auroc_difference, auroc_interval, average_precision, fpr_at_tpr, nemenyi,
        wilcoxon, wilcoxon_holm,
    };
    #[pymodule_export]
    use crate::methods::{methods, set_threads};
    #[pymodule_export]
    use crate::model::Model;

    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
