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

#[cfg(test)]
mod tests {
    use super::*;

    struct One(Option<Page>);

    impl Iterator for One {
        type Item = Result<Page>;

        fn next(&mut self) -> Option<Self::Item> {
            self.get_next_page().transpose()
        }
    }

    impl PageReader for One {
        fn get_next_page(&mut self) -> Result<Option<Page>> {
            Ok(self.0.take())
        }

        fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
            Ok(None)
        }

        fn skip_next_page(&mut self) -> Result<()> {
            Ok(())
        }
    }

    fn passes(page: Page) -> bool {
        let mut checked = Checked {
            pages: One(Some(page)),
            optional: true,
            limit: 4000,
        };
        checked.get_next_page().is_ok()
    }

    #[test]
    fn a_dictionary_has_no_more_values_than_bytes() {
        let dictionary = |num_values| Page::DictionaryPage {
            buf: vec![0; 8].into(),
            num_values,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        assert!(passes(dictionary(8)) && !passes(dictionary(9)));
    }

    #[test]
    fn lengths_are_counted_behind_the_levels() {
        let page = |encoding, bytes: &'static [u8]| Page::DataPage {
            buf: bytes.into(),
            num_values: 1,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let lengths = |bytes| passes(page(Encoding::DELTA_LENGTH_BYTE_ARRAY, bytes));
        assert!(lengths(&[1, 0, 0, 0, 9, 0x80, 1, 4, 0xe8, 0x07, 0]));
        assert!(!lengths(&[1, 0, 0, 0, 9, 0x80, 1, 4, 0xe9, 0x07, 0]));
        assert!(!lengths(&[0xff, 0xff, 0xff, 0xff, 9]) && !lengths(&[]));
        assert!(!passes(page(Encoding::DELTA_BYTE_ARRAY, &[])));
    }
}
