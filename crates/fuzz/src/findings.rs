//! Inputs with a fault: kept as files, a few for each cause.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::examine::Fault;

/// More inputs with one cause are counted, not kept.
const KEPT: u64 = 3;
/// Shown of an input.
const SHOWN_BYTES: usize = 48;

/// The faults of a campaign.
#[derive(Debug)]
pub(crate) struct Findings {
    folder: PathBuf,
    /// By target and cause.
    counts: BTreeMap<(&'static str, String), u64>,
    kept: BTreeSet<PathBuf>,
}

impl Findings {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            counts: BTreeMap::new(),
            kept: BTreeSet::new(),
        }
    }

    /// Inputs with a fault.
    pub(crate) fn n(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Causes, each of one target.
    pub(crate) fn causes(&self) -> usize {
        self.counts.len()
    }

    /// Keeps the input and gives what is to be said about it; nothing where its cause is known well.
    pub(crate) fn add(
        &mut self,
        target: &'static str,
        input: &[u8],
        fault: &Fault,
    ) -> std::io::Result<Option<String>> {
        let count = self.counts.entry((target, fault.key())).or_default();
        *count += 1;
        let digest = Sha256::digest(input);
        let hash: String = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let folder = self.folder.join(target);
        let path = folder.join(&hash);
        if *count > KEPT || !self.kept.insert(path.clone()) {
            return Ok(None);
        }
        fs::create_dir_all(&folder)?;
        fs::write(&path, input)?;
        let shown: String = input
            .iter()
            .take(SHOWN_BYTES)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let more = if input.len() > SHOWN_BYTES { "…" } else { "" };
        Ok(Some(format!(
            "fault: {target}: {fault}\n  {} bytes, {shown}{more}\n  cargo xtask soak --fuzz --target {target} --replay {}",
            input.len(),
            path.display()
        )))
    }
}
