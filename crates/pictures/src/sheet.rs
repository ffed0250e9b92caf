use crate::error::PictureError;
use crate::picture::Picture;
use crate::text::{self, draw};

/// Pictures in a grid, with the columns' labels above and the rows' labels at the left.
///
/// Columns are as wide as their widest picture or their label, rows as high as their highest picture.
/// Empty labels take no room.
#[derive(Debug, Clone)]
pub struct ContactSheet {
    columns: Vec<String>,
    rows: Vec<(String, Vec<Picture>)>,
    zoom: usize,
}

const WHITE: [u8; 3] = [255; 3];
/// Pixels between the cells and around the sheet.
const GAP: usize = 4;
/// Pictures at least this wide on the sheet have labels of twice the size.
const WIDE: usize = 128;

impl ContactSheet {
    /// A sheet without rows yet, with these columns.
    pub fn new<Label: Into<String>>(columns: impl IntoIterator<Item = Label>) -> Self {
        Self {
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
            zoom: 1,
        }
    }

    /// Shows each pixel as a square of `zoom` by `zoom`; 1 unless set.
    #[must_use]
    pub fn zoom(mut self, zoom: usize) -> Self {
        self.zoom = zoom;
        self
    }

    /// Adds a row, a picture for each column.
    ///
    /// # Errors
    /// [`PictureError::Columns`] for more or fewer pictures.
    pub fn push_row(
        &mut self,
        label: impl Into<String>,
        pictures: Vec<Picture>,
    ) -> Result<(), PictureError> {
        let label = label.into();
        if pictures.len() != self.columns.len() {
            return Err(PictureError::Columns {
                row: label,
                found: pictures.len(),
                expected: self.columns.len(),
            });
        }
        self.rows.push((label, pictures));
        Ok(())
    }

    /// The sheet as one picture.
    ///
    /// # Errors
    /// [`PictureError`] without rows or columns, with a zoom of 0, or where the sheet would be too large.
    pub fn picture(&self) -> Result<Picture, PictureError> {
        if self.columns.is_empty() || self.rows.is_empty() {
            return Err(PictureError::EmptySheet);
        }
        let layout = Layout::of(self);
        let sum = |sizes: &[usize]| {
            (sizes.iter()).fold(GAP, |sum, size| {
                sum.saturating_add(*size).saturating_add(GAP)
            })
        };
        let mut sheet = Picture::filled(
            layout.left.saturating_add(sum(&layout.widths)),
            layout.top.saturating_add(sum(&layout.heights)),
            WHITE,
        )?;
        let mut left = layout.left + GAP;
        for (label, width) in self.columns.iter().zip(&layout.widths) {
            draw(&mut sheet, label, left, GAP, layout.text);
            left += width + GAP;
        }
        let mut top = layout.top + GAP;
        for ((label, pictures), height) in self.rows.iter().zip(&layout.heights) {
            let (_, text_height) = text::size(label, layout.text);
            let middle = top + height.saturating_sub(text_height) / 2;
            draw(&mut sheet, label, GAP, middle, layout.text);
            let mut left = layout.left + GAP;
            for (picture, width) in pictures.iter().zip(&layout.widths) {
                sheet.paste(&picture.enlarged(self.zoom)?, left, top);
                left += width + GAP;
            }
            top += height + GAP;
        }
        Ok(sheet)
    }
}

/// Where things lie on a sheet, in pixels.
struct Layout {
    /// Room for the rows' labels, with the gap before it.
    left: usize,
    /// Room for the columns' labels, with the gap above.
    top: usize,
    widths: Vec<usize>,
    heights: Vec<usize>,
    /// How often letters are enlarged.
    text: usize,
}

