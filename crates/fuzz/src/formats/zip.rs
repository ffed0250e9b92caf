//! Zip archives with checksums that are right, whatever the content, and sizes that may lie.

use std::io::{Cursor, Read, Write};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::mutate;
use crate::random::Random;

/// A member: its name and its bytes.
pub(crate) type Member = (String, Vec<u8>);

/// An archive of `members`; now and then one of its fields lies.
pub(crate) fn archive(random: &mut Random, members: &[Member]) -> Vec<u8> {
    let lying = random
        .one_in(12)
        .then(|| (random.below(members.len()), random.below(8)));
    let mut file = Vec::new();
    let mut directory = Vec::new();
    for (i, (name, bytes)) in members.iter().enumerate() {
        let mut crc = Crc::new();
        crc.update(bytes);
        let deflated = random.one_in(2);
        let data = if deflated {
            deflate(bytes)
        } else {
            bytes.clone()
        };
        let mut fields = [
            u64::from(deflated) * 8,
            u64::from(crc.sum()),
            data.len() as u64,
            bytes.len() as u64,
            name.len() as u64,
            file.len() as u64,
            0,
        ];
        let mut central = fields;
        if let Some((member, field)) = lying
            && member == i
            && field < fields.len()
        {
            let number = random.number();
            // In the directory alone, or in both places.
            central[field] = number;
            if random.one_in(2) {
                fields[field] = number;
            }
        }
        file.extend(b"PK\x03\x04");
        header(&mut file, &fields, name);
        file.extend(data);
        directory.extend(b"PK\x01\x02\x14\x00");
        header(&mut directory, &central, name);
        // Their places in a directory: extra field and comment come behind the name.
        let at = directory.len() - name.len();
        let more: Vec<u8> = [[0; 10].as_slice(), &(central[5] as u32).to_le_bytes()].concat();
        directory.splice(at..at, more);
    }
    let start = file.len();
    let mut end = [members.len() as u64, directory.len() as u64, start as u64];
    if lying.is_some_and(|(_, field)| field == 7) {
        end[random.below(3)] = random.number();
    }
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend((end[0] as u16).to_le_bytes());
    file.extend((end[0] as u16).to_le_bytes());
    file.extend((end[1] as u32).to_le_bytes());
    file.extend((end[2] as u32).to_le_bytes());
    file.extend([0, 0]);
    file
}

/// What both headers have: version, flags, method, time, checksum, sizes, lengths, name.
fn header(to: &mut Vec<u8>, fields: &[u64; 7], name: &str) {
    to.extend([20, 0, fields[6] as u8, 0]);
    to.extend((fields[0] as u16).to_le_bytes());
    to.extend([0, 0, 0x21, 0]);
    to.extend((fields[1] as u32).to_le_bytes());
    to.extend((fields[2] as u32).to_le_bytes());
    to.extend((fields[3] as u32).to_le_bytes());
    to.extend((fields[4] as u16).to_le_bytes());
    to.extend([0, 0]);
    to.extend(name.as_bytes());
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

/// The members of an archive; none where it is damaged.
pub(crate) fn members(archive: &[u8]) -> Vec<Member> {
    let mut members = Vec::new();
    if let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(archive)) {
        for i in 0..archive.len() {
            let mut bytes = Vec::new();
            if let Ok(mut member) = archive.by_index(i)
                && let Ok(name) = member.name().map(|name| name.into_owned())
                && member.read_to_end(&mut bytes).is_ok()
            {
                members.push((name, bytes));
            }
        }
    }
    members
}

/// The archive with one member changed, and whole again: checksums and sizes fit.
pub(crate) fn change(random: &mut Random, seed: &[u8], tokens: &[&[u8]]) -> Vec<u8> {
    let mut members = members(seed);
    if members.is_empty() {
        return seed.to_vec();
    }
    let at = random.below(members.len());
    match random.below(12) {
        0 => {
            members[at].0 = random
                .pick(&["X.npy", "y.npy", "X", "", "../X.npy", "a/b", "\u{e9}"])
                .to_owned()
        }
        1 => {
            members.remove(at);
        }
        2 => {
            let again = members[at].clone();
            members.push(again);
        }
        _ => {
            let others = seed.to_vec();
            mutate::bytes(random, &mut members[at].1, &others, tokens);
        }
    }
    if members.is_empty() {
        return Vec::new();
    }
    archive(random, &members)
}
