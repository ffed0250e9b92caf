use std::path::Path;

use crate::error::PictureError;
use crate::picture::Picture;

impl Picture {
    /// The picture as a PNG file, without time or other marks: the same picture is the same bytes.
    ///
    /// # Errors
    /// [`PictureError::Encode`] where the encoder refuses it.
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        let encode = || -> Result<Vec<u8>, png::EncodingError> {
            let mut bytes = Vec::new();
            // `Picture::MAX_PIXELS` is below 2^32.
            let (width, height) = (self.width() as u32, self.height() as u32);
            let mut encoder = png::Encoder::new(&mut bytes, width, height);
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_depth(png::BitDepth::Eight);
            let mut writer = encoder.write_header()?;
            writer.write_image_data(self.pixels().as_flattened())?;
            writer.finish()?;
            Ok(bytes)
        };
        encode().map_err(PictureError::Encode)
    }

    /// Writes [`Picture::png`] to `path`, folders included. There is the whole file or what was there
    /// before, whatever happens meanwhile.
    ///
    /// # Errors
    /// [`PictureError`] where the picture is not encoded or the file not written.
    pub fn save(&self, path: &Path) -> Result<(), PictureError> {
        let bytes = self.png()?;
        let write = || {
            std::fs::create_dir_all(files::folder_of(path))?;
            files::write(path, &bytes)
        };
        write().map_err(|source| PictureError::Write {
            path: path.to_owned(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    /// 23 x 17 pixels, no two rows alike.
    fn picture() -> Picture {
        let image = Array3::from_shape_fn((3, 17, 23), |(c, y, x)| (c * 80 + y * 7 + x * x) as u8);
        Picture::from_image(image.view()).unwrap()
    }

    #[test]
    fn what_is_written_can_be_read() {
        let bytes = picture().png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes))
            .read_info()
            .unwrap();
        let mut decoded = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut decoded).unwrap();
        assert_eq!((info.width, info.height), (23, 17));
        assert_eq!(info.color_type, png::ColorType::Rgb);
        assert_eq!(decoded, picture().pixels().as_flattened());
    }

    #[test]
    fn the_same_picture_is_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/folder/picture.png");
        picture().save(&path).unwrap();
        let first = std::fs::read(&path).unwrap();
        picture().save(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
        assert_eq!(first, picture().png().unwrap());
        // Nothing is left beside it.
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = picture().save(&file.join("picture.png")).unwrap_err();
        assert!(error.to_string().ends_with("file/picture.png\""), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"");
    }
}
