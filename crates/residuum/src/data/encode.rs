use detector::{Input, Rows};
use ndarray::{Array2, ArrayView2, ArrayView4};

use columns::{Column, Columns};

use super::error::DataError;
use super::layout::{Encoding, Layout, NumberType, TableLayout};
use super::learn::value;
use super::missing::Missing;
use super::samples::Data;
use super::table::{missing_count, named};

/// Data as a detector takes them.
#[derive(Debug)]
pub struct Encoded<'a> {
    numbers: Numbers<'a>,
    /// Where rows were left out, the places of those that stayed.
    pub kept: Option<Vec<usize>>,
}

#[derive(Debug)]
enum Numbers<'a> {
    Rows(Array2<f32>),
    Rows64(Array2<f64>),
    View(ArrayView2<'a, f32>),
    View64(ArrayView2<'a, f64>),
    Images(ArrayView4<'a, u8>),
}

impl Encoded<'_> {
    /// To fit to or to score.
    pub fn input(&self) -> Input<'_> {
        match &self.numbers {
            Numbers::Rows(x) => Input::Rows(x.view()),
            Numbers::Rows64(x) => Input::Rows64(x.view()),
            Numbers::View(x) => Input::Rows(x.view()),
            Numbers::View64(x) => Input::Rows64(x.view()),
            Numbers::Images(x) => Input::Images(x.view()),
        }
    }
}

impl Layout {
    /// The data as numbers, in the layout of the training rows.
    ///
    /// # Errors
    /// [`DataError`] where they are of another family, width or type, or a value is missing and may not be.
    pub fn encode<'a>(&self, data: Data<'a>) -> Result<Encoded<'a>, DataError> {
        let whole = |numbers: Numbers<'a>| -> Result<Encoded<'a>, DataError> {
            Ok(Encoded {
                numbers,
                kept: None,
            })
        };
        match (self, data) {
            (Self::Table(layout), Data::Columns(table)) => layout.encode(table),
            (Self::Array { columns, .. }, Data::Rows(x)) => {
                check_rows(Rows::F32(x), *columns)?;
                whole(Numbers::View(x))
            }
            (Self::Array { columns, .. }, Data::Rows64(x)) => {
                check_rows(Rows::F64(x), *columns)?;
                whole(Numbers::View64(x))
            }
            (Self::Images { .. }, Data::Images(x)) => whole(Numbers::Images(x)),
            _ => Err(DataError::Family {
                found: data.what(),
                expected: self.what(),
            }),
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Table(_) => "a table",
            Self::Array { .. } => "an array of numbers",
            Self::Images { .. } => "images",
        }
    }
}

/// That rows have as many columns as in training, and finite numbers. Columns count from 0.
fn check_rows(x: Rows<'_>, expected: usize) -> Result<(), DataError> {
    if x.ncols() != expected {
        let found = x.ncols();
        return Err(DataError::Width { found, expected });
    }
    match x.first_not_finite() {
        None => Ok(()),
        Some((row, column, value)) => Err(DataError::NotFinite {
            name: column.to_string(),
            row,
            value,
        }),
    }
}

impl TableLayout {
    fn encode<'a>(&self, table: &Columns) -> Result<Encoded<'a>, DataError> {
        self.check(table)?;
        let columns = self.columns.iter();
        let columns = columns.map(|layout| named(table, &layout.name));
        let columns: Vec<&Column> = columns.collect::<Result<_, _>>()?;
        let kept = match self.missing {
            Missing::Error => {
                refuse_missing(&columns)?;
                None
            }
            Missing::Mean => None,
            Missing::Drop => Some(whole_rows(&columns, table.rows())),
        };
        // Rows of which nothing is missing are no reason to say which ones.
        let kept = kept.filter(|kept| kept.len() < table.rows());
        let numbers = match self.numbers {
            NumberType::Float32 => Numbers::Rows(self.fill(&columns, kept.as_deref())?),
            NumberType::Float64 => Numbers::Rows64(self.fill(&columns, kept.as_deref())?),
        };
        Ok(Encoded { numbers, kept })
    }

