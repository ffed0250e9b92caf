//! Lines of text, changed as hands and other systems change them.

use crate::mutate;
use crate::random::Random;

/// One to three changes of lines, line ends, encodings and nesting.
pub(crate) fn change(random: &mut Random, seed: &[u8], tokens: &[&[u8]]) -> Vec<u8> {
    let mut text = seed.to_vec();
    for _ in 0..1 + random.below(3) {
        text = match random.below(12) {
            0 => [b"\xef\xbb\xbf".as_slice(), &text].concat(),
            1 => crlf(&text),
            2 => utf16(&text),
            3..=6 => lines(random, &text, tokens),
            7 => deep(random, text),
            _ => {
                let others = text.clone();
                mutate::bytes(random, &mut text, &others, tokens);
                text
            }
        };
    }
    text.truncate(mutate::MOST_BYTES);
    text
}

fn crlf(text: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(text)
        .replace('\n', "\r\n")
        .into_bytes()
}

fn utf16(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

fn lines(random: &mut Random, text: &[u8], tokens: &[&[u8]]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let at = random.below(lines.len());
    match random.below(5) {
        0 => {
            lines.remove(at);
        }
        1 => lines.insert(at, lines[at].clone()),
        2 => lines.swap(0, at),
        3 if !tokens.is_empty() => lines.insert(at, tokens[random.below(tokens.len())].to_vec()),
        _ => lines[at] = number_in(random, &lines[at]),
    }
    lines.join(&b'\n')
}

/// The line with its first number replaced.
fn number_in(random: &mut Random, line: &[u8]) -> Vec<u8> {
    let Some(start) = line.iter().position(u8::is_ascii_digit) else {
        return line.to_vec();
    };
    let end = line[start..]
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .map_or(line.len(), |n| start + n);
    [
        &line[..start],
        random.number_text().as_bytes(),
        &line[end..],
    ]
    .concat()
}

/// Something that opens again and again.
fn deep(random: &mut Random, mut text: Vec<u8>) -> Vec<u8> {
    let open = random.pick(&[
        "[", "{", "{a=", "{\"a\":", "a.", "(", "[[", "\"", "'", "@1", ":a", "../",
    ]);
    let times = if random.one_in(10) {
        random.below(20_000)
    } else {
        random.below(300)
    };
    let at = random.below(text.len() + 1);
    let nested = open.as_bytes().repeat(times);
    text.splice(at..at, nested);
    text
}
