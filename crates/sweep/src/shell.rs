/// A word as a POSIX shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gives_the_word_back() {
        for word in [
            "a",
            "",
            "a b",
            "it's",
            "$HOME `x` \"y\" \\ *",
            "a\nb",
            "Ä=%",
        ] {
            let script = format!("printf '<%s>' {}", quoted(word));
            let out = std::process::Command::new("sh")
                .args(["-c", &script])
                .output();
            let out = String::from_utf8(out.unwrap().stdout).unwrap();
            assert_eq!(out, format!("<{word}>"));
        }
    }
}
