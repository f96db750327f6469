//! Addresses of Bitcoin (base58 with a checksum, BIP 173 and 350) and of Ethereum (EIP-55).

use super::{
    super::{
        finding::Hit,
        kind::Kind,
        view::{Need, View},
    },
    hash::{keccak_256, sha_256},
    net::goes_on,
    number,
};

/// BIP 173: no address is longer.
const LONGEST: usize = 90;

/// The address that is the token whose first digit is at `at`.
pub(in super::super) fn look(view: &View, at: usize, floor: usize) -> Result<Option<Hit>, Need> {
    let start = match view.bytes(at.saturating_sub(2), at) {
        b"bc" | b"BC" | b"tb" | b"TB" => at - 2,
        _ => at,
    };
    if !number::starts(view, start, floor) {
        return Ok(None);
    }
    let first = view.bytes(start, start + 1);
    let may = start < at || matches!(first, [b'1' | b'3']) || view.starts_with(start, b"0x")?;
    if !may {
        return Ok(None);
    }
    let mut end = start;
    while view.byte(end)?.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        end += 1;
        if end - start > LONGEST {
            return Ok(None);
        }
    }
    if goes_on(view, end)? {
        return Ok(None);
    }
    let token = view.bytes(start, end);
    let rule = match token {
        [b'0', b'x', hex @ ..] if is_ethereum(hex) => "ethereum",
        [b'1' | b'3', ..] if is_base58(token) => "bitcoin",
        [b'b' | b't' | b'B' | b'T', ..] if is_bech32(token) => "bitcoin",
        _ => return Ok(None),
    };
    Ok(Some(Hit::new(Kind::CryptoAddress, start, end, true, rule)))
}

/// EIP-55: the case of letters is a checksum, where there are both.
fn is_ethereum(hex: &[u8]) -> bool {
    if hex.len() != 40 || !hex.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let one_case = !(hex.iter().any(u8::is_ascii_lowercase) && hex.iter().any(u8::is_ascii_uppercase));
    if one_case {
        return true;
    }
    let hash = keccak_256(&hex.to_ascii_lowercase());
    hex.iter().enumerate().all(|(place, byte)| {
        let pair = hash.get(place / 2).copied().unwrap_or_default();
        let nibble = if place % 2 == 0 { pair >> 4 } else { pair & 15 };
        byte.is_ascii_digit() || byte.is_ascii_uppercase() == (nibble > 7)
    })
}

/// 25 bytes in base 58, the last four the beginning of a hash over the hash of the others.
fn is_base58(token: &[u8]) -> bool {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if !(26..=35).contains(&token.len()) {
        return false;
    }
    let mut bytes = [0_u8; 25];
    for byte in token {
        let Some(value) = ALPHABET.iter().position(|known| known == byte) else { return false };
        let mut carry = value as u32;
        for slot in bytes.iter_mut().rev() {
            carry += u32::from(*slot) * 58;
            *slot = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    let (body, check) = bytes.split_at(21);
    sha_256(&sha_256(body)).starts_with(check)
}

/// BIP 173 (constant 1) and BIP 350.
fn is_bech32(token: &[u8]) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let mixed = token.iter().any(u8::is_ascii_lowercase) && token.iter().any(u8::is_ascii_uppercase);
    if mixed || !(14..=LONGEST).contains(&token.len()) {
        return false;
    }
    let mut sum = 1_u32;
    let mut take = |value: u32| {
        let top = sum >> 25;
        sum = (sum & 0x1ff_ffff) << 5 ^ value;
        for (place, generator) in GENERATOR.iter().enumerate() {
            if top >> place & 1 == 1 {
                sum ^= generator;
            }
        }
    };
    let lower = token.to_ascii_lowercase();
    let (prefix, data) = lower.split_at(2);
    prefix.iter().for_each(|byte| take(u32::from(byte >> 5)));
    take(0);
    prefix.iter().for_each(|byte| take(u32::from(byte & 31)));
    for byte in data.iter().skip(1) {
        let Some(value) = ALPHABET.iter().position(|known| known == byte) else { return false };
        take(value as u32);
    }
    matches!(sum, 1 | 0x2bc8_30a3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let found =
            |text: &str| look(&View::new(text, true), text.find(|c: char| c.is_ascii_digit()).unwrap(), 0).unwrap();
        for text in [
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ] {
            assert!(found(text).is_some_and(|hit| (hit.start, hit.end) == (0, text.len())), "{text}");
        }
        for text in [
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
            "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ2",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdr",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
            "0xdeadbeef",
            "a3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