    fn fill<T: Narrow>(
        &self,
        columns: &[&Column],
        kept: Option<&[usize]>,
    ) -> Result<Array2<T>, DataError> {
        let rows = kept.map_or_else(|| columns.first().map_or(0, |c| c.values.len()), <[_]>::len);
        let width = self.width();
        let mut numbers = vec![T::from_wide(0.0); rows * width];
        let mut at = 0;
        for (layout, column) in self.columns.iter().zip(columns) {
            let own = layout.width();
            // The numbers of this column in each row.
            let cells = numbers.chunks_exact_mut(width.max(1));
            for (i, cells) in cells.enumerate() {
                let row = kept.map_or(i, |kept| kept[i]);
                let cells = &mut cells[at..at + own];
                let missing = column.is_missing(row);
                if layout.indicator {
                    cells[own - 1] = T::from_wide(f64::from(u8::from(missing)));
                }
                match &layout.encoding {
                    Encoding::Number { fill, .. } if missing => cells[0] = T::from_wide(*fill),
                    Encoding::Number { offset, .. } => {
                        let value = value(&column.values, row, *offset);
                        if !value.is_finite() {
                            let name = column.name.clone();
                            return Err(DataError::NotFinite { name, row, value });
                        }
                        cells[0] = T::from_wide(value);
                    }
                    Encoding::Categories { .. } if missing => {}
                    Encoding::Categories { levels } => {
                        let level = column
                            .text(row)
                            .and_then(|text| levels.binary_search(&text).ok());
                        let place = level.unwrap_or(levels.len());
                        cells[place] = T::from_wide(1.0);
                    }
                }
            }
            at += own;
        }
        // The length is rows times width.
        Array2::from_shape_vec((rows, width), numbers).map_err(|_| DataError::NoColumns)
    }
}

/// A number type that values become.
trait Narrow: Copy {
    fn from_wide(value: f64) -> Self;
}

impl Narrow for f64 {
    fn from_wide(value: f64) -> Self {
        value
    }
}

impl Narrow for f32 {
    fn from_wide(value: f64) -> Self {
        // Columns of 32-bit floats: nothing is rounded.
        value as Self
    }
}

fn refuse_missing(columns: &[&Column]) -> Result<(), DataError> {
    for column in columns {
        let marks = column.missing().unwrap_or_default();
        if let Some(row) = marks.iter().position(|mark| *mark) {
            return Err(DataError::Missing {
                name: column.name.clone(),
                row,
                count: missing_count(column),
            });
        }
    }
    Ok(())
}

/// The rows of which nothing is missing.
fn whole_rows(columns: &[&Column], rows: usize) -> Vec<usize> {
    let whole = |row: &usize| columns.iter().all(|column| !column.is_missing(*row));
    (0..rows).filter(whole).collect()
}

#[cfg(test)]
mod tests {
    use columns::Values;
    use ndarray::array;

    use super::super::Roles;
    use super::*;

    fn table() -> Columns {
        let ids = (0..6).map(|i| 9_007_199_254_740_993 + i).collect();
        let colour = ["red", "blue", "red", "red", "blue", "green"].map(str::to_owned);
        let width = Column::new("width", Values::Float32(vec![1.5, 0.0, 2.5, 1.0, 1.0, 1.0]));
        Columns::new(vec![
            Column::new("id", Values::Integer(ids)),
            width
                .with_missing(vec![false, true, false, false, false, false])
                .unwrap(),
            Column::new("colour", Values::Text(colour.into())),
            Column::new("good", Values::Boolean(vec![true; 6])),
        ])
        .unwrap()
    }

    fn layout(missing: Missing) -> Layout {
        Layout::learn(Data::Columns(&table()), &Roles::default(), missing).unwrap()
    }

    fn rows(layout: &Layout, table: &Columns) -> Array2<f64> {
        let encoded = layout.encode(Data::Columns(table)).unwrap();
        encoded.input().rows().unwrap().to::<f64>().into_owned()
    }

