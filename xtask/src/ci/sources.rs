//! The Rust sources of a crate, as far as the rules over them need: modules, and the paths they name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Per file of a crate, named by its path in `src`, the files whose items it names outside of tests.
///
/// Paths from `crate`, `self`, `super` and from a child module count, in `use` and elsewhere. A name that a
/// module only re-exports is one of the file that it comes from, and a re-export alone is not an import. What
/// macros make is not seen, nor what a glob brings.
pub(super) fn imports(src: &Path) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut files = BTreeMap::new();
    collect(src, src, &mut files)?;
    Ok(imports_of(&files))
}

fn collect(src: &Path, folder: &Path, files: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            // Programs of their own.
            if name != "bin" {
                collect(src, &path, files)?;
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let name = path.strip_prefix(src)?.to_string_lossy().replace('\\', "/");
            files.insert(name, std::fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// As [`imports`], of files and their texts.
fn imports_of(files: &BTreeMap<String, String>) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeMap<Vec<String>, Module> = files
        .iter()
        .map(|(file, text)| (module_of(file), Module::read(file, text)))
        .collect();
    let mut found = BTreeMap::new();
    for (here, module) in &modules {
        let mut targets = BTreeSet::new();
        for path in &module.paths {
            targets.extend(resolve(&modules, here, path, 0));
        }
        targets.remove(&module.file);
        found.insert(module.file.clone(), targets);
    }
    found
}

/// Groups of files that import one another in a circle, each sorted.
pub(super) fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reached = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(file) = open.pop() {
            for next in imports.get(file).into_iter().flatten() {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        imports.keys().map(|file| (file, reached(file))).collect();
    let both = |a: &String, b: &String| reached[a].contains(b) && reached[b].contains(a);
    let mut found: Vec<Vec<String>> = Vec::new();
    for file in imports.keys().filter(|file| both(file, file)) {
        match found.iter_mut().find(|group| both(&group[0], file)) {
            Some(group) => group.push(file.clone()),
            None => found.push(vec![file.clone()]),
        }
    }
    found
}

/// `a/b.rs` and `a/b/mod.rs` are the module `a::b`; `lib.rs` and `main.rs` the root.
fn module_of(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let mut parts: Vec<String> = stem.split('/').map(String::from).collect();
    let root = parts.len() == 1 && (stem == "lib" || stem == "main");
    if root || parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

struct Module {
    file: String,
    /// What is named, but for re-exports.
    paths: Vec<Vec<String>>,
    /// What names stand for that are imported or re-exported here.
    names: BTreeMap<String, Vec<String>>,
}

impl Module {
    fn read(file: &str, text: &str) -> Self {
        let tokens = without_tests(&tokens(text));
        let mut module = Self {
            file: file.to_owned(),
            paths: Vec::new(),
            names: BTreeMap::new(),
        };
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at] == "use" {
                let end = (at..tokens.len()).find(|&i| tokens[i] == ";");
                let end = end.unwrap_or(tokens.len());
                // `pub`, or `pub(crate)` and its like, before it.
                let public = at > 0 && (tokens[at - 1] == "pub" || tokens[at - 1] == ")");
                module.read_use(&tokens[at + 1..end], public);
                at = end;
            } else if let Some(length) = path_length(&tokens[at..])
                && (at == 0 || !["::", "."].contains(&tokens[at - 1].as_str()))
            {
                let path = tokens[at..at + length].iter().filter(|t| *t != "::");
                module.paths.push(path.cloned().collect());
                at += length;
            } else {
                at += 1;
            }
        }
        module
    }

    fn read_use(&mut self, tokens: &[String], public: bool) {
        let mut leaves = Vec::new();
        leaves_of(tokens, &mut 0, &mut Vec::new(), &mut leaves);
        for (path, name) in leaves {
            if !public {
                self.paths.push(path.clone());
            }
            self.names.insert(name, path);
        }
    }
}

/// The leaves of a tree of `use`: each path with the name that it gets here.
fn leaves_of(
    tokens: &[String],
    at: &mut usize,
    prefix: &mut Vec<String>,
    leaves: &mut Vec<(Vec<String>, String)>,
) {
    let depth = prefix.len();
    while *at < tokens.len() {
        let token = tokens[*at].as_str();
        *at += 1;
        match token {
            "{" => leaves_of(tokens, at, prefix, leaves),
            "," | "}" => {
                prefix.truncate(depth);
                if token == "}" {
                    return;
                }
            }
            "::" => {}
            name => {
                if name != "self" || prefix.is_empty() {
                    prefix.push(name.to_owned());
                }
                let next = tokens.get(*at).map(String::as_str);
                if next == Some("as") {
                    let alias = tokens.get(*at + 1).cloned().unwrap_or_default();
                    leaves.push((prefix.clone(), alias));
                    *at += 2;
                } else if next != Some("::") {
                    let name = prefix.last().cloned().unwrap_or_default();
                    leaves.push((prefix.clone(), name));
                }
            }
        }
    }
    prefix.truncate(depth);
}

/// How many tokens of a path with at least one `::` stand here.
fn path_length(tokens: &[String]) -> Option<usize> {
    let is_name = |i: usize| {
        let first = tokens.get(i).and_then(|token| token.chars().next());
        first.is_some_and(|c| c.is_alphabetic() || c == '_')
    };
    if !is_name(0) {
        return None;
    }
    let mut length = 1;
    while tokens.get(length).is_some_and(|t| t == "::") && is_name(length + 1) {
        length += 2;
    }
    (length > 1).then_some(length)
}

/// The file that holds what `path` names, seen from the module `here`; `None` for other crates.
fn resolve(
    modules: &BTreeMap<Vec<String>, Module>,
    here: &[String],
    path: &[String],
    depth: usize,
) -> Option<String> {
    // A re-export of itself would go round for ever.
    if depth > 8 {
        return None;
    }
    let mut place = here.to_vec();
    let mut rest = path;
    match rest.first()?.as_str() {
        "crate" => {
            place.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|part| part == "super") {
                place.pop()?;
                rest = &rest[1..];
            }
        }
        child => {
            let mut below = place.clone();
            below.push(child.to_owned());
            if !modules.contains_key(&below) {
                return None;
            }
        }
    }
    while let Some(next) = rest.first() {
        place.push(next.clone());
        if modules.contains_key(&place) {
            rest = &rest[1..];
        } else {
            place.pop();
            break;
        }
    }
    let module = modules.get(&place)?;
    if let Some(path) = rest.first().and_then(|name| module.names.get(name))
        && let Some(file) = resolve(modules, &place, path, depth + 1)
    {
        return Some(file);
    }
    Some(module.file.clone())
}

/// Names, `::` and single signs; comments, strings and characters are left out.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let here = chars[at];
        let next = chars.get(at + 1).copied().unwrap_or('\n');
        if here == '/' && next == '/' {
            at = (at..chars.len())
                .find(|&i| chars[i] == '\n')
                .unwrap_or(chars.len());
        } else if here == '/' && next == '*' {
            let close = (at + 2..chars.len()).find(|&i| chars[i - 1] == '*' && chars[i] == '/');
            at = close.map_or(chars.len(), |i| i + 1);
        } else if let Some(end) = raw_string(&chars, at) {
            at = end;
        } else if here == '"' {
            at = end_of_quote(&chars, at, '"');
        } else if here == '\'' {
            // A character, or a lifetime.
            let is_character = next == '\\' || chars.get(at + 2) == Some(&'\'');
            at = if is_character {
                end_of_quote(&chars, at, '\'')
            } else {
                at + 1
            };
        } else if is_name(here) {
            let end = (at..chars.len())
                .find(|&i| !is_name(chars[i]))
                .unwrap_or(chars.len());
            tokens.push(chars[at..end].iter().collect());
            at = end;
        } else if here == ':' && next == ':' {
            tokens.push("::".to_owned());
            at += 2;
        } else {
            if !here.is_whitespace() {
                tokens.push(here.to_string());
            }
            at += 1;
        }
    }
    tokens
}

