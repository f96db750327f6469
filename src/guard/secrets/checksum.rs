//! The checksum in GitHub's and npm's tokens: CRC-32 of the random part, in base 62, six digits
//! (github.blog, "Behind GitHub's new authentication token formats").

/// CRC-32 (IEEE 802.3, reflected), bit by bit: it runs over 30 bytes, a table would be larger than it is worth.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// The checksum as it stands in a token.
pub(super) fn base62_crc32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32(bytes);
    let mut text = [b'0'; 6];
    for slot in text.iter_mut().rev() {
        *slot = DIGITS.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
    }
    text.into_iter().map(char::from).collect()
}

/// Whether the last six characters are the checksum of the others.
pub(super) fn is_sealed(token: &[u8]) -> bool {
    token
        .len()
        .checked_sub(6)
        .and_then(|at| token.split_at_checked(at))
        .is_some_and(|(body, seal)| base62_crc32(body).as_bytes() == seal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_polynomial() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(base62_crc32(b"123456789").len(), 6);
    }
}
