use crate::name::Pixels;
use crate::{Dataset, DatasetError, Form, Loading, Name, Roots, load};

/// Numbers in a vector of EfficientNet-Lite0.
pub const LITE0_COLUMNS: usize = 1280;

/// The side to which images of several sizes are resized; smaller ones are enlarged to it too.
const SIDE: usize = 128;

/// The images whose vectors a name with [`Form::Lite0`] stands for, and the side to which they were resized
/// because they have several sizes and the name says none.
///
/// # Errors
/// As [`load`].
pub fn load_lite0_images(
    name: &Name,
    roots: &Roots,
    loading: &Loading,
) -> Result<(Dataset, Option<usize>), DatasetError> {
    let whole = name.all_rows();
    let set = load(&whole.images().to_string(), roots, loading);
    match (set, name.form) {
        (Err(DatasetError::MixedSizes { .. }), Form::Lite0(None)) => {
            let resized = whole.in_form(Form::Pixels(Pixels { side: Some(SIDE) }));
            let set = load(&resized.to_string(), roots, loading)?;
            Ok((set, Some(SIDE)))
        }
        (set, _) => Ok((set?, None)),
    }
}
