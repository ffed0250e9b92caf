//! The few instructions of pickle that a dictionary of tensors needs.

use std::collections::HashMap;

use tch::Kind;

use super::error::{PickleError, malformed};
use super::opcode;
use super::value::{Global, Span, TensorOf, Value, size};

/// Longest module or name of a global.
const MAX_NAME: usize = 256;
/// Longest pickle: an instruction of one byte can make a value of 56. A dictionary of 300 tensors has
/// 42 kB.
const MAX_PICKLE: usize = 4 << 20;
/// Most axes of a tensor; one list of them can be meant by many tensors.
const MAX_AXES: usize = 16;

struct Storage {
    key: Span,
    kind: Kind,
    numel: usize,
    at: usize,
}

/// What `_rebuild_tensor_v2` was given.
#[derive(Debug, Clone)]
struct Rebuilt {
    storage: usize,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

/// Runs one pickle.
pub(super) struct Machine<'a> {
    file: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Lengths of the stack where marks were set.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    sequences: Vec<Vec<Value>>,
    dictionaries: Vec<Vec<(Value, Value)>>,
    storages: Vec<Storage>,
    tensors: Vec<Rebuilt>,
}

impl<'a> Machine<'a> {
    /// A machine for the pickle that starts at byte `at`.
    pub(super) fn new(file: &'a [u8], at: usize) -> Self {
        Self {
            file,
            at,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            sequences: Vec::new(),
            dictionaries: Vec::new(),
            storages: Vec::new(),
            tensors: Vec::new(),
        }
    }

    /// Runs to the end of the pickle; what it made.
    pub(super) fn run(&mut self) -> Result<Value, PickleError> {
        let start = self.at;
        loop {
            let at = self.at;
            if at - start > MAX_PICKLE {
                return malformed(at, "a pickle of more than 4 MiB");
            }
            let code = self.take(1)?[0];
            if code == b'.' {
                return self.pop(at);
            }
            self.step(code, at)?;
        }
    }

