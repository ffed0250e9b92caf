use datasets::Protocol;

use crate::failure::{Failure, exit};

/// Parses a protocol's name.
pub(crate) fn protocol(name: &str) -> Result<Protocol, Failure> {
    name.parse::<Protocol>().map_err(|_| {
        let known: Vec<String> = Protocol::all().iter().map(ToString::to_string).collect();
        Failure::new(exit::USAGE, format!("unknown protocol `{name}`"))
            .hint(format!("protocols are {}", known.join(", ")))
    })
}
