use std::fmt;
use std::path::{MAIN_SEPARATOR, Path};
use std::str::FromStr;

use crate::DatasetError;

/// Largest side that `@pixelsN` takes: a typing error must not become a full memory.
const MAX_SIDE: usize = 4096;

/// What a data set is called, in its parts: `BASE[:CLASS][@FORM][@ROWS]`.
///
/// Reading a name looks at nothing but its text: whether the catalogue knows it, or a file or a folder
/// lies there, is for [`load`](crate::load) to find out. `Display` writes the text again, numbers without
/// leading zeros.
///
/// # Example
/// ```
/// use datasets::{Form, Name, Pixels};
/// let name: Name = "photos:good@pixels64@lite0".parse()?;
/// assert_eq!((name.base.as_str(), name.class.as_deref()), ("photos", Some("good")));
/// assert_eq!(name.form, Form::Lite0(Some(Pixels { side: Some(64) })));
/// let name: Name = "10_cover@12000".parse()?;
/// assert_eq!((name.form, name.rows), (Form::Listed, Some(12_000)));
/// # Ok::<(), datasets::DatasetError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// A name of the catalogue without its form, or a path.
    pub base: String,
    /// The normal class of a folder.
    pub class: Option<String>,
    /// What is made of the samples.
    pub form: Form,
    /// How many rows are drawn; `None` takes all.
    pub rows: Option<usize>,
}

/// The representation of the samples that a [`Name`] asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// No word: as the catalogue lists the set, or as the file or the folder holds it.
    Listed,
    /// `@resnet18`: the catalogue's vectors of a ResNet-18, which it lists without a word too.
    ResNet18,
    /// `@vit`: the catalogue's vectors of a vision transformer.
    Vit,
    /// `@pixels`, `@pixels64`: images.
    Pixels(Pixels),
    /// `@lite0`, `@pixels64@lite0`: vectors that EfficientNet-Lite0 makes of images. Without a word before
    /// it, images of several sizes are resized.
    Lite0(Option<Pixels>),
}

/// Images as they are, or resized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Pixels {
    /// The shorter side becomes this long, and the middle square is cut out; `None` keeps the size.
    pub side: Option<usize>,
}

impl Name {
    /// The name of what lies at a path, whatever marks the path has in it.
    pub fn of_path(path: &str) -> Self {
        Self {
            base: path.to_owned(),
            class: None,
            form: Form::Listed,
            rows: None,
        }
    }

    /// As a user means it: what lies at `text` as a whole is not taken apart.
    ///
    /// # Errors
    /// As `from_str`.
    pub fn of(text: &str) -> Result<Self, DatasetError> {
        if Path::new(text).exists() {
            return Ok(Self::of_path(text));
        }
        text.parse()
    }

    /// Whether it says a folder, as no name of the catalogue does.
    pub fn is_path(&self) -> bool {
        let text = self.to_string();
        text.contains(MAIN_SEPARATOR) || Path::new(&text).is_absolute()
    }

    /// The same samples in another form.
    #[must_use]
    pub fn in_form(&self, form: Form) -> Self {
        Self {
            form,
            ..self.clone()
        }
    }

    /// All rows of the set.
    #[must_use]
    pub fn all_rows(&self) -> Self {
        Self {
            rows: None,
            ..self.clone()
        }
    }

    /// The images that vectors are made of; any other form as it is.
    #[must_use]
    pub fn images(&self) -> Self {
        match self.form {
            Form::Lite0(pixels) => self.in_form(Form::Pixels(pixels.unwrap_or_default())),
            _ => self.clone(),
        }
    }
}

impl FromStr for Name {
    type Err = DatasetError;

    /// # Errors
    /// [`DatasetError::UnknownWord`] for a side of images that is not a number from 1 to 4096, and for a number of
    /// rows beyond the range of the machine.
    fn from_str(text: &str) -> Result<Self, DatasetError> {
        let (rest, rows) = match word_behind(text) {
            Some((rest, digits)) if is_number(digits) => (rest, Some(rows(digits)?)),
            _ => (text, None),
        };
        let (rest, form) = match word_behind(rest) {
            Some((rest, "resnet18")) => (rest, Form::ResNet18),
            Some((rest, "vit")) => (rest, Form::Vit),
            Some((rest, "lite0")) => {
                let (rest, pixels) = pixels_behind(rest)?;
                (rest, Form::Lite0(pixels))
            }
            _ => match pixels_behind(rest)? {
                (rest, Some(pixels)) => (rest, Form::Pixels(pixels)),
                (rest, None) => (rest, Form::Listed),
            },
        };
        let (base, class) = match rest.rsplit_once(':') {
            Some((base, class)) => (base, Some(class.to_owned())),
            None => (rest, None),
        };
        Ok(Self {
            base: base.to_owned(),
            class,
            form,
            rows,
        })
    }
}

