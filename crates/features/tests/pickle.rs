//! Files of weights as PyTorch before 1.6 wrote them, good and hostile.

use features::{FeaturesError, PickleError, StateDict};
use tch::Kind;

const HEAD: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\
    \x80\x02M\xe9\x03.\
    \x80\x02}X\x0d\x00\x00\x00little_endian\x88s.";

/// A file whose object pickle is `object` and whose storages are `storages`.
fn file(object: &[u8], storages: &[(&str, Vec<u8>, u64)]) -> Vec<u8> {
    let mut file = [HEAD, b"\x80\x02", object, b".\x80\x02]("].concat();
    for (key, _, _) in storages {
        file.extend(text(key));
    }
    file.extend(b"e.");
    for (_, bytes, numel) in storages {
        file.extend(numel.to_le_bytes());
        file.extend(bytes);
    }
    file
}

/// `BINUNICODE`.
fn text(text: &str) -> Vec<u8> {
    [
        b"X",
        &(text.len() as u32).to_le_bytes()[..],
        text.as_bytes(),
    ]
    .concat()
}

/// `BININT`.
fn int(value: i32) -> Vec<u8> {
    [b"J", &value.to_le_bytes()[..]].concat()
}

fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(", &items.concat()[..], b"t"].concat()
}

fn ints(values: &[i32]) -> Vec<u8> {
    tuple(&values.iter().map(|&v| int(v)).collect::<Vec<_>>())
}

fn storage(kind: &str, key: &str, numel: i32) -> Vec<u8> {
    let global = format!("ctorch\n{kind}\n").into_bytes();
    let id = [
        text("storage"),
        global,
        text(key),
        text("cpu"),
        int(numel),
        b"N".to_vec(),
    ];
    [&tuple(&id)[..], b"Q"].concat()
}

fn tensor(storage: Vec<u8>, offset: i32, shape: &[i32], strides: &[i32]) -> Vec<u8> {
    let arguments = [
        storage,
        int(offset),
        ints(shape),
        ints(strides),
        b"\x89".to_vec(),
        b"N".to_vec(),
    ];
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n",
        &tuple(&arguments)[..],
        b"R",
    ]
    .concat()
}

/// An `OrderedDict` of the named values, with attributes as `state_dict()` has them.
fn dictionary(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut object = b"ccollections\nOrderedDict\n)R(".to_vec();
    for (name, value) in items {
        object.extend(text(name));
        object.extend(value);
    }
    object.extend(b"u}");
    object.extend(text("_metadata"));
    object.extend(b"}sb");
    object
}

fn floats(n: u8) -> Vec<u8> {
    (0..n).flat_map(|i| f32::from(i).to_le_bytes()).collect()
}

/// One tensor over a storage of six numbers.
fn one(offset: i32, shape: &[i32], strides: &[i32]) -> Vec<u8> {
    let tensor = tensor(storage("FloatStorage", "7", 6), offset, shape, strides);
    file(&dictionary(&[("w", tensor)]), &[("7", floats(6), 6)])
}

fn error(bytes: Vec<u8>) -> PickleError {
    StateDict::parse(bytes).unwrap_err()
}

#[test]
fn strides_offsets_and_kinds_are_honoured() {
    let values = |bytes: Vec<u8>| {
        let w = StateDict::parse(bytes).unwrap().tensor("w").unwrap();
        (w.size(), Vec::<f32>::try_from(w.flatten(0, -1)).unwrap())
    };
    let (shape, found) = values(one(0, &[3, 2], &[1, 3]));
    assert_eq!(
        (shape, found),
        (vec![3, 2], vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0])
    );
    assert_eq!(values(one(1, &[2, 2], &[3, 1])).1, [1.0, 2.0, 4.0, 5.0]);
    assert_eq!(values(one(5, &[], &[])), (vec![], vec![5.0]));
    assert!(values(one(6, &[0, 3], &[3, 1])).1.is_empty());

    let long = tensor(storage("LongStorage", "a", 2), 0, &[2], &[1]);
    let shared = tensor(storage("FloatStorage", "b", 2), 1, &[1], &[1]);
    let bytes = [7i64, -8].map(i64::to_le_bytes).concat();
    let object = dictionary(&[("n", long), ("w", shared)]);
    // Storages come in an order of their own.
    let all = file(&object, &[("b", floats(2), 2), ("a", bytes, 2)]);
    let dict = StateDict::parse(all).unwrap();
    assert_eq!(dict.names().collect::<Vec<_>>(), ["n", "w"]);
    let n = dict.tensor("n").unwrap();
    assert_eq!(n.kind(), Kind::Int64);
    assert_eq!(Vec::<i64>::try_from(n).unwrap(), [7, -8]);
    assert_eq!(dict.tensor("w").unwrap().double_value(&[0]), 1.0);
    let missing = dict.tensor("x").unwrap_err();
    assert!(matches!(missing, FeaturesError::NoTensor { name } if name == "x"));
}

