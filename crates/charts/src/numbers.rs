use crate::text::{csv_field, one_line};

/// What a figure draws, as a table: for those who do not see it, and to draw it anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// The names of the columns.
    pub header: Vec<String>,
    /// As long as the header, a name first.
    pub rows: Vec<Vec<String>>,
}

impl Numbers {
    /// Rows below a header of as many fields.
    pub fn new(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        Self {
            header: header.iter().map(|name| one_line(name)).collect(),
            rows: rows.into_iter().collect(),
        }
    }

    /// Lines read at equal steps: one row for each abscissa, one column for each line.
    pub fn of_lines(abscissa: &str, xs: &[String], lines: &[(String, Vec<f64>)]) -> Self {
        let names = lines.iter().map(|(name, _)| name.as_str());
        let header: Vec<&str> = std::iter::once(abscissa).chain(names).collect();
        let rows = xs.iter().enumerate().map(|(index, x)| {
            let values = lines.iter().map(|(_, line)| format!("{:.3}", line[index]));
            std::iter::once(x.clone()).chain(values).collect()
        });
        Self::new(&header, rows)
    }

    /// As CSV: the header, then a line for each row.
    pub fn csv(&self) -> String {
        let line = |fields: &[String]| {
            let fields: Vec<String> = fields.iter().map(|field| csv_field(field)).collect();
            format!("{}\n", fields.join(","))
        };
        std::iter::once(&self.header)
            .chain(&self.rows)
            .map(|fields| line(fields))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_side_by_side() {
        let lines = [
            ("a, b".to_owned(), vec![0.0, 0.5]),
            ("c".to_owned(), vec![1.0, 0.25]),
        ];
        let xs = ["0".to_owned(), "1".to_owned()];
        let csv = Numbers::of_lines("rate", &xs, &lines).csv();
        assert_eq!(csv, "rate,\"a, b\",c\n0,0.000,1.000\n1,0.500,0.250\n");
    }
}