/// What stands before the last `@` and the word behind it; a word does not reach into another folder.
fn word_behind(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once('@')
        .filter(|(_, word)| !word.contains(['/', MAIN_SEPARATOR]))
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

fn rows(digits: &str) -> Result<usize, DatasetError> {
    digits.parse().map_err(|_| DatasetError::UnknownWord {
        what: "number of rows",
        found: digits.to_owned(),
        expected: format!("1 to {}", usize::MAX),
    })
}

/// What stands before `@pixels[N]`, and that; all of the text where it ends in anything else.
fn pixels_behind(text: &str) -> Result<(&str, Option<Pixels>), DatasetError> {
    let Some((rest, word)) = word_behind(text) else {
        return Ok((text, None));
    };
    let Some(digits) = word.strip_prefix("pixels") else {
        return Ok((text, None));
    };
    if digits.is_empty() {
        return Ok((rest, Some(Pixels::default())));
    }
    match digits.parse() {
        Ok(side @ 1..=MAX_SIDE) if is_number(digits) => {
            Ok((rest, Some(Pixels { side: Some(side) })))
        }
        _ => Err(DatasetError::UnknownWord {
            what: "image size",
            found: digits.to_owned(),
            expected: format!("1 to {MAX_SIDE}"),
        }),
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)?;
        if let Some(class) = &self.class {
            write!(f, ":{class}")?;
        }
        write!(f, "{}", self.form)?;
        if let Some(rows) = self.rows {
            write!(f, "@{rows}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed => Ok(()),
            Self::ResNet18 => f.write_str("@resnet18"),
            Self::Vit => f.write_str("@vit"),
            Self::Pixels(pixels) => write!(f, "{pixels}"),
            Self::Lite0(None) => f.write_str("@lite0"),
            Self::Lite0(Some(pixels)) => write!(f, "{pixels}@lite0"),
        }
    }
}

impl fmt::Display for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("@pixels")?;
        match self.side {
            Some(side) => write!(f, "{side}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (String, Option<String>, Form, Option<usize>) {
        let name: Name = text.parse().unwrap();
        assert_eq!(name.to_string(), text);
        (name.base, name.class, name.form, name.rows)
    }

    #[test]
    fn every_part_is_read() {
        let sized = |side| Pixels { side };
        let class = |class: &str| Some(class.to_owned());
        for (text, base, of_class, form, rows) in [
            ("cardio", "cardio", None, Form::Listed, None),
            ("A_1@resnet18", "A_1", None, Form::ResNet18, None),
            ("A_1@vit@100", "A_1", None, Form::Vit, Some(100)),
            ("A_1@pixels", "A_1", None, Form::Pixels(sized(None)), None),
            (
                "./d:good@pixels64",
                "./d",
                class("good"),
                Form::Pixels(sized(Some(64))),
                None,
            ),
            ("A_1@lite0", "A_1", None, Form::Lite0(None), None),
            (
                "A@pixels@lite0@9",
                "A",
                None,
                Form::Lite0(Some(sized(None))),
                Some(9),
            ),
            (
                "d:good@pixels8@lite0",
                "d",
                class("good"),
                Form::Lite0(Some(sized(Some(8)))),
                None,
            ),
            ("a@b.npz", "a@b.npz", None, Form::Listed, None),
            (
                "d@pixels9/x.npz@7",
                "d@pixels9/x.npz",
                None,
                Form::Listed,
                Some(7),
            ),
            ("a@5@6", "a@5", None, Form::Listed, Some(6)),
            ("a@lite0@vit", "a@lite0", None, Form::Vit, None),
            ("", "", None, Form::Listed, None),
            ("d:", "d", class(""), Form::Listed, None),
        ] {
            assert_eq!(
                read(text),
                (base.to_owned(), of_class, form, rows),
                "{text}"
            );
        }
        for text in [
            "a@pixels0",
            "a@pixels4097",
            "a@pixels+4@lite0",
            "a@pixelsx@3",
            "a@99999999999999999999",
        ] {
            let error = text.parse::<Name>().unwrap_err();
            assert!(
                matches!(error, DatasetError::UnknownWord { .. }),
                "{text}: {error}"
            );
        }
    }

    fn pixels() -> impl Strategy<Value = Pixels> {
        proptest::option::of(1..=MAX_SIDE).prop_map(|side| Pixels { side })
    }

    fn form() -> impl Strategy<Value = Form> {
        prop_oneof![
            Just(Form::Listed),
            Just(Form::ResNet18),
            Just(Form::Vit),
            pixels().prop_map(Form::Pixels),
            proptest::option::of(pixels()).prop_map(Form::Lite0),
        ]
    }

    proptest! {
        #[test]
        fn names_are_written_as_they_are_read(
            base in "[^@:]{0,12}", class in proptest::option::of("[^@:/]{0,6}"), form in form(),
            rows in proptest::option::of(any::<usize>()),
        ) {
            let name = Name { base, class, form, rows };
            prop_assert_eq!(name.to_string().parse::<Name>().unwrap(), name);
        }

        #[test]
        fn whatever_is_read_is_read_again(
            text in "([ab/:.]|@|@pixels|@lite0|@vit|@resnet18|[0-9]){0,9}",
        ) {
            if let Ok(name) = text.parse::<Name>() {
                prop_assert_eq!(name.to_string().parse::<Name>().unwrap(), name);
            }
        }
    }
}
