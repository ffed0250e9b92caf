//! How sure a figure is, and whether methods differ: intervals and tests.
//!
//! | question | function |
//! | --- | --- |
//! | How far may this AUROC be off, from the rows alone? | [`auroc_interval`], [`bootstrap_interval`], [`newcombe_interval`] |
//! | How far may a share of rows be off? | [`wilson_interval`] |
//! | Do two scorings of the same rows differ? | [`auroc_difference`] |
//! | What do several seeds say? | [`mean`], [`standard_deviation`], [`t_interval`] |
//! | Do two methods differ over many data sets? | [`wilcoxon_exact`], [`wilcoxon_normal`] |
//! | Do any of several methods differ? | [`friedman`] |
//! | Which of them? | [`nemenyi`], [`wilcoxon_holm`] |
//!
//! Data sets that are slices of one collection are not independent: [`family_means`] makes one row of
//! each family first.
//!
//! Tables are `[n, k]`: a row for each data set, a column for each method, higher is better. What is
//! undefined is a [`StatisticsError`], never NaN.

mod bootstrap;
mod cliques;
mod critical_difference;
mod delong;
mod error;
mod families;
mod friedman;
mod holm;
mod interval;
mod newcombe;
mod seeds;
mod studentized_range;
mod wilcoxon;
mod wilson;

pub use bootstrap::{Bootstrap, bootstrap_interval};
pub use critical_difference::{MethodPair, Nemenyi, WilcoxonHolm, nemenyi, wilcoxon_holm};
pub use delong::{AurocDifference, auroc_difference, auroc_interval, auroc_standard_error};
pub use error::StatisticsError;
pub use families::{FamilyMeans, family_means};
pub use friedman::{Friedman, ImanDavenport, friedman, mean_ranks};
pub use holm::holm;
pub use interval::Interval;
pub use newcombe::newcombe_interval;
pub use seeds::{mean, standard_deviation, t_interval};
pub use studentized_range::{studentized_range_cdf, studentized_range_quantile};
pub use wilcoxon::{Wilcoxon, Zeros, wilcoxon_exact, wilcoxon_normal};
pub use wilson::wilson_interval;
