use ndarray::ArrayView2;

use crate::error::PictureError;
use crate::heat_map::check_size;
use crate::picture::Picture;

/// The picture with the regions of a mask outlined: the true defect beside what the map shows.
///
/// Painted are the masked pixels that have a neighbour at a side outside the mask, or lie at the edge of
/// the picture. The inside stays visible.
///
/// # Shapes
/// `mask` `[h, w]`, as large as the picture.
///
/// # Errors
/// [`PictureError::SizeMismatch`] where the sizes differ.
pub fn outline(
    picture: &Picture,
    mask: ArrayView2<'_, bool>,
    colour: [u8; 3],
) -> Result<Picture, PictureError> {
    check_size("a mask", mask.dim(), picture)?;
    let (height, width) = mask.dim();
    let inside = |row: usize, column: usize| {
        // Row or column −1 wraps to a number beyond every picture.
        row < height && column < width && mask[(row, column)]
    };
    let mut outlined = picture.clone();
    for (index, pixel) in outlined.pixels_mut().iter_mut().enumerate() {
        let (row, column) = (index / width, index % width);
        let surrounded = inside(row.wrapping_sub(1), column)
            && inside(row + 1, column)
            && inside(row, column.wrapping_sub(1))
            && inside(row, column + 1);
        if mask[(row, column)] && !surrounded {
            *pixel = colour;
        }
    }
    Ok(outlined)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn the_inside_stays() {
        let picture = Picture::filled(6, 4, [9; 3]).unwrap();
        // A block of 3 x 4 that touches the lower edge.
        let mask = Array2::from_shape_fn((4, 6), |(y, x)| y > 0 && (1..5).contains(&x));
        let outlined = outline(&picture, mask.view(), [1, 2, 3]).unwrap();
        let drawn: String = (outlined.pixels().iter())
            .map(|&pixel| if pixel == [1, 2, 3] { '#' } else { '.' })
            .collect();
        assert_eq!(
            drawn,
            "......\
                           .####.\
                           .#..#.\
                           .####."
        );
        let error = outline(&picture, mask.t(), [0; 3]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a mask of 4 x 6 pixels over a picture of 6 x 4"
        );
    }
}
