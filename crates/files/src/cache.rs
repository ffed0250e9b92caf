use std::env;
use std::path::PathBuf;

/// Where what is downloaded or made once is kept: `$RESIDUUM_CACHE`, else `residuum` in the user's cache
/// folder; `None` where the user has none. That folder is `$LOCALAPPDATA` on Windows, `~/Library/Caches` on
/// macOS, and elsewhere `$XDG_CACHE_HOME` or `~/.cache`.
pub fn cache_folder() -> Option<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(cache) = set("RESIDUUM_CACHE") {
        return Some(cache);
    }
    let user = if cfg!(windows) {
        set("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library/Caches"))
    } else {
        set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))
    };
    user.map(|user| user.join("residuum"))
}