    /// Where the next instruction or what follows the pickle is.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn bytes(&self, span: Span) -> &'a [u8] {
        &self.file[span.start..span.end]
    }

    /// The pairs of a dictionary.
    pub(super) fn dictionary(
        &self,
        value: Value,
        at: usize,
    ) -> Result<&[(Value, Value)], PickleError> {
        match value {
            Value::Dictionary(index) => Ok(&self.dictionaries[index]),
            _ => malformed(at, "the pickle that starts here is not a dictionary"),
        }
    }

    pub(super) fn list(&self, value: Value, at: usize) -> Result<&[Value], PickleError> {
        match value {
            Value::Sequence(index) => Ok(&self.sequences[index]),
            _ => malformed(at, "expected a list or tuple"),
        }
    }

    pub(super) fn text(&self, value: Value, at: usize) -> Result<&'a str, PickleError> {
        match value {
            // Checked when it was pushed.
            Value::Text(span) => Ok(std::str::from_utf8(self.bytes(span)).unwrap_or_default()),
            _ => malformed(at, "expected a text"),
        }
    }

    /// Key, kind, numbers and place of each storage.
    pub(super) fn storages(&self) -> impl Iterator<Item = (&'a str, Kind, usize, usize)> {
        self.storages.iter().map(|s| {
            let key = std::str::from_utf8(self.bytes(s.key)).unwrap_or_default();
            (key, s.kind, s.numel, s.at)
        })
    }

    /// `None` for what is not a tensor.
    pub(super) fn tensor(&self, value: Value) -> Option<TensorOf<'a>> {
        let Value::Tensor(index) = value else {
            return None;
        };
        let tensor = self.tensors[index].clone();
        let key = self.bytes(self.storages[tensor.storage].key);
        Some(TensorOf {
            key: std::str::from_utf8(key).unwrap_or_default(),
            offset: tensor.offset,
            shape: tensor.shape,
            strides: tensor.strides,
        })
    }

    /// One instruction, `code` at byte `at`; the names are those of `pickletools`.
    fn step(&mut self, code: u8, at: usize) -> Result<(), PickleError> {
        match code {
            0x80 => self.protocol(at)?,                  // PROTO
            b'N' => self.stack.push(Value::None),        // NONE
            0x88 => self.stack.push(Value::Bool(true)),  // NEWTRUE
            0x89 => self.stack.push(Value::Bool(false)), // NEWFALSE
            b'K' | b'M' | b'J' => self.int(code)?,       // BININT1, BININT2, BININT
            0x8a => self.long()?,                        // LONG1
            b'X' => self.unicode(at)?,                   // BINUNICODE
            b'(' => self.marks.push(self.stack.len()),   // MARK
            b')' | b']' => self.sequence(Vec::new()),    // EMPTY_TUPLE, EMPTY_LIST
            b't' => {
                let items = self.above_mark(at)?;
                self.sequence(items); // TUPLE
            }
            0x85..=0x87 => {
                let items = self.pop_many(usize::from(code - 0x84), at)?;
                self.sequence(items); // TUPLE1, TUPLE2, TUPLE3
            }
            b'}' => self.empty_dictionary(), // EMPTY_DICT
            b'a' => {
                let items = self.pop_many(1, at)?;
                self.append(items, at)?; // APPEND
            }
            b'e' => {
                let items = self.above_mark(at)?;
                self.append(items, at)?; // APPENDS
            }
            b's' => {
                let items = self.pop_many(2, at)?;
                self.set_items(&items, at)?; // SETITEM
            }
            b'u' => {
                let items = self.above_mark(at)?;
                self.set_items(&items, at)?; // SETITEMS
            }
            b'q' | b'r' => {
                let index = self.index(code == b'r')?; // BINPUT, LONG_BINPUT
                let top = self.pop(at)?;
                self.stack.push(top);
                self.memo.insert(index, top);
            }
            b'h' | b'j' => {
                let index = self.index(code == b'j')?; // BINGET, LONG_BINGET
                match self.memo.get(&index) {
                    Some(&value) => self.stack.push(value),
                    None => return malformed(at, format!("nothing was kept as number {index}")),
                }
            }
            b'c' => self.global(at)?,     // GLOBAL
            b'Q' => self.persistent(at)?, // BINPERSID
            b'R' => self.reduce(at)?,     // REDUCE
            b'b' => self.build(at)?,      // BUILD
            _ => {
                let name = opcode::name(code);
                return Err(PickleError::Opcode { name, code, at });
            }
        }
        Ok(())
    }

    fn protocol(&mut self, at: usize) -> Result<(), PickleError> {
        match self.take(1)?[0] {
            2 => Ok(()),
            other => malformed(at, format!("pickle protocol {other}, expected 2")),
        }
    }

    fn int(&mut self, code: u8) -> Result<(), PickleError> {
        let value = match code {
            b'K' => i64::from(self.take(1)?[0]),
            b'M' => i64::from(u16::from_le_bytes(self.array()?)),
            _ => i64::from(i32::from_le_bytes(self.array()?)),
        };
        self.stack.push(Value::Int(value));
        Ok(())
    }

    fn long(&mut self) -> Result<(), PickleError> {
        let n = usize::from(self.take(1)?[0]);
        let start = self.at;
        let bytes = self.take(n)?;
        let value = match n {
            // Sign-extended from its highest byte.
            0..=8 => {
                let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
                let mut all = [if negative { 0xff } else { 0 }; 8];
                all[..n].copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(all))
            }
            _ => Value::Long(Span {
                start,
                end: self.at,
            }),
        };
        self.stack.push(value);
        Ok(())
    }

    fn unicode(&mut self, at: usize) -> Result<(), PickleError> {
        let n = u32::from_le_bytes(self.array()?) as usize;
        let start = self.at;
        if std::str::from_utf8(self.take(n)?).is_err() {
            return malformed(at, "a text that is not UTF-8");
        }
        let end = self.at;
        self.stack.push(Value::Text(Span { start, end }));
        Ok(())
    }

    fn sequence(&mut self, items: Vec<Value>) {
        self.stack.push(Value::Sequence(self.sequences.len()));
        self.sequences.push(items);
    }

    fn empty_dictionary(&mut self) {
        self.stack.push(Value::Dictionary(self.dictionaries.len()));
        self.dictionaries.push(Vec::new());
    }

    fn append(&mut self, items: Vec<Value>, at: usize) -> Result<(), PickleError> {
        match self.stack.last() {
            Some(&Value::Sequence(index)) => {
                self.sequences[index].extend(items);
                Ok(())
            }
            _ => malformed(at, "appended to what is not a list"),
        }
    }

    fn set_items(&mut self, items: &[Value], at: usize) -> Result<(), PickleError> {
        let (pairs, rest) = items.as_chunks::<2>();
        match self.stack.last() {
            Some(&Value::Dictionary(index)) if rest.is_empty() => {
                let pairs = pairs.iter().map(|&[key, value]| (key, value));
                self.dictionaries[index].extend(pairs);
                Ok(())
            }
            _ => malformed(at, "items set on what is not a dictionary"),
        }
    }

    /// A number in the memo.
    fn index(&mut self, long: bool) -> Result<u32, PickleError> {
        Ok(match long {
            true => u32::from_le_bytes(self.array()?),
            false => u32::from(self.take(1)?[0]),
        })
    }

    fn global(&mut self, at: usize) -> Result<(), PickleError> {
        let (module, name) = (self.line(at)?, self.line(at)?);
        let Some(global) = Global::find(module, name) else {
            let [module, name] = [module, name].map(String::from_utf8_lossy);
            let name = format!("{module}.{name}").escape_debug().to_string();
            return Err(PickleError::Global { name, at });
        };
        self.stack.push(Value::Global(global));
        Ok(())
    }

    /// `('storage', kind, key, location, numel, None)`: a storage that stands behind the pickles.
    fn persistent(&mut self, at: usize) -> Result<(), PickleError> {
        let id = self.pop(at)?;
        let items = self.list(id, at)?;
        let &[
            tag,
            Value::Global(Global::Storage(kind)),
            Value::Text(key),
            _,
            numel,
            Value::None,
        ] = items
        else {
            return malformed(at, "expected ('storage', type, key, location, size, None)");
        };
        if self.text(tag, at)? != "storage" {
            return malformed(at, "a persistent object that is not a storage");
        }
        let numel = size(numel, at)?;
        self.stack.push(Value::Storage(self.storages.len()));
        self.storages.push(Storage {
            key,
            kind,
            numel,
            at,
        });
        Ok(())
    }

    /// The two calls that are understood: an empty `OrderedDict()` and `_rebuild_tensor_v2(..)`.
    fn reduce(&mut self, at: usize) -> Result<(), PickleError> {
        let arguments = self.pop(at)?;
        let callable = self.pop(at)?;
        let arguments = self.list(arguments, at)?;
        match (callable, arguments) {
            (Value::Global(Global::OrderedDict), []) => self.empty_dictionary(),
            (
                Value::Global(Global::RebuildTensor),
                // requires_grad and hooks do not matter for weights that are only read.
                &[Value::Storage(storage), offset, shape, strides, _, _],
            ) => {
                let sizes = |value| -> Result<Vec<usize>, PickleError> {
                    let axes = self.list(value, at)?;
                    if axes.len() > MAX_AXES {
                        return malformed(at, format!("a tensor of {} axes", axes.len()));
                    }
                    axes.iter().map(|&v| size(v, at)).collect()
                };
                let rebuilt = Rebuilt {
                    storage,
                    offset: size(offset, at)?,
                    shape: sizes(shape)?,
                    strides: sizes(strides)?,
                };
                self.stack.push(Value::Tensor(self.tensors.len()));
                self.tensors.push(rebuilt);
            }
            _ => {
                return malformed(
                    at,
                    "a call of other than OrderedDict() or _rebuild_tensor_v2(..)",
                );
            }
        }
        Ok(())
    }

    /// Attributes of an `OrderedDict` (its `_metadata`), which are left out.
    fn build(&mut self, at: usize) -> Result<(), PickleError> {
        let state = self.pop(at)?;
        match (self.stack.last(), state) {
            (Some(Value::Dictionary(_)), Value::Dictionary(_)) => Ok(()),
            _ => malformed(at, "attributes set on what is not a dictionary"),
        }
    }

    fn pop(&mut self, at: usize) -> Result<Value, PickleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return malformed(at, "nothing on the stack");
        }
        self.stack.pop().ok_or(PickleError::Malformed {
            at,
            reason: "nothing on the stack".to_owned(),
        })
    }

    fn pop_many(&mut self, n: usize, at: usize) -> Result<Vec<Value>, PickleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len().checked_sub(n) {
            Some(from) if from >= floor => Ok(self.stack.split_off(from)),
            _ => malformed(at, "too little on the stack"),
        }
    }

    fn above_mark(&mut self, at: usize) -> Result<Vec<Value>, PickleError> {
        match self.marks.pop() {
            Some(from) => Ok(self.stack.split_off(from)),
            None => malformed(at, "no mark on the stack"),
        }
    }

    /// Up to the next line feed.
    fn line(&mut self, at: usize) -> Result<&'a [u8], PickleError> {
        let rest = &self.file[self.at..];
        let within = &rest[..rest.len().min(MAX_NAME + 1)];
        let Some(n) = within.iter().position(|&b| b == b'\n') else {
            return match rest.len() > MAX_NAME {
                true => malformed(at, "a name of more than 256 bytes"),
                false => Err(self.truncated(1)),
            };
        };
        self.at += n + 1;
        Ok(&rest[..n])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        match self.take(N)?.first_chunk() {
            Some(bytes) => Ok(*bytes),
            None => Err(self.truncated(N as u64)),
        }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], PickleError> {
        let left = self.file.len() - self.at;
        if n > left {
            return Err(self.truncated((n - left) as u64));
        }
        let taken = &self.file[self.at..][..n];
        self.at += n;
        Ok(taken)
    }

    fn truncated(&self, missing: u64) -> PickleError {
        PickleError::Truncated {
            at: self.file.len(),
            missing,
        }
    }
}
