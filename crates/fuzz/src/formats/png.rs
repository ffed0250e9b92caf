//! PNG images whose chunks have the right checksums.

use flate2::Crc;

use super::{pack, unpack};
use crate::mutate;
use crate::random::Random;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const KINDS: [&[u8; 4]; 22] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"tEXt",
    b"zTXt", b"iTXt", b"bKGD", b"pHYs", b"sBIT", b"hIST", b"tIME", b"acTL", b"fcTL", b"fdAT",
    b"eXIf", b"cICP",
];
/// The depths that each kind of colour has.
const DEPTHS: [(u8, &[u8]); 5] = [
    (0, &[1, 2, 4, 8, 16]),
    (2, &[8, 16]),
    (3, &[1, 2, 4, 8]),
    (4, &[8, 16]),
    (6, &[8, 16]),
];

struct Chunk {
    kind: [u8; 4],
    data: Vec<u8>,
}

/// A small image of any kind; now and then something in it does not fit.
pub(crate) fn image(random: &mut Random) -> Vec<u8> {
    let (colour, depths) = DEPTHS[random.below(DEPTHS.len())];
    let depth = depths[random.below(depths.len())];
    let side = |random: &mut Random| {
        if random.one_in(40) {
            random.number() as u32
        } else {
            random.within(1, 20) as u32
        }
    };
    let (width, height) = (side(random), side(random));
    let interlaced = random.one_in(6);
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([depth, colour, 0, 0, u8::from(interlaced)]);
    if random.one_in(40) {
        let at = random.below(header.len());
        header[at] = random.byte();
    }
    let channels = match colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let row = (width.min(64) as usize * usize::from(depth) * channels).div_ceil(8);
    let mut rows = Vec::new();
    for _ in 0..height.min(64) {
        let filters = if random.one_in(60) { 256 } else { 5 };
        rows.push(random.below(filters) as u8);
        rows.extend(random.bytes(row));
    }
    if interlaced {
        rows.resize(rows.len() * 2, 0);
    }
    if random.one_in(30) {
        rows.truncate(random.below(rows.len() + 1));
    }
    let mut chunks = vec![Chunk {
        kind: *b"IHDR",
        data: header,
    }];
    if colour == 3 || random.one_in(10) {
        let entries = if random.one_in(12) {
            random.below(800)
        } else {
            3 * random.within(1, 256)
        };
        chunks.push(Chunk {
            kind: *b"PLTE",
            data: random.bytes(entries),
        });
    }
    if random.one_in(6) {
        let n = random.below(12);
        chunks.push(Chunk {
            kind: *KINDS[random.below(KINDS.len())],
            data: random.bytes(n),
        });
    }
    chunks.push(Chunk {
        kind: *b"IDAT",
        data: pack(&rows),
    });
    chunks.push(Chunk {
        kind: *b"IEND",
        data: Vec::new(),
    });
    if random.one_in(12) {
        change_chunks(random, &mut chunks);
    }
    file(&chunks)
}

/// An image with some of its chunks changed, and the checksums made anew.
pub(crate) fn change(random: &mut Random, seed: &[u8]) -> Vec<u8> {
    let mut chunks = chunks(seed);
    for _ in 0..1 + random.below(2) {
        change_chunks(random, &mut chunks);
    }
    file(&chunks)
}

fn change_chunks(random: &mut Random, chunks: &mut Vec<Chunk>) {
    let at = random.below(chunks.len());
    let Some(chunk) = chunks.get_mut(at) else {
        return;
    };
    match random.below(8) {
        0 => {
            chunks.remove(at);
        }
        1 => {
            let again = Chunk {
                kind: chunk.kind,
                data: chunk.data.clone(),
            };
            let to = random.below(chunks.len() + 1);
            chunks.insert(to, again);
        }
        2 => chunk.kind = *KINDS[random.below(KINDS.len())],
        3 => {
            let n = random.below(40);
            let new = Chunk {
                kind: *KINDS[random.below(KINDS.len())],
                data: random.bytes(n),
            };
            chunks.insert(at, new);
        }
        4 if chunk.kind == *b"IDAT" => {
            let mut rows = unpack(&chunk.data);
            mutate::bytes(random, &mut rows, &[], &[]);
            chunk.data = pack(&rows);
        }
        _ => mutate::bytes(random, &mut chunk.data, SIGNATURE, &[]),
    }
}

fn chunks(file: &[u8]) -> Vec<Chunk> {
    let mut rest = file.get(SIGNATURE.len()..).unwrap_or_default();
    let mut chunks = Vec::new();
    while let Some((start, after)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([start[0], start[1], start[2], start[3]]) as usize;
        let kind = [start[4], start[5], start[6], start[7]];
        let length = length.min(after.len());
        chunks.push(Chunk {
            kind,
            data: after[..length].to_vec(),
        });
        rest = after.get(length + 4..).unwrap_or_default();
    }
    chunks
}

fn file(chunks: &[Chunk]) -> Vec<u8> {
    let mut file = SIGNATURE.to_vec();
    for Chunk { kind, data } in chunks {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(data);
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(kind);
        file.extend(data);
        file.extend(crc.sum().to_be_bytes());
    }
    file
}

/// A grey image of 8 bits; each row begins with its filter.
pub(crate) fn grey(width: u32, height: u32, rows: &[u8]) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 0, 0, 0, 0]);
    file(&[
        Chunk {
            kind: *b"IHDR",
            data: header,
        },
        Chunk {
            kind: *b"IDAT",
            data: pack(rows),
        },
        Chunk {
            kind: *b"IEND",
            data: Vec::new(),
        },
    ])
}
