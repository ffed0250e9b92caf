//! Compiles the shim against the headers of the libtorch that torch-sys links.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=src/shim.cpp");
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let lib = std::env::var_os("DEP_TCH_LIBTORCH_LIB").map(PathBuf::from);
    let from_torch_sys = lib.as_deref().and_then(Path::parent).map(Path::to_owned);
    let from_env = std::env::var_os("LIBTORCH").map(PathBuf::from);
    let include = [from_torch_sys, from_env]
        .into_iter()
        .flatten()
        .map(|root| root.join("include"))
        .find(|include| include.join("ATen/autocast_mode.h").exists())
        .expect("libtorch's headers: set LIBTORCH to a folder with include/ and lib/");
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .opt_level(2)
        .warnings(false) // libtorch's headers are full of them
        .include(include)
        .define("_GLIBCXX_USE_CXX11_ABI", "1")
        .file("src/shim.cpp")
        .compile("tch_ext_shim");
}
