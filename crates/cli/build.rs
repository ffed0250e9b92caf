//! Makes the program small: functions that are alike are one, and symbols are left out.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Where the toolchain links with its own lld, which folds functions.
    if std::env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all,-s");
    }
}
