//! Pages whose counts are checked before the library makes room for them.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};

use super::bytes::varint;

/// Hands on pages that are plausible.
pub(crate) struct Checked<P> {
    pub(crate) pages: P,
    /// Whether values may be missing.
    pub(crate) optional: bool,
    /// The most bytes that may be made room for.
    pub(crate) limit: u64,
}

impl<P: PageReader> Checked<P> {
    fn check(&self, page: &Page) -> Result<()> {
        match page.encoding() {
            Encoding::PLAIN
            | Encoding::RLE
            | Encoding::PLAIN_DICTIONARY
            | Encoding::RLE_DICTIONARY
            | Encoding::DELTA_BINARY_PACKED
            | Encoding::BYTE_STREAM_SPLIT => {}
            Encoding::DELTA_LENGTH_BYTE_ARRAY => self.check_lengths(page)?,
            other => return Err(wrong(format!("the encoding {other} is not read"))),
        }
        // A value of a dictionary has a byte at least, of texts the four of its length.
        let (values, bytes) = (page.num_values() as usize, page.buffer().len());
        match page {
            Page::DictionaryPage { .. } if values > bytes => Err(wrong(format!(
                "a dictionary of {bytes} bytes claims {values} values"
            ))),
            _ => Ok(()),
        }
    }

    /// The number of lengths stands third in their block: the sizes of block and part come before it.
    fn check_lengths(&self, page: &Page) -> Result<()> {
        let bytes = page.buffer();
        let levels = match page {
            Page::DataPageV2 {
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len),
            Page::DataPage { .. } if self.optional => match bytes.first_chunk() {
                Some(length) => 4 + u64::from(u32::from_le_bytes(*length)),
                None => 0,
            },
            _ => 0,
        };
        let block = usize::try_from(levels)
            .ok()
            .and_then(|from| bytes.get(from..));
        let count = block.and_then(|block| {
            let (_, one) = varint(block)?;
            let (_, two) = varint(&block[one..])?;
            varint(&block[one + two..])
        });
        match count {
            Some((count, _)) if count.saturating_mul(4) <= self.limit => Ok(()),
            _ => Err(wrong("a page claims too many texts".to_owned())),
        }
    }
}

fn wrong(what: String) -> ParquetError {
    ParquetError::General(what)
}

impl<P: PageReader> Iterator for Checked<P> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl<P: PageReader> PageReader for Checked<P> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        page.iter().try_for_each(|page| self.check(page))?;
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}
