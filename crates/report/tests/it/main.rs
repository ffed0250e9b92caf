//! One test program: linking polars once is enough.

mod common;

mod files;
mod page;
mod tables;