    #[test]
    fn values_become_numbers_without_losing_digits() {
        // id, width, width is missing, blue, green, red, another colour, good
        let expected = array![
            [0.0, 1.5, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0],
            [1.0, 1.4, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            [2.0, 2.5, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0],
        ];
        let found = rows(&layout(Missing::Mean), &table());
        let found = found.select(ndarray::Axis(0), &[0, 1, 2]);
        assert!(
            (&found - &expected).iter().all(|v| v.abs() < 1e-12),
            "{found}"
        );
    }

    #[test]
    fn rows_with_gaps_are_left_out_or_refused() {
        let (dropping, table) = (layout(Missing::Drop), table());
        let encoded = dropping.encode(Data::Columns(&table)).unwrap();
        assert_eq!(encoded.kept, Some(vec![0, 2, 3, 4, 5]));
        assert_eq!(encoded.input().len(), 5);
        let error = layout(Missing::Error).encode(Data::Columns(&table));
        assert_eq!(
            error.unwrap_err(),
            DataError::Missing {
                name: "width".to_owned(),
                row: 1,
                count: 1
            }
        );
    }

    #[test]
    fn columns_are_found_by_name_and_an_unseen_category_is_another() {
        let layout = layout(Missing::Mean);
        let mut columns = table().into_columns();
        columns.reverse();
        columns[1].values = Values::Text(vec!["violet".to_owned(); 6]);
        let found = rows(&layout, &Columns::new(columns.clone()).unwrap());
        assert_eq!(
            found.row(0).to_vec(),
            [0.0, 1.5, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
        );
        columns.pop();
        let without = Columns::new(columns).unwrap();
        let error = layout.encode(Data::Columns(&without));
        assert!(matches!(error.unwrap_err(), DataError::NoColumn { name, .. } if name == "id"));
    }

    #[test]
    fn another_type_another_width_and_another_family_are_errors() {
        let mut columns = table().into_columns();
        columns[3].values = Values::Text(vec!["yes".to_owned(); 6]);
        let other = Columns::new(columns).unwrap();
        let error = layout(Missing::Mean).encode(Data::Columns(&other));
        assert_eq!(
            error.unwrap_err().to_string(),
            "column `good` is text, but boolean in training"
        );
        let x = array![[1.0, 2.0]];
        let error = layout(Missing::Mean).encode(Data::Rows64(x.view()));
        assert_eq!(
            error.unwrap_err().to_string(),
            "an array of numbers, but the model was fitted to a table"
        );
        let array = Layout::Array {
            columns: 3,
            numbers: NumberType::Float64,
        };
        assert!(array.encode(Data::Rows64(x.view())).is_err());
    }

    #[test]
    fn dates_and_free_text_are_refused_unless_asked_for() {
        let learn = |column: Column, roles: &Roles| {
            let table = Columns::new(vec![column]).unwrap();
            Layout::learn(Data::Columns(&table), roles, Missing::Error)
        };
        let day = 86_400_000_000_000;
        let time = Column::new("at", Values::Time(vec![day, day + 1_500_000_000]));
        let error = learn(time.clone(), &Roles::default()).unwrap_err();
        assert_eq!(error.to_string(), "column `at` holds dates or times");
        let roles = Roles {
            as_number: vec!["at".to_owned()],
            ..Roles::default()
        };
        let layout = learn(time.clone(), &roles).unwrap();
        let table = Columns::new(vec![time]).unwrap();
        assert_eq!(rows(&layout, &table), array![[0.0], [1.5]]);

        let days = (0..90).map(|i| format!("{:02}.01.2026", i % 3 + 1));
        let days = Column::new("day", Values::Text(days.collect()));
        let error = learn(days.clone(), &Roles::default()).unwrap_err();
        let words = "column `day` holds dates or times, such as \"01.01.2026\"";
        assert_eq!(error.to_string(), words);
        let roles = Roles {
            as_category: vec!["day".to_owned()],
            ..Roles::default()
        };
        assert!(learn(days, &roles).is_ok());

        let texts = (0..200).map(|i| format!("note {i}")).collect();
        let error = learn(Column::new("note", Values::Text(texts)), &Roles::default());
        assert_eq!(
            error.unwrap_err().to_string(),
            "column `note` is text with 200 different values in 200 rows"
        );
    }

    #[test]
    fn text_is_no_number_and_a_column_is_not_a_number_and_a_category() {
        let learn = |texts: [&str; 4], roles: &Roles| {
            let column = Column::new("p", Values::Text(texts.map(str::to_owned).into()));
            let table = Columns::new(vec![column]).unwrap();
            Layout::learn(Data::Columns(&table), roles, Missing::Error).unwrap_err()
        };
        let mut roles = Roles {
            as_number: vec!["p".to_owned()],
            ..Roles::default()
        };
        assert_eq!(
            learn(["10", "12.5", "n.a.", "x"], &roles).to_string(),
            "column `p`, row 2: \"n.a.\" is text, not a number"
        );
        let error = learn(["007", "012", "3", "4"], &roles);
        assert!(matches!(error, DataError::NotNumber { row: 0, .. }));
        roles.as_category = vec!["p".to_owned()];
        assert_eq!(
            learn(["1", "2", "3", "4"], &roles).to_string(),
            "column `p` cannot be both a number and a category"
        );
    }

    #[test]
    fn a_stored_layout_is_the_same() {
        for missing in [Missing::Error, Missing::Mean, Missing::Drop] {
            let layout = layout(missing);
            let text = serde_json::to_string(&layout).unwrap();
            assert_eq!(
                serde_json::from_str::<Layout>(&text).unwrap(),
                layout,
                "{text}"
            );
        }
    }
}
