use std::fmt;

/// What was found out about a file, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// What the file was taken for: ``CSV: delimiter `;`, decimal comma, header, Windows-1252, CRLF``.
    pub taken: String,
    /// What is odd and may not be meant, one sentence each.
    pub odd: Vec<String>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.taken)?;
        for sentence in &self.odd {
            write!(f, "; {sentence}")?;
        }
        Ok(())
    }
}
