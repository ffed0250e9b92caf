use crate::{ImageOptions, OnBadFile, Protocol};

/// What loading has to know beyond the data set's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loading {
    /// The protocol that is to split it: official divisions of classes decide which images are
    /// needed and which of them are normal.
    pub protocol: Protocol,
    /// How image files are read. A size in the data set's name wins over one given here.
    pub images: ImageOptions,
}

impl Loading {
    /// For a protocol, stopping at the first file that is not an image.
    pub fn of(protocol: Protocol) -> Self {
        Self {
            protocol,
            images: ImageOptions::default(),
        }
    }

    /// The same with another way to treat files that are not images.
    #[must_use]
    pub fn on_bad_file(mut self, on_bad_file: OnBadFile) -> Self {
        self.images.on_bad_file = on_bad_file;
        self
    }

    /// The same with images of `size`, where one is given.
    pub(crate) fn sized(mut self, size: Option<usize>) -> Self {
        self.images.size = size.or(self.images.size);
        self
    }
}
