use crate::config::Config;
use crate::data::{Missing, Roles};
use crate::method::Method;
use crate::model::row_kind::RowKind;
use crate::runtime::Runtime;

/// How a model is fitted.
#[derive(Debug, Clone)]
pub struct FitOptions<'a> {
    /// The methods there are: [`methods`](crate::methods), or those of the crate `networks`.
    pub methods: &'a [Method],
    /// The method and its settings; `None` chooses by the kind and the size of the data.
    pub method: Option<Config>,
    /// Whether rows are measurements or an embedding; `None` looks at them.
    pub kind: Option<RowKind>,
    /// What the columns of a table are to be.
    pub roles: Roles,
    /// What is done where a value is missing.
    pub missing: Missing,
    /// How rows calibrate; `None` holds one row in five out where that gives 299 or more, and takes five folds
    /// where it does not, the method needs no libtorch and no column says when rows were.
    pub calibration: Option<Calibrating>,
    /// What a threshold has to keep.
    pub target: Target,
    /// Of the division of the rows and of the method.
    pub seed: u64,
    /// What networks run on.
    pub runtime: Runtime,
}

impl<'a> FitOptions<'a> {
    /// The defaults with these methods.
    pub fn new(methods: &'a [Method]) -> Self {
        Self {
            methods,
            method: None,
            kind: None,
            roles: Roles::default(),
            missing: Missing::default(),
            calibration: None,
            target: Target::default(),
            seed: 0,
            runtime: Runtime::cpu(),
        }
    }
}

/// How rows calibrate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Calibrating {
    /// This share of the rows is held out of training.
    Share(f64),
    /// In so many folds every row is scored by a detector that has not seen it (cross-conformal); new rows are
    /// scored by all of them. What is promised is weaker, and all rows count.
    Folds(usize),
}

/// The share of normal rows that may be called anomalies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// The rate with this confidence, else on average, else the least that the calibration rows allow;
    /// what came of it stands in the model's warnings.
    AsFarAsPossible {
        /// The rate.
        rate: f64,
        /// How sure it is to hold.
        confidence: f64,
    },
    /// The rate on average over draws of the calibration rows, or an error.
    OnAverage {
        /// The rate.
        rate: f64,
    },
    /// The rate with this confidence, or an error.
    Certified {
        /// The rate.
        rate: f64,
        /// How sure it is to hold.
        confidence: f64,
    },
}

impl Default for Target {
    /// One in a hundred, with 95 % confidence where the rows suffice.
    fn default() -> Self {
        Self::AsFarAsPossible {
            rate: 0.01,
            confidence: 0.95,
        }
    }
}
