//! Weights as `torch.save` wrote them before PyTorch 1.6: pickles and raw numbers in one file.

mod error;
mod machine;
mod opcode;
mod value;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use ndarray::ArrayD;
use tch::{Kind, Tensor};

pub use self::error::PickleError;
use self::error::malformed;
use self::machine::Machine;
use self::value::Value;
use crate::FeaturesError;

/// Files above this are refused unread.
const MAX_BYTES: u64 = 1 << 31;
/// What every file of this format starts with, as a pickled number (`torch/serialization.py`).
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// The format's own version.
const PROTOCOL: i64 = 1001;

/// Named tensors, read without executing anything.
///
/// A pickle is a program. This reader knows the few instructions that a dictionary of tensors needs and
/// the names `collections.OrderedDict`, `torch._utils._rebuild_tensor_v2` and `torch.*Storage`, which it
/// takes as words; everything else is an error that says what stands where. Memory is bounded by the
/// file: a tensor is views into it until [`tensor`](Self::tensor) copies one out, strides honoured.
///
/// # Example
/// ```
/// let evil = b"cos\nsystem\n(X\x02\x00\x00\x00lstR."; // os.system("ls")
/// assert!(features::StateDict::parse(evil.to_vec()).is_err());
/// ```
#[derive(Debug)]
pub struct StateDict {
    bytes: Vec<u8>,
    tensors: BTreeMap<String, View>,
}

/// Where the numbers of a tensor are.
#[derive(Debug, Clone)]
struct View {
    kind: Kind,
    shape: Vec<usize>,
    strides: Vec<usize>,
    /// Bytes of the file from the tensor's first number to the storage's end.
    bytes: Range<usize>,
}