impl Layout {
    fn of(sheet: &ContactSheet) -> Self {
        let zoomed = |size: usize| size.saturating_mul(sheet.zoom);
        let pictures = || sheet.rows.iter().flat_map(|(_, pictures)| pictures);
        let widest = pictures().map(|picture| zoomed(picture.width())).max();
        let text = if widest.unwrap_or(0) >= WIDE { 2 } else { 1 };
        let label_width = |label: &str| text::size(label, text).0;
        let widths = (sheet.columns.iter().enumerate()).map(|(column, label)| {
            let pictures = sheet
                .rows
                .iter()
                .map(|(_, row)| zoomed(row[column].width()));
            pictures.fold(label_width(label), usize::max)
        });
        let heights = sheet.rows.iter().map(|(label, row)| {
            let pictures = row.iter().map(|picture| zoomed(picture.height()));
            let label_height = if label.is_empty() {
                0
            } else {
                text::LETTER * text
            };
            pictures.fold(label_height, usize::max)
        });
        let row_labels = sheet.rows.iter().map(|(label, _)| label_width(label)).max();
        let with_gap = |size: usize| if size == 0 { 0 } else { GAP + size };
        let titled = sheet.columns.iter().any(|label| !label.is_empty());
        Self {
            left: with_gap(row_labels.unwrap_or(0)),
            top: with_gap(if titled { text::LETTER * text } else { 0 }),
            widths: widths.collect(),
            heights: heights.collect(),
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize, grey: u8) -> Picture {
        Picture::filled(width, height, [grey; 3]).unwrap()
    }

    #[test]
    fn pictures_lie_in_their_cells() {
        let mut sheet = ContactSheet::new(["", ""]).zoom(2);
        sheet
            .push_row("", vec![picture(3, 2, 10), picture(5, 2, 20)])
            .unwrap();
        sheet
            .push_row("", vec![picture(1, 4, 30), picture(1, 1, 40)])
            .unwrap();
        let sheet = sheet.picture().unwrap();
        // Columns of 6 and 10, rows of 4 and 8, gaps of 4.
        assert_eq!(
            (sheet.width(), sheet.height()),
            (4 + 6 + 4 + 10 + 4, 4 + 4 + 4 + 8 + 4)
        );
        let at = |x: usize, y: usize| sheet.pixels()[y * sheet.width() + x][0];
        assert_eq!(
            [at(3, 4), at(4, 4), at(9, 7), at(10, 7), at(14, 4)],
            [255, 10, 10, 255, 20]
        );
        assert_eq!(
            [at(4, 12), at(5, 19), at(6, 12), at(15, 13)],
            [30, 30, 255, 40]
        );
    }

    #[test]
    fn labels_make_room() {
        let mut sheet = ContactSheet::new(["input", "a longer label"]);
        sheet
            .push_row("row 1", vec![picture(10, 10, 0), picture(10, 10, 0)])
            .unwrap();
        let drawn = sheet.picture().unwrap();
        assert_eq!(drawn.width(), (4 + 5 * 8) + 4 + 5 * 8 + 4 + 14 * 8 + 4);
        assert_eq!(drawn.height(), (4 + 8) + 4 + 10 + 4);
        // Something is written above the second column and left of the row.
        let dark = |xs: std::ops::Range<usize>, ys: std::ops::Range<usize>| {
            (ys.flat_map(|y| xs.clone().map(move |x| (x, y))))
                .any(|(x, y)| drawn.pixels()[y * drawn.width() + x] == [0; 3])
        };
        assert!(dark(92..204, 4..12) && dark(4..44, 16..26));
    }

    #[test]
    fn what_is_no_sheet_is_an_error() {
        let mut sheet = ContactSheet::new(["a", "b"]);
        assert!(matches!(sheet.picture(), Err(PictureError::EmptySheet)));
        let error = sheet.push_row("first", vec![picture(1, 1, 0)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1 pictures in row `first` of a contact sheet of 2 columns"
        );
        sheet
            .push_row("first", vec![picture(1, 1, 0), picture(1, 1, 0)])
            .unwrap();
        assert!(matches!(
            sheet.clone().zoom(0).picture(),
            Err(PictureError::NotEnlarged)
        ));
        assert!(matches!(
            sheet.zoom(usize::MAX).picture(),
            Err(PictureError::Size { .. })
        ));
    }
}