fn end_of_quote(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The end of a raw string that starts here.
fn raw_string(chars: &[char], start: usize) -> Option<usize> {
    let before = start.checked_sub(1).map(|i| chars[i]);
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let mut at = start + usize::from(chars[start] == 'b');
    if chars.get(at) != Some(&'r') {
        return None;
    }
    at += 1;
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + hashes) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"').chain(vec!['#'; hashes]).collect();
    let from = at + hashes + 1;
    let end = (from..chars.len()).find(|&i| chars[i..].starts_with(&close));
    Some(end.map_or(chars.len(), |i| i + close.len()))
}

/// Without the items that are compiled for tests alone.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].iter().take(7).map(String::as_str).eq(MARK) {
            at = end_of_item(tokens, at + 7);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Behind the `;` or the closing brace of the item that starts here.
fn end_of_item(tokens: &[String], start: usize) -> usize {
    let is_use = (start..tokens.len())
        .map(|i| tokens[i].as_str())
        .find(|token| ["use", "{", ";"].contains(token))
        == Some("use");
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if depth == 0 && !is_use {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(files: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<String>> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        imports_of(&files.iter().map(owned).collect())
    }

    fn of<'a>(found: &'a BTreeMap<String, BTreeSet<String>>, file: &str) -> Vec<&'a str> {
        found[file].iter().map(String::as_str).collect()
    }

    #[test]
    fn paths_and_re_exports_lead_to_the_file_that_holds_the_item() {
        let found = made(&[
            (
                "lib.rs",
                "mod a; mod b; pub use a::{A, deep::Deep as Under}; const TOP: u8 = 1;",
            ),
            (
                "a.rs",
                "mod deep; pub(crate) use self::deep::Deep; pub struct A;",
            ),
            ("a/deep.rs", "use super::super::b; pub struct Deep;"),
            (
                "b.rs",
                "use crate::{Under, TOP}; use std::fmt; fn f() { crate::a::Deep; }",
            ),
            ("c/mod.rs", "use crate::A; fn f() { d::g(); x.a::b; }"),
            ("c/d.rs", "fn g() { super::h(); }"),
        ]);
        assert_eq!(of(&found, "lib.rs"), [""; 0], "re-exports are not imports");
        assert_eq!(of(&found, "a.rs"), [""; 0]);
        assert_eq!(of(&found, "a/deep.rs"), ["b.rs"]);
        assert_eq!(of(&found, "b.rs"), ["a/deep.rs", "lib.rs"]);
        assert_eq!(of(&found, "c/mod.rs"), ["a.rs", "c/d.rs"]);
        assert_eq!(
            circles(&found),
            [vec!["a/deep.rs", "b.rs"], vec!["c/d.rs", "c/mod.rs"]]
        );
    }

    #[test]
    fn comments_strings_and_tests_do_not_count() {
        let found = made(&[
            ("main.rs", "mod a; mod b; fn main() { a::run(); }"),
            (
                "a.rs",
                "// use crate::b::B;\n/* crate::b::B */ const T: &str = \"crate::b::B\";\n\
                 const R: &str = r#\"crate::b::\"B\"#; const C: char = '\"'; fn f<'a>(x: &'a u8) {}\n\
                 #[cfg(test)]\nuse crate::b::{B, C};\n#[cfg(test)]\nmod tests { use crate::b::B; fn f() {} }",
            ),
            (
                "b.rs",
                "#[cfg(test)]\nfn g() { crate::a::run(); }\nfn f() { crate::a::run(); }",
            ),
        ]);
        assert_eq!(of(&found, "a.rs"), [""; 0]);
        assert_eq!(of(&found, "b.rs"), ["a.rs"]);
        assert_eq!(of(&found, "main.rs"), ["a.rs"]);
        assert_eq!(circles(&found), Vec::<Vec<String>>::new());
    }

    #[test]
    fn larger_circles_are_one_group() {
        let found = made(&[
            ("lib.rs", ""),
            ("a.rs", "use crate::b::y;"),
            ("b.rs", "use crate::c::{self, z};"),
            ("c.rs", "use super::a::w as v;"),
            ("d.rs", "use crate::a::w;"),
        ]);
        assert_eq!(circles(&found), [["a.rs", "b.rs", "c.rs"]]);
    }
}
