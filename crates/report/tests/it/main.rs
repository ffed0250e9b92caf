//! One test program: linking polars once is enough.

mod agreement;
mod averages;
mod common;

mod compare;
mod figures;
mod files;
mod lint;
mod long;
mod page;
mod tables;