#[test]
fn code_is_named_and_never_run() {
    let dir = tempfile::tempdir().unwrap();
    let proof = dir.path().join("ran");
    let command = format!("touch {}", proof.display());
    let system = [b"cposix\nsystem\n", &tuple(&[text(&command)])[..], b"R"].concat();
    let at = HEAD.len() + 2;
    let expected = |name: &str| PickleError::Global {
        name: name.to_owned(),
        at,
    };
    assert_eq!(error(file(&system, &[])), expected("posix.system"));
    for name in [
        "builtins\neval",
        "os\nsystem",
        "torch\nload",
        "torch._utils\n_rebuild_tensor",
        "collections\nOrderedDict\0",
        "torch.FloatStorage\n__init__",
    ] {
        let found = error(file(format!("c{name}\n)R").as_bytes(), &[]));
        let name = name.replace('\n', ".").escape_debug().to_string();
        assert_eq!(found, expected(&name));
    }
    // In the pickles before the object, too.
    let early = [&HEAD[..20], b"\x80\x02cposix\nsystem\n)R."].concat();
    assert!(matches!(error(early), PickleError::Global { .. }));
    assert!(!proof.exists());
}

#[test]
fn opcodes_that_weights_do_not_need_are_named_with_their_place() {
    let at = HEAD.len() + 2;
    for (code, name) in [
        (b'i', "INST"),
        (b'o', "OBJ"),
        (0x81, "NEWOBJ"),
        (0x92, "NEWOBJ_EX"),
        (0x93, "STACK_GLOBAL"),
        (0x82, "EXT1"),
        (b'P', "PERSID"),
        (b'2', "DUP"),
        (0x97, "NEXT_BUFFER"),
        (0xff, "unknown to pickle"),
    ] {
        let found = error(file(&[code, b'x', b'\n'], &[]));
        assert_eq!(found, PickleError::Opcode { name, code, at });
    }
    let text = error(file(b"ios\nsystem\n", &[])).to_string();
    assert_eq!(
        text,
        format!("the opcode INST (0x69) at byte {at} is not allowed: weights need none")
    );
}

#[test]
fn calls_of_known_names_with_other_arguments_are_refused() {
    for object in [
        &b"ccollections\nOrderedDict\n(K\x01tR"[..],
        b"ctorch\nFloatStorage\n)R",
        b"ctorch._utils\n_rebuild_tensor_v2\n)R",
        b")Q",
        b"K\x05)R",
        b"}K\x01b",
        b"K\x01K\x02s",
        b"K\x01K\x02a",
        b"}(K\x01u",
        b"t",
        b"\x85",
        b"(\x85",
        b"R",
        b"h\x05",
        b"K\x01",
        b"",
    ] {
        let found = error(file(object, &[]));
        let fine = matches!(
            found,
            PickleError::Malformed { .. } | PickleError::Opcode { .. }
        );
        assert!(fine, "{object:?}: {found}");
    }
}

#[test]
fn every_cut_is_an_error() {
    let whole = one(0, &[3, 2], &[1, 3]);
    for n in 0..whole.len() {
        let found = error(whole[..n].to_vec());
        assert!(
            matches!(found, PickleError::Truncated { .. }),
            "{n}: {found}"
        );
    }
    let more = [&whole[..], b"x"].concat();
    assert!(
        error(more)
            .to_string()
            .contains("1 bytes follow the last storage")
    );
}