impl StateDict {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FeaturesError::File`] where it cannot be read, [`FeaturesError::Weights`] where it is refused.
    pub fn load(path: &Path) -> Result<Self, FeaturesError> {
        let io = |source| FeaturesError::File {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(io)?;
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        Self::parse(bytes).map_err(|source| FeaturesError::Weights {
            path: path.to_owned(),
            source,
        })
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`PickleError`] for all that is not a dictionary of tensors.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, PickleError> {
        if bytes.len() as u64 > MAX_BYTES {
            let found = "a file above 2 GiB";
            return Err(PickleError::Format { found });
        }
        if bytes.starts_with(b"PK") {
            let found = "a zip archive, as PyTorch 1.6 and later write";
            return Err(PickleError::Format { found });
        }
        let tensors = Reader::new(&bytes).state_dict()?;
        Ok(Self { bytes, tensors })
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// A copy of the tensor `name`, contiguous, on the CPU.
    ///
    /// # Errors
    /// [`FeaturesError::NoTensor`], [`FeaturesError::Torch`] where libtorch has no memory for it.
    pub fn tensor(&self, name: &str) -> Result<Tensor, FeaturesError> {
        let view = self.view(name)?;
        let shape: Vec<i64> = view.shape.iter().map(|&len| len as i64).collect();
        Ok(Tensor::f_from_data_size(
            &self.packed(view),
            &shape,
            view.kind,
        )?)
    }

    /// A copy of the tensor `name` where it has 32-bit floats.
    pub(crate) fn floats(&self, name: &str) -> Result<Option<ArrayD<f32>>, FeaturesError> {
        let view = self.view(name)?;
        if view.kind != Kind::Float {
            return Ok(None);
        }
        let packed = self.packed(view);
        let (numbers, _) = packed.as_chunks();
        let numbers = numbers.iter().map(|v| f32::from_le_bytes(*v)).collect();
        Ok(ArrayD::from_shape_vec(&view.shape[..], numbers).ok())
    }

    fn view(&self, name: &str) -> Result<&View, FeaturesError> {
        (self.tensors.get(name)).ok_or_else(|| FeaturesError::NoTensor {
            name: name.to_owned(),
        })
    }

    /// The bytes of a tensor's numbers, the last index running fastest.
    fn packed(&self, view: &View) -> Vec<u8> {
        let size = view.kind.elt_size_in_bytes();
        let source = &self.bytes[view.bytes.clone()];
        let n = view.shape.iter().product();
        let mut index = vec![0; view.shape.len()];
        let mut packed = Vec::with_capacity(n * size);
        for _ in 0..n {
            let at: usize = index.iter().zip(&view.strides).map(|(i, s)| i * s).sum();
            packed.extend_from_slice(&source[at * size..][..size]);
            // The last index runs fastest.
            for (i, &len) in index.iter_mut().zip(&view.shape).rev() {
                *i += 1;
                if *i < len {
                    break;
                }
                *i = 0;
            }
        }
        packed
    }
}

/// A storage by its key.
struct Storage {
    kind: Kind,
    numel: usize,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn state_dict(mut self) -> Result<BTreeMap<String, View>, PickleError> {
        let (machine, magic) = self.pickle()?;
        if !matches!(magic, Value::Long(range) if machine.bytes(range) == MAGIC) {
            let found = "a pickle without torch's magic number";
            return Err(PickleError::Format { found });
        }
        let at = self.at;
        let (_, version) = self.pickle()?;
        if !matches!(version, Value::Int(PROTOCOL)) {
            return malformed(at, format!("the format's version is not {PROTOCOL}"));
        }
        self.system()?;
        let start = self.at;
        let (machine, root) = self.pickle()?;
        let storages = self.storages(&machine)?;
        let mut tensors = BTreeMap::new();
        for &(name, value) in machine.dictionary(root, start)? {
            let name = machine.text(name, start)?;
            let view = view(&machine, value, &storages, name, start)?;
            tensors.insert(name.to_owned(), view);
        }
        Ok(tensors)
    }

    /// One pickle; the reader then stands behind it.
    fn pickle(&mut self) -> Result<(Machine<'a>, Value), PickleError> {
        let mut machine = Machine::new(self.bytes, self.at);
        let value = machine.run()?;
        self.at = machine.position();
        Ok((machine, value))
    }

    /// The writer's byte order has to be little-endian.
    fn system(&mut self) -> Result<(), PickleError> {
        let at = self.at;
        let (machine, system) = self.pickle()?;
        for &(key, value) in machine.dictionary(system, at)? {
            if machine.text(key, at)? == "little_endian" && !matches!(value, Value::Bool(true)) {
                return malformed(at, "the numbers are big-endian");
            }
        }
        Ok(())
    }

    /// The numbers of each storage, in the order of the list of keys before them.
    fn storages(
        &mut self,
        machine: &Machine<'_>,
    ) -> Result<BTreeMap<String, (Storage, usize)>, PickleError> {
        let mut known = BTreeMap::new();
        for (key, kind, numel, at) in machine.storages() {
            let before = known.insert(key.to_owned(), Storage { kind, numel });
            if before.is_some_and(|b| (b.kind, b.numel) != (kind, numel)) {
                return malformed(at, format!("two storages are called {key}"));
            }
        }
        let start = self.at;
        let (list, keys) = self.pickle()?;
        let mut found = BTreeMap::new();
        for &key in list.list(keys, start)? {
            let key = list.text(key, start)?;
            let Some(storage) = known.remove(key) else {
                return malformed(start, format!("no tensor has the storage {key}"));
            };
            let at = self.at;
            let header = self.take(8)?;
            let numel = u64::from_le_bytes(header.try_into().unwrap_or_default());
            if numel != storage.numel as u64 {
                let expected = storage.numel;
                let reason = format!("storage {key} has {numel} numbers, expected {expected}");
                return malformed(at, reason);
            }
            let first = self.at;
            self.take(numel.saturating_mul(storage.kind.elt_size_in_bytes() as u64))?;
            found.insert(key.to_owned(), (storage, first));
        }
        if let Some(key) = known.keys().next() {
            return malformed(start, format!("the storage {key} is not in the file"));
        }
        match self.bytes.len() - self.at {
            0 => Ok(found),
            more => malformed(self.at, format!("{more} bytes follow the last storage")),
        }
    }

    fn take(&mut self, n: u64) -> Result<&'a [u8], PickleError> {
        let left = (self.bytes.len() - self.at) as u64;
        if n > left {
            return Err(PickleError::Truncated {
                at: self.bytes.len(),
                missing: n - left,
            });
        }
        let taken = &self.bytes[self.at..][..n as usize];
        self.at += n as usize;
        Ok(taken)
    }
}

/// The view that a rebuilt tensor is, checked to lie within its storage.
fn view(
    machine: &Machine<'_>,
    value: Value,
    storages: &BTreeMap<String, (Storage, usize)>,
    name: &str,
    at: usize,
) -> Result<View, PickleError> {
    let Some(tensor) = machine.tensor(value) else {
        return malformed(at, format!("the value of {name} is not a tensor"));
    };
    let Some((storage, first)) = storages.get(tensor.key) else {
        return malformed(at, format!("the storage of {name} is not in the file"));
    };
    let outside = || malformed(at, format!("{name} does not fit into its storage"));
    if tensor.shape.len() != tensor.strides.len() {
        return malformed(at, format!("{name} has other axes than strides"));
    }
    // The last number's place, and no more numbers than the storage has: an axis of stride 0 could
    // promise any size.
    let mut last = Some(tensor.offset);
    let mut numel = Some(1usize);
    for (&len, &stride) in tensor.shape.iter().zip(&tensor.strides) {
        numel = numel.and_then(|n| n.checked_mul(len));
        let step = len.saturating_sub(1).checked_mul(stride);
        last = last.zip(step).and_then(|(a, b)| a.checked_add(b));
    }
    let (Some(last), Some(numel)) = (last, numel) else {
        return outside();
    };
    if numel > storage.numel
        || (numel > 0 && last >= storage.numel)
        || tensor.offset > storage.numel
    {
        return outside();
    }
    let size = storage.kind.elt_size_in_bytes();
    Ok(View {
        kind: storage.kind,
        shape: tensor.shape,
        strides: tensor.strides,
        bytes: first + tensor.offset * size..first + storage.numel * size,
    })
}
