//! pip for a download of ours: nothing is installed, so what the user has set for installing does not
//! concern it. Only how the index is reached does.

use std::process::Command;

/// What stays of `PIP_*`: which index, and the way to it.
const KEPT: [&str; 17] = [
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_CONFIG_FILE",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_KEYRING_PROVIDER",
    "PIP_NO_INDEX",
    "PIP_PROXY",
    "PIP_PYPI_URL",
    "PIP_RESUME_RETRIES",
    "PIP_RETRIES",
    "PIP_TIMEOUT",
    "PIP_TRUSTED_HOST",
    "PIP_USE_DEPRECATED",
    "PIP_USE_FEATURE",
];

/// What a file of pip's settings may hold too; the environment wins over it.
const OFF: [(&str, &str); 5] = [
    ("PIP_REQUIRE_VIRTUALENV", "0"),
    ("PIP_REQUIRE_HASHES", "0"),
    ("PIP_PRE", "0"),
    ("PIP_QUIET", "0"),
    ("PIP_VERBOSE", "0"),
];

/// The commands that may be pip, in the order they are tried; `RESIDUUM_PIP` names the only one. `-I` keeps
/// Python from modules of the user's, of `PYTHONPATH` and of the current folder; without it a pip is found
/// that is installed for the user alone.
pub fn candidates() -> Vec<Vec<String>> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    match std::env::var("RESIDUUM_PIP") {
        Ok(given) if !given.is_empty() => vec![vec![given]],
        _ => ["python3 -I -m pip", "python3 -m pip", "pip3", "pip"]
            .map(words)
            .into(),
    }
}

/// A command of pip's with what it may know of the user's settings.
pub fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let upper = text.to_ascii_uppercase();
        if upper.starts_with("PYTHON") || (upper.starts_with("PIP_") && !KEPT.contains(&&*upper)) {
            command.env_remove(&name);
        }
    }
    // Nor from the current folder, where Python is new enough to know this.
    command.env("PYTHONSAFEPATH", "1").envs(OFF);
    command
}

/// Why a download by pip ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The index was not reached or broke off: trying again may help.
    Network,
    /// No such file was found, as it also is where the index was not reached and pip does not say so.
    NotFound,
    /// pip would not do it, or could not for another reason.
    Refused,
}

/// The words of pip and its parts on a network that fails.
const NETWORK: [&str; 15] = [
    "Retrying (Retry(",
    "Max retries exceeded",
    "onnection error",
    "onnection broken",
    "onnection reset",
    "onnection refused",
    "ConnectionError",
    "ReadTimeout",
    "timed out",
    "IncompleteRead",
    "ProtocolError",
    "Temporary failure in name resolution",
    "HTTP error 5",
    "HTTP error 429",
    "incomplete-download",
];

/// Its words where nothing was found.
const NOT_FOUND: [&str; 2] = [
    "No matching distribution found",
    "Could not find a version that satisfies",
];

/// The cause, and the line that says it, from what pip wrote to standard error.
pub fn cause(said: &str) -> (Cause, Option<String>) {
    let has = |line: &str, words: &[&str]| words.iter().any(|word| line.contains(word));
    let last = |is: &dyn Fn(&str) -> bool| {
        let lines = said.lines().map(str::trim);
        let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with("[notice]"));
        lines.rfind(|line| is(line)).map(str::to_owned)
    };
    if let Some(line) = last(&|line| has(line, &NETWORK)) {
        return (Cause::Network, Some(line));
    }
    let refused = |line: &str| line.starts_with("ERROR:") && !has(line, &NOT_FOUND);
    if let Some(line) = last(&refused) {
        return (Cause::Refused, Some(line));
    }
    match last(&|line| has(line, &NOT_FOUND)) {
        Some(line) => (Cause::NotFound, Some(line)),
        None => (Cause::Refused, last(&|_| true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_in_what_pip_says() {
        let none = "ERROR: Could not find a version that satisfies the requirement w==1 (from versions: none)\n\
                    ERROR: No matching distribution found for w==1\n";
        // pip 23.2, whose settings name an index that does not answer.
        let retrying =
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n";
        assert_eq!(cause(&format!("{retrying}{none}")).0, Cause::Network);
        let (what, line) = cause(none);
        assert_eq!(what, Cause::NotFound);
        assert_eq!(
            line.unwrap(),
            "ERROR: No matching distribution found for w==1"
        );
        let venv =
            "ERROR: Could not find an activated virtualenv (required).\n\n[notice] A new release\n";
        let (what, line) = cause(venv);
        assert_eq!(what, Cause::Refused);
        assert_eq!(
            line.unwrap(),
            "ERROR: Could not find an activated virtualenv (required)."
        );
        assert_eq!(cause("no such option: --resume-retries").0, Cause::Refused);
        assert_eq!(cause(""), (Cause::Refused, None));
    }

    #[test]
    fn only_the_way_to_the_index_is_passed_on() {
        let command = command(&["pip".to_owned()]);
        let set = |name: &str| {
            let mut envs = command.get_envs();
            envs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        assert_eq!(set("PIP_REQUIRE_VIRTUALENV").unwrap().unwrap(), "0");
        assert_eq!(set("PIP_INDEX_URL"), None, "as it is");
    }
}