#[test]
fn no_byte_changed_makes_it_panic() {
    let whole = one(1, &[2, 2], &[3, 1]);
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            if let Ok(dict) = StateDict::parse(bytes) {
                let names: Vec<String> = dict.names().map(str::to_owned).collect();
                for name in names {
                    let _ = dict.tensor(&name).unwrap();
                }
            }
        }
    }
}

#[test]
fn sizes_that_do_not_fit_cost_no_memory() {
    for (offset, shape, strides) in [
        (0, &[i32::MAX, i32::MAX, i32::MAX][..], &[0, 0, 0][..]), // any size from one number
        (0, &[7], &[1]),
        (0, &[2], &[6]),
        (5, &[2], &[1]),
        (7, &[0], &[1]),
        (i32::MAX, &[], &[]),
        (0, &[2, 2], &[i32::MAX, i32::MAX]),
        (0, &[2], &[1, 1]),
        (-1, &[2], &[1]),
        (0, &[-2], &[1]),
        (0, &[2], &[-1]),
        (0, &[1; 17], &[1; 17]),
    ] {
        let found = error(one(offset, shape, strides));
        assert!(matches!(found, PickleError::Malformed { .. }), "{found}");
    }
    let huge = tensor(storage("FloatStorage", "0", i32::MAX), 0, &[1], &[1]);
    let huge = dictionary(&[("w", huge)]);
    let promised = file(&huge, &[("0", floats(2), i32::MAX as u64)]);
    let missing = i32::MAX as u64 * 4 - 8;
    assert!(matches!(error(promised), PickleError::Truncated { missing: m, .. } if m == missing));
    let other = file(&huge, &[("0", floats(2), u64::MAX)]);
    assert!(matches!(error(other), PickleError::Malformed { .. }));
    // A text of 4 GiB, and a pickle that makes a value with every byte.
    let long = [HEAD, b"\x80\x02X\xff\xff\xff\xff"].concat();
    assert!(matches!(error(long), PickleError::Truncated { .. }));
    let many = file(&vec![b')'; 5 << 20], &[]);
    assert!(
        error(many)
            .to_string()
            .contains("a pickle of more than 4 MiB")
    );
    // Nested a million deep: nothing is walked in depth.
    let deep = file(&[&[b')'][..], &vec![0x85; 1 << 20]].concat(), &[]);
    assert!(matches!(error(deep), PickleError::Malformed { .. }));
}

#[test]
fn storages_have_to_agree() {
    let w = |numel| tensor(storage("FloatStorage", "7", numel), 0, &[2], &[1]);
    let two = dictionary(&[("a", w(6)), ("b", w(5))]);
    assert!(
        error(file(&two, &[("7", floats(6), 6)]))
            .to_string()
            .contains("two storages are called 7")
    );
    let one = dictionary(&[("a", w(6))]);
    assert!(
        error(file(&one, &[]))
            .to_string()
            .contains("the storage 7 is not in the file")
    );
    let other = error(file(&one, &[("8", floats(6), 6)]));
    assert!(other.to_string().contains("no tensor has the storage 8"));
    let nested = dictionary(&[("a", b"}".to_vec())]);
    assert!(
        error(file(&nested, &[]))
            .to_string()
            .contains("the value of a is not a tensor")
    );
}

#[test]
fn other_formats_are_told_apart() {
    for (bytes, found) in [
        (
            &b"PK\x03\x04"[..],
            "a zip archive, as PyTorch 1.6 and later write",
        ),
        (b"\x80\x02K\x01.", "a pickle without torch's magic number"),
    ] {
        assert_eq!(error(bytes.to_vec()), PickleError::Format { found });
    }
    let new = [&HEAD[..15], b"\x80\x02M\xea\x03."].concat();
    assert!(
        error(new)
            .to_string()
            .contains("the format's version is not 1001")
    );
    let big = HEAD
        .iter()
        .map(|&b| if b == 0x88 { 0x89 } else { b })
        .collect();
    assert!(error(big).to_string().contains("big-endian"));
}
