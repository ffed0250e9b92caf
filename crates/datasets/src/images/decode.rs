//! One file: what its header says, and its pixels.

use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};
use std::path::Path;

use image::metadata::Orientation;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
};

use super::tiff_tags;
use crate::guard::guarded;
use crate::recognise::Format;
use crate::{DatasetError, input};

/// What a decoder may allocate beside the image: profiles, thumbnails, strips of a TIFF.
const MAX_ALLOCATION: u64 = 1 << 29;

/// What a TIFF may take beyond the image and the file: a tile that is larger than the image, for one.
const SPARE: u64 = 1 << 24;

/// Three channels of 16 bits: what an image of as many pixels as allowed may take.
const BYTES_OF_PIXEL: u64 = 6;

const READ: [ImageFormat; 4] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::Bmp,
    ImageFormat::Tiff,
];
/// Enough to tell a format by.
const START_BYTES: u64 = 16;
/// The place of an error, by which the way out is known.
const IMAGE: &str = "the image";
const FORMATS: &str = "a PNG, JPEG, BMP or TIFF image";

/// What the start of a file says about its image, turned as EXIF says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) colour: bool,
}

/// Reads the header alone: nothing is allocated for the pixels.
pub(crate) fn header(path: &Path, max_pixels: u64) -> Result<Header, DatasetError> {
    guarded(path, IMAGE, || read_header(path, max_pixels))
}

fn read_header(path: &Path, max_pixels: u64) -> Result<Header, DatasetError> {
    let (decoder, orientation) = open(path, max_pixels)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = if turned(orientation) {
        (height, width)
    } else {
        (width, height)
    };
    Ok(Header {
        width: width as usize,
        height: height as usize,
        colour: decoder.color_type().has_color(),
    })
}

/// The pixels of a file, turned as EXIF says, interleaved: `[h, w]` grey or `[h, w, 3]` RGB.
///
/// 16 bits are rounded to 8. Colour made grey is `0.2126 R + 0.7152 G + 0.0722 B`.
pub(crate) fn pixels(
    path: &Path,
    colour: bool,
    max_pixels: u64,
) -> Result<(Header, Vec<u8>), DatasetError> {
    let image = decode(path, max_pixels)?;
    let header = Header {
        width: image.width() as usize,
        height: image.height() as usize,
        colour,
    };
    let pixels = if colour {
        image.into_rgb8().into_raw()
    } else {
        image.into_luma8().into_raw()
    };
    Ok((header, pixels))
}

/// 255 where a pixel is not black, be it by the last of 16 bits, else 0.
pub(crate) fn not_black(path: &Path, max_pixels: u64) -> Result<(Header, Vec<u8>), DatasetError> {
    let image = decode(path, max_pixels)?;
    let header = Header {
        width: image.width() as usize,
        height: image.height() as usize,
        colour: false,
    };
    let pixels = image.into_luma16().into_raw();
    let pixels = pixels.into_iter().map(|v| if v == 0 { 0 } else { 255 });
    Ok((header, pixels.collect()))
}

fn decode(path: &Path, max_pixels: u64) -> Result<DynamicImage, DatasetError> {
    guarded(path, IMAGE, || {
        let (decoder, orientation) = open(path, max_pixels)?;
        let mut image =
            DynamicImage::from_decoder(decoder).map_err(|error| image_error(path, error))?;
        image.apply_orientation(orientation);
        Ok(image)
    })
}

/// A file that is read as its decoder asks, or its bytes.
trait Source: BufRead + Seek {}

impl<T: BufRead + Seek> Source for T {}

/// The format that the first bytes of a file have, and a reader of the whole. Only of a JPEG all bytes
/// are read at once: its decoder does the same.
fn source(path: &Path) -> Result<(ImageFormat, Box<dyn Source>), DatasetError> {
    let io = |source| DatasetError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = input::open(path).map_err(|error| match error {
        DatasetError::NotAFile { found, .. } => malformed(path, found, FORMATS),
        error => error,
    })?;
    let mut start = Vec::new();
    file.by_ref()
        .take(START_BYTES)
        .read_to_end(&mut start)
        .map_err(io)?;
    let format = match image::guess_format(&start) {
        Ok(format) if READ.contains(&format) => format,
        Ok(format) => return Err(malformed(path, format!("a {format:?} file"), FORMATS)),
        Err(_) => return Err(malformed(path, start_of(&start, path), FORMATS)),
    };
    if format != ImageFormat::Jpeg {
        let mut file = BufReader::new(file);
        if format == ImageFormat::Tiff
            && let Some(found) = tiff_tags::impossible(&mut file).map_err(io)?
        {
            return Err(malformed(path, found, "values that lie in the file"));
        }
        file.rewind().map_err(io)?;
        return Ok((format, Box::new(file)));
    }
    let mut bytes = start;
    file.take(MAX_ALLOCATION)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > MAX_ALLOCATION {
        let found = format!("more than {MAX_ALLOCATION} bytes");
        return Err(malformed(path, found, "a smaller file"));
    }
    if !jpeg_ends(&bytes) {
        return Err(malformed(
            path,
            "the end of the file before the image's end marker: it is cut off",
            "a whole JPEG image",
        ));
    }
    Ok((format, Box::new(Cursor::new(bytes))))
}

