#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod data;
mod dataset;
mod error;
mod way_out;

mod catalogue;
mod closest;
mod hash;
mod nearby;
mod roots;

mod input;
mod normal;
mod python;
mod recognise;
mod walk;

mod guard;
mod idx;
mod npy;
mod npz;

mod cifar;
mod class_images;
mod corrupted;
mod corruptions;
mod folders;
mod images;
mod lite0;
mod load;
mod loading;
mod matlab;
mod mnist;
mod name;
mod svhn;

mod protocol;
mod split;
mod splitting;
mod stratified;

mod perturbation;

mod audit;
#[cfg(feature = "fetch")]
pub mod fetch;

pub use audit::{Across, Audit, Part, audit, audit_split};
pub use catalogue::{ADBENCH_COMMIT, Entry, Representation, Verified, catalogue, find, matching};
pub use corruptions::{Corruption, corrupt};
pub use data::{Data, Label, OfficialPart, flatten};
pub use dataset::{Dataset, left_out, sha256_of_rows};
pub use error::{DatasetError, ErrorKind, Instead};
pub use files::{PassedOver, cache_folder};
pub use hash::Pin;
pub use idx::{Idx, is_idx, load_idx, load_idx_images};
pub use images::{
    Colour, ImageOptions, Images, OnBadFile, Skipped, is_image_list, list_images,
    list_images_counted, read_images, resize_images,
};
pub use input::read_text;
pub use lite0::{LITE0_COLUMNS, load_lite0_images};
pub use load::{load, usual_protocol};
pub use loading::Loading;
pub use name::{Form, Name, Pixels};
pub use npz::{NpzWriter, load_labels, load_npz, load_npz_images, load_rows};
pub use perturbation::{NoisyRows, Perturbation, column_spreads};
pub use protocol::Protocol;
pub use recognise::is_archive;
pub use roots::Roots;
pub use split::Split;
pub use way_out::WayOut;
