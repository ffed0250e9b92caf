use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use files::hex;
use ndarray::ArrayView3;
use sha2::{Digest, Sha256};

/// Raised when the same image would get another map.
const GENERATION: u32 = 1;
/// The ending of a file of maps.
const ENDING: &str = "maps";

/// Bytes of an image's key and of the hash of its map.
const HEAD: usize = 64;

/// What an image is found by.
pub(crate) type Key = [u8; 32];

/// Feature maps of single images in a folder: trainings on the same images, whatever else their settings, make each
/// map once.
///
/// A map is found by the bytes of its image. Each file holds the maps of some images: for each the image's key, the
/// SHA-256 of the map, and the map. A damaged one counts as absent. Several processes may read and write at once.
#[derive(Debug)]
pub(crate) struct KeptMaps {
    folder: PathBuf,
    /// Numbers of a map.
    len: usize,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    files: Vec<PathBuf>,
    /// The number of the file, and of the map within it.
    places: HashMap<Key, (usize, u64)>,
}

impl KeptMaps {
    /// Maps of `len` numbers, made by what `kind` says, below the folder of trained models.
    pub(crate) fn new(models: &Path, kind: &str, len: usize) -> Self {
        let mut name = hex(&Sha256::digest(format!("{GENERATION} {kind} {len}")));
        name.truncate(32);
        Self {
            folder: models.join("maps").join(name),
            len,
            known: Mutex::default(),
        }
    }

    /// Where they lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key of an image, `[c, h, w]`.
    pub(crate) fn key(image: ArrayView3<'_, u8>) -> Key {
        let mut hash = Sha256::new();
        hash.update(format!("{:?} ", image.dim()));
        hash.update(image.as_standard_layout().as_slice().unwrap_or_default());
        hash.finalize().into()
    }

    /// Writes the maps that are there to `into`, one behind the other; the numbers of those that are not.
    pub(crate) fn read(&self, keys: &[Key], into: &mut [f32]) -> io::Result<Vec<usize>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.look(&mut known)?;
        let mut missing = Vec::new();
        let mut by_file: BTreeMap<usize, Vec<(u64, usize)>> = BTreeMap::new();
        for (i, key) in keys.iter().enumerate() {
            match known.places.get(key) {
                Some(&(file, at)) => by_file.entry(file).or_default().push((at, i)),
                None => missing.push(i),
            }
        }
        let mut record = vec![0; self.record()];
        for (file, places) in by_file {
            let mut file = match File::open(&known.files[file]) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    missing.extend(places.iter().map(|(_, i)| i));
                    continue;
                }
                other => other?,
            };
            for (at, i) in places {
                file.seek(SeekFrom::Start(at * record.len() as u64))?;
                file.read_exact(&mut record)?;
                let (head, numbers) = record.split_at(HEAD);
                if head != [keys[i], Sha256::digest(numbers).into()].concat() {
                    missing.push(i);
                    continue;
                }
                let map = &mut into[i * self.len..][..self.len];
                for (number, bytes) in map.iter_mut().zip(numbers.as_chunks().0) {
                    *number = f32::from_le_bytes(*bytes);
                }
            }
        }
        missing.sort_unstable();
        Ok(missing)
    }

    /// Keeps maps, one behind the other.
    pub(crate) fn write(&self, keys: &[Key], maps: &[f32]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let name = hex(&Sha256::digest(keys.concat()));
        let path = self.folder.join(format!("{name}.{ENDING}"));
        files::fill(&path, |file| {
            let mut file = io::BufWriter::new(file);
            for (key, map) in keys.iter().zip(maps.chunks_exact(self.len)) {
                let numbers: Vec<u8> = map.iter().flat_map(|number| number.to_le_bytes()).collect();
                file.write_all(key)?;
                file.write_all(&Sha256::digest(&numbers))?;
                file.write_all(&numbers)?;
            }
            file.flush()
        })
    }

    /// Bytes of a key, a hash and a map.
    fn record(&self) -> usize {
        HEAD + 4 * self.len
    }

    /// Notes the keys in files that are new in the folder.
    fn look(&self, known: &mut Known) -> io::Result<()> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        for entry in entries {
            let path = entry?.path();
            let ours = path.extension().is_some_and(|ending| ending == ENDING);
            if !ours || known.files.contains(&path) {
                continue;
            }
            let mut file = File::open(&path)?;
            let n = file.metadata()?.len() / self.record() as u64;
            let number = known.files.len();
            known.files.push(path);
            for at in 0..n {
                let mut key = Key::default();
                file.seek(SeekFrom::Start(at * self.record() as u64))?;
                file.read_exact(&mut key)?;
                known.places.insert(key, (number, at));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    fn image(value: u8) -> Array3<u8> {
        Array3::from_elem((1, 2, 3), value)
    }

    fn keys(values: &[u8]) -> Vec<Key> {
        let key = |&value| KeptMaps::key(image(value).view());
        values.iter().map(key).collect()
    }

    #[test]
    fn maps_are_found_by_their_images_also_by_other_processes() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs) = (
            KeptMaps::new(dir.path(), "a", 2),
            KeptMaps::new(dir.path(), "a", 2),
        );
        let mut found = [0.0; 6];
        assert_eq!(ours.read(&keys(&[1, 2, 3]), &mut found).unwrap(), [0, 1, 2]);
        theirs
            .write(&keys(&[3, 1]), &[0.1, f32::MIN_POSITIVE, -1.0, 2.0])
            .unwrap();
        assert_eq!(ours.read(&keys(&[1, 2, 3]), &mut found).unwrap(), [1]);
        assert_eq!(found, [-1.0, 2.0, 0.0, 0.0, 0.1, f32::MIN_POSITIVE]);
        ours.write(&keys(&[2]), &[7.0, 8.0]).unwrap();
        assert_eq!(
            theirs.read(&keys(&[2, 2]), &mut found).unwrap(),
            [] as [usize; 0]
        );
        assert_eq!(found[..4], [7.0, 8.0, 7.0, 8.0]);
        for other in [
            KeptMaps::new(dir.path(), "b", 2),
            KeptMaps::new(dir.path(), "a", 3),
        ] {
            assert_eq!(other.read(&keys(&[2]), &mut found).unwrap(), [0]);
        }
    }

    #[test]
    fn a_damaged_map_is_absent_and_a_new_one_replaces_it() {
        let dir = tempfile::tempdir().unwrap();
        let kept = KeptMaps::new(dir.path(), "a", 2);
        kept.write(&keys(&[1, 2, 3]), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
            .unwrap();
        let file = fs::read_dir(&kept.folder)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let mut bytes = fs::read(&file).unwrap();
        bytes[72 + 64] ^= 1; // of the second map
        bytes.truncate(bytes.len() - 1); // of the third
        fs::write(&file, bytes).unwrap();
        let kept = KeptMaps::new(dir.path(), "a", 2);
        let mut found = [0.0; 6];
        assert_eq!(kept.read(&keys(&[1, 2, 3]), &mut found).unwrap(), [1, 2]);
        assert_eq!(found, [1.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
        kept.write(&keys(&[2, 3]), &[3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!(
            kept.read(&keys(&[1, 2, 3]), &mut found).unwrap(),
            [] as [usize; 0]
        );
        assert_eq!(found, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn the_size_of_an_image_is_part_of_its_key() {
        let turned = image(1).reversed_axes();
        assert_ne!(KeptMaps::key(turned.view()), KeptMaps::key(image(1).view()));
    }
}