/// A decoder that has read the header, with every claim of the header checked.
fn open(path: &Path, max_pixels: u64) -> Result<(impl ImageDecoder, Orientation), DatasetError> {
    let (format, source) = source(path)?;
    let mut reader = ImageReader::with_format(source, format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOCATION);
    reader.limits(limits);
    let mut decoder = reader
        .into_decoder()
        .map_err(|error| image_error(path, error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(malformed(
            path,
            format!("{width} × {height} pixels"),
            format!("at most {max_pixels} pixels"),
        ));
    }
    if width == 0 || height == 0 {
        return Err(malformed(
            path,
            format!("{width} × {height} pixels"),
            "at least one pixel",
        ));
    }
    let bytes = decoder.total_bytes();
    let at_most = MAX_ALLOCATION.max(max_pixels.saturating_mul(BYTES_OF_PIXEL));
    if bytes > at_most {
        return Err(malformed(
            path,
            format!("{width} × {height} pixels of {bytes} bytes"),
            format!("at most {at_most} bytes"),
        ));
    }
    if format == ImageFormat::Tiff {
        // Its tags and strips lie in the file, and are no larger than it and the image together.
        let file = std::fs::metadata(path).map_or(0, |file| file.len());
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(bytes.saturating_add(file).saturating_add(SPARE));
        decoder
            .set_limits(limits)
            .map_err(|error| image_error(path, error))?;
    }
    let kind = decoder.original_color_type();
    if matches!(kind, ExtendedColorType::Rgb32F | ExtendedColorType::Rgba32F)
        || matches!(
            decoder.color_type(),
            image::ColorType::Rgb32F | image::ColorType::Rgba32F
        )
    {
        // Their range is not known: any number of ours would be a guess.
        return Err(malformed(path, "floating point pixels", "8 or 16 bits"));
    }
    let orientation = decoder
        .orientation()
        .map_err(|error| image_error(path, error))?;
    Ok((decoder, orientation))
}

fn turned(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// Whether a JPEG has its end marker. The decoder fills what is missing with grey and says nothing.
///
/// Within the coded pixels 0xFF is always followed by 0, a restart or the next segment, so the marker
/// cannot stand there by chance; thumbnails, which have one too, come before the pixels.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[marker, code]) = bytes.get(at..at + 2).and_then(|b| b.first_chunk()) {
        match (marker, code) {
            (0xff, 0xff) => at += 1, // padding
            (0xff, 0xda) => {
                return bytes[at..].windows(2).any(|pair| pair == [0xff, 0xd9]);
            }
            (0xff, _) => {
                let length = bytes.get(at + 2..at + 4).and_then(|b| b.first_chunk());
                match length {
                    Some(&length) => at += 2 + usize::from(u16::from_be_bytes(length)),
                    None => return false,
                }
            }
            // Not at a segment: the decoder judges.
            _ => return true,
        }
    }
    false
}

fn malformed(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> DatasetError {
    DatasetError::Malformed {
        path: path.to_owned(),
        place: IMAGE.to_owned(),
        found: found.into(),
        expected: expected.into(),
    }
}

fn image_error(path: &Path, error: ImageError) -> DatasetError {
    match error {
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            malformed(path, "the end of the file", "a whole image")
        }
        ImageError::IoError(source) => DatasetError::Io {
            path: path.to_owned(),
            source,
        },
        ImageError::Unsupported(error) => malformed(path, error.to_string(), FORMATS),
        ImageError::Limits(error) => malformed(
            path,
            error.to_string(),
            format!("an image that is read within {MAX_ALLOCATION} bytes"),
        ),
        error => malformed(path, error.to_string(), "an undamaged image"),
    }
}

/// The first bytes of a file that is not an image, as text where they are.
fn start_of(bytes: &[u8], path: &Path) -> String {
    match std::str::from_utf8(bytes) {
        _ if !matches!(
            Format::of(bytes, path),
            Format::Unknown | Format::Text | Format::Csv
        ) =>
        {
            Format::of(bytes, path).name().to_owned()
        }
        Ok(text) if text.chars().all(|c| !c.is_control() || c.is_whitespace()) => {
            format!("the text {text:?}")
        }
        _ => format!("a start of {bytes:02x?}"),
    }
}
