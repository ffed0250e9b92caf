//! The page's markup, and addresses that hold what they lead to.

pub(crate) use charts::Markup as Html;

/// `data:` address of a text, for links that work without a server.
pub(crate) fn data_address(kind: &str, text: &str) -> String {
    let mut address = format!("data:{kind};charset=utf-8,");
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b',' => {
                address.push(char::from(byte));
            }
            _ => address += &format!("%{byte:02X}"),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_plain_characters_only() {
        let address = data_address("text/csv", "a,\"ü\"\n");
        assert_eq!(address, "data:text/csv;charset=utf-8,a,%22%C3%BC%22%0A");
    }
}
