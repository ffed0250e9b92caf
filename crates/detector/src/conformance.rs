//! What every detector has to hold, as one function that its tests call, for detectors of rows and of
//! images.

mod contributions;
mod gradient;
mod images;
mod restored;
mod rows;
mod samples;
mod spoilt;
mod tolerance;

pub use contributions::check_contributions;
pub use gradient::check_gradient;
pub use images::check_images_within;
pub use restored::check_restored;
pub use rows::{check, check_within};
pub use spoilt::check_spoilt;
pub use tolerance::Tolerance;
