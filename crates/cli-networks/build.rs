//! Puts the libtorch that the program is linked with on its run path, wherever the target folder lies.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    let libtorch = std::env::var("LIBTORCH").unwrap_or_default();
    let library = Path::new(&libtorch).join("lib");
    let linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    if linux && library.is_absolute() {
        println!(
            "cargo::rustc-link-arg-bins=-Wl,--disable-new-dtags,-rpath,{}",
            library.display()
        );
    }
}
