//! `residuum setup`: what the methods that are networks need, fetched as far as it can be.

use libtorch_fetch::{check, cpu_folder, fetch_cpu};

use crate::args;
use crate::failure::{Failure, exit};
use crate::networks::{BUILD, does_not_find, file, lacks_libtorch, libraries};
use crate::output::{columns, print};

/// Fetches libtorch where it is missing, prints what is there, and fails where something still is missing.
pub(crate) fn run(args: &args::Setup) -> Result<(), Failure> {
    let cache = files::cache_folder().ok_or_else(|| {
        Failure::new(exit::MISSING, "no cache folder: HOME is not set")
            .hint("set RESIDUUM_CACHE to a folder")
    })?;
    let folder = cpu_folder(&cache);
    let program = file();
    let is_wanted = match &program {
        Ok(program) => lacks_libtorch(&libraries(program).missing),
        Err(_) => check(&folder).is_err(),
    };
    if is_wanted && !args.check {
        fetch_cpu(&cache)?;
    }
    let loaded = program.as_ref().map(|program| libraries(program));
    let loaded = loaded.unwrap_or_default();
    let mut found = loaded.found.iter();
    let libtorch = match found.find(|(name, _)| name == "libtorch_cpu.so") {
        Some((_, file)) => file.clone(),
        None => match check(&folder) {
            Ok(version) => format!("{version} in {}", folder.display()),
            Err(why) => format!("missing: {}: {why}", folder.display()),
        },
    };
    let networks = match &program {
        Ok(program) => program.display().to_string(),
        Err(why) => format!("missing: {why}"),
    };
    let line = |name: &str, what: String| vec![name.to_owned(), what];
    print(&columns(&[
        line("libtorch", libtorch),
        line("residuum-networks", networks),
    ]));
    match program {
        Err(why) => {
            let message = format!("methods that are networks cannot run: {why}");
            Err(Failure::new(exit::MISSING, message).hint(BUILD))
        }
        Ok(program) if !loaded.missing.is_empty() => Err(does_not_find(&program, &loaded.missing)),
        Ok(_) => Ok(()),
    }
}
