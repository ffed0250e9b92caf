#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod batch;
mod estimates;
mod executor;
mod failed;
mod failure;
mod glob;
mod interrupt;
mod ledger;
mod local;
mod options;
mod plan;
mod profile;
mod program;
mod progress;
mod queue;
mod run;

pub use executor::{Ending, Event, Executor, Exit};
pub use failure::{Failure, code};
pub use interrupt::{Asked, Interrupt};
pub use ledger::{Ledger, Status};
pub use local::Local;
pub use options::{Options, Outcome};
pub use plan::{Dataset, Job, Method, Plan, Sets, except, narrow, plan, tables};
pub use profile::Profile;
pub use program::Program;
pub use progress::human;
pub use run::run;
