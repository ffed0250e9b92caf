use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use ndarray::Array4;

use crate::recognise::{self, Format};
use crate::{Data, DatasetError, WayOut, input};

/// Deflate makes at most 1032 bytes of one.
const MAX_DEFLATE_RATIO: u64 = 1032;

/// An IDX array of bytes: MNIST's format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx {
    /// The length of every axis.
    pub shape: Vec<usize>,
    /// The bytes, last axis fastest.
    pub bytes: Vec<u8>,
}

/// Reads an IDX file of unsigned bytes with `axes` axes, gzipped or plain.
///
/// The format (LeCun, Cortes and Burges, the MNIST page): two zero bytes, 0x08 for unsigned bytes,
/// the number of axes, the length of each as a big-endian 32-bit number, then the data.
///
/// # Errors
/// [`DatasetError`] naming the file where it cannot be read, has another magic number, is truncated
/// or goes on after its data.
pub fn load_idx(path: impl AsRef<Path>, axes: u8) -> Result<Idx, DatasetError> {
    let path = path.as_ref();
    let io = |source| DatasetError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = input::open(path)?;
    let file_bytes = file.metadata().map_err(io)?.len();
    let mut start = Vec::new();
    (&mut file).take(2).read_to_end(&mut start).map_err(io)?;
    let reader = BufReader::new(start.as_slice().chain(file));
    if start == [0x1f, 0x8b] {
        let limit = file_bytes.saturating_mul(MAX_DEFLATE_RATIO);
        read(MultiGzDecoder::new(reader), axes, limit, path)
    } else {
        read(reader, axes, file_bytes, path)
    }
}

/// Whether a file is one of IDX images by its name, as MNIST's are called: `train-images-idx3-ubyte.gz`, `new.idx`.
pub fn is_idx(path: impl AsRef<Path>) -> bool {
    let name = path.as_ref().file_name().unwrap_or_default();
    let name = name.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.ends_with("ubyte") || name.ends_with(".idx")
}

/// The images of an IDX file, grey, gzipped or plain.
///
/// # Shapes
/// `[n, 1, h, w]`.
///
/// # Errors
/// As [`load_idx`] with three axes, and for a file without images or pixels.
pub fn load_idx_images(path: impl AsRef<Path>) -> Result<Data, DatasetError> {
    let path = path.as_ref();
    let Idx { shape, bytes } = load_idx(path, 3)?;
    let no_images = || DatasetError::NoImages {
        path: path.to_owned(),
    };
    match shape[..] {
        [n, h, w] if n * h * w > 0 => {
            let images = Array4::from_shape_vec((n, 1, h, w), bytes);
            images.map(Data::Images).map_err(|_| no_images())
        }
        _ => Err(no_images()),
    }
}

/// `limit`: more bytes than this cannot come out of the file.
fn read(mut reader: impl Read, axes: u8, limit: u64, path: &Path) -> Result<Idx, DatasetError> {
    let malformed = |place: &str, found: String, expected: String| DatasetError::Malformed {
        path: path.to_owned(),
        place: place.to_owned(),
        found,
        expected,
    };
    let damaged = |error: io::Error| {
        if error.kind() == io::ErrorKind::OutOfMemory {
            let (path, source) = (path.to_owned(), error);
            return DatasetError::Io { path, source };
        }
        malformed(
            "the IDX data",
            match error.kind() {
                io::ErrorKind::UnexpectedEof => "the end of the file".to_owned(),
                _ => error.to_string(),
            },
            "a complete, undamaged file".to_owned(),
        )
    };
    let mut magic = [0; 4];
    reader.read_exact(&mut magic).map_err(damaged)?;
    if magic != [0, 0, 8, axes] {
        let start = recognise::start(path)?;
        match Format::of(&start, path) {
            Format::Idx | Format::Gzip | Format::Unknown => {}
            format => {
                return Err(DatasetError::OtherForm {
                    path: path.to_owned(),
                    place: String::new(),
                    found: format.name().to_owned(),
                    expected: "IDX data (MNIST's format), gzipped or not".to_owned(),
                    way_out: Box::new(WayOut::Official {
                        why: "get the official file again",
                        set: None,
                    }),
                });
            }
        }
        return Err(malformed(
            "the magic number",
            format!("{:#010x}", u32::from_be_bytes(magic)),
            format!(
                "{:#010x} (unsigned bytes, {axes} axes)",
                0x0800 + u32::from(axes)
            ),
        ));
    }
    let mut shape = Vec::new();
    let mut promised = Some(1u64);
    for _ in 0..axes {
        let mut axis = [0; 4];
        reader.read_exact(&mut axis).map_err(damaged)?;
        let axis = u32::from_be_bytes(axis);
        shape.push(axis as usize);
        promised = promised.and_then(|product| product.checked_mul(u64::from(axis)));
    }
    let Some(promised) = promised.filter(|&bytes| bytes <= limit) else {
        return Err(malformed(
            "the header",
            format!("shape {shape:?}"),
            format!("at most {limit} bytes"),
        ));
    };
    let mut bytes = Vec::new();
    // One byte more, to notice data behind the last image.
    reader
        .take(promised + 1)
        .read_to_end(&mut bytes)
        .map_err(damaged)?;
    if bytes.len() as u64 != promised {
        let found = if (bytes.len() as u64) < promised {
            format!("{} bytes", bytes.len())
        } else {
            "more bytes".to_owned()
        };
        let expected = format!("{promised} bytes for shape {shape:?}");
        return Err(malformed("the IDX data", found, expected));
    }
    Ok(Idx { shape, bytes })
}
