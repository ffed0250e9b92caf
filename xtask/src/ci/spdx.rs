//! SPDX licence expressions, as far as `Cargo.toml` files use them.
//!
//! `expression = term {OR term}`, `term = factor {AND factor}`, `factor = "(" expression ")" |
//! licence [WITH exception]`; `/` is the old spelling of OR.

/// Whether the expression can be satisfied by licences that `allowed` accepts; `allowed` sees the
/// licence together with its exception, as in `Apache-2.0 WITH LLVM-exception`.
///
/// # Errors
/// Where it is not an expression, with the token that is out of place.
pub(super) fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser {
        tokens: &tokens,
        allowed,
    };
    let value = parser.any()?;
    match parser.tokens.first() {
        None => Ok(value),
        Some(token) => Err(format!("unexpected {token:?} in licence {expression:?}")),
    }
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<bool, String> {
        let mut value = self.all()?;
        while self.eat("OR") {
            value |= self.all()?;
        }
        Ok(value)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut value = self.one()?;
        while self.eat("AND") {
            value &= self.one()?;
        }
        Ok(value)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.eat("(") {
            let value = self.any()?;
            return if self.eat(")") {
                Ok(value)
            } else {
                Err("a ( is never closed".into())
            };
        }
        let licence = self.name()?;
        if self.eat("WITH") {
            let exception = self.name()?;
            return Ok((self.allowed)(&format!("{licence} WITH {exception}")));
        }
        Ok((self.allowed)(licence))
    }

    fn name(&mut self) -> Result<&'a str, String> {
        match self.tokens.split_first() {
            Some((&token, rest)) if !["OR", "AND", "WITH", "(", ")"].contains(&token) => {
                self.tokens = rest;
                Ok(token)
            }
            Some((token, _)) => Err(format!("{token:?} where a licence should be")),
            None => Err("it ends where a licence should be".into()),
        }
    }

    fn eat(&mut self, token: &str) -> bool {
        let hit = self.tokens.first() == Some(&token);
        if hit {
            self.tokens = &self.tokens[1..];
        }
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn and_binds_tighter_than_or() {
        let allowed =
            |name: &str| ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].contains(&name);
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("MIT/GPL-3.0", true),
            ("GPL-3.0 AND MIT", false),
            ("MIT OR GPL-3.0 AND BSD-3-Clause", true),
            ("(MIT OR GPL-3.0) AND BSD-3-Clause", false),
            ("(MIT OR Apache-2.0) AND (Apache-2.0)", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH LLVM-exception", false),
            ("GPL-2.0 OR (GPL-3.0 OR MIT)", true),
        ] {
            assert_eq!(
                satisfied(expression, &allowed),
                Ok(expected),
                "{expression}"
            );
        }
    }

    #[test]
    fn malformed_expressions_are_errors() {
        for expression in [
            "",
            "MIT OR",
            "(MIT",
            "MIT)",
            "MIT Apache-2.0",
            "AND MIT",
            "MIT WITH",
        ] {
            assert!(satisfied(expression, &|_| true).is_err(), "{expression}");
        }
    }
}
