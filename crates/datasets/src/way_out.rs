use std::borrow::Cow;

/// What helps against a [`DatasetError`](crate::DatasetError); whoever shows it finds the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayOut {
    /// What to do with the data or how to name them, in words that hold in any program.
    Text(Cow<'static, str>),
    /// One of these names, files or folders may have been meant.
    Meant(Vec<String>),
    /// A file or folder that is there, or a known set.
    PathOrKnownSet,
    /// A known set.
    KnownSet,
    /// `./NAME` is what lies here; `NAME` is a known set, which lies elsewhere.
    HereOrKnownSet(String),
    /// The known set of this name is to be downloaded, or a data root to hold it.
    Fetch(String),
    /// The official files are to be downloaded.
    Official {
        /// What they help with.
        why: &'static str,
        /// The set that they are of, where it is another one than was asked for.
        set: Option<&'static str>,
    },
    /// These files are to be put into a data root.
    IntoRoot(Vec<String>),
    /// A known set in place of a file in its format; its files belong into a data root.
    KnownFormat,
    /// The folder of an image, or its vector.
    FolderOrVectors,
    /// Paths in a list are relative to its folder; files that are not there can be left out.
    PathsOfAList,
    /// Files that are damaged or no images can be left out.
    SkipBadFiles,
    /// A folder to download to.
    CacheFolder,
    /// The download again, another source, or a data root that holds the file.
    Download,
    /// The download again, or another source.
    OtherSource,
}

impl WayOut {
    pub(crate) fn text(words: impl Into<Cow<'static, str>>) -> Self {
        Self::Text(words.into())
    }

    /// [`text`](Self::text) for an error, which is to stay small.
    pub(crate) fn boxed(words: impl Into<Cow<'static, str>>) -> Box<Self> {
        Box::new(Self::text(words))
    }
}
