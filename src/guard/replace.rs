//! What stands in the place of a finding.

use super::{
    action::Action,
    config::Config,
    kind::Kind,
    pii::sha_256,
    surrogate,
    vault::{Cover, Way},
};

/// How much of a secret a stream holds at the most where what is done with it depends on more than its beginning.
pub(super) const HELD: usize = 4_096;

/// How many letters a hash is written in: 64 bits of it.
const LETTERS: usize = 16;

/// What an action puts in the place of a finding; `None` where it stays. What is blocked is redacted too, should somebody
/// show it. A value that a vault keeps need not be hidden from those it goes back to.
pub(super) fn replacement(
    guard: Option<&Config>,
    action: Action,
    kind: Kind,
    original: &str,
    cover: Option<&Cover>,
) -> Option<String> {
    let key = || guard.and_then(|guard| guard.hash_key.as_deref()).map(str::as_bytes);
    match (action, cover) {
        (Action::Tokenize | Action::Surrogate, Some(Cover { way: Way::Back, .. })) => return None,
        (Action::Tokenize, Some(cover)) => return Some(cover.vault.mark(kind, original)),
        (Action::Surrogate, Some(cover)) => return Some(cover.vault.stand_in(kind, original, key())),
        _ => {}
    }
    let redacted = || format!("[REDACTED_{}]", kind.label());
    match action {
        Action::Surrogate => key().and_then(|key| surrogate::of(kind, original, key, 0)).or_else(|| Some(redacted())),
        // Nobody would remember what a placeholder stands for.
        Action::Tokenize | Action::Redact | Action::Block => Some(redacted()),
        Action::Transform => Some(format!("[FILTERED_{}]", kind.label())),
        Action::Mask => Some(mask(original, guard.filter(|_| kind != Kind::Secret).map_or(0, |guard| guard.keep_last))),
        Action::Hash => Some(format!("[HASHED_{}_{}]", kind.label(), hash(key().unwrap_or_default(), original))),
        Action::Allow | Action::Warn => None,
    }
}

/// As many asterisks as characters, but for the last letters and digits. Separators stay between those that are kept.
/// Of a value with fewer than twice as many, nothing is kept.
pub(super) fn mask(original: &str, keep: u8) -> String {
    let keep = usize::from(keep);
    let signs = original.chars().filter(|c| c.is_alphanumeric()).count();
    let hidden = if signs < 2 * keep { signs } else { signs - keep };
    let mut seen = 0;
    let masked = original.chars().map(|c| {
        let kept = seen >= hidden && keep > 0 && signs >= 2 * keep;
        seen += usize::from(c.is_alphanumeric());
        if kept { c } else { '*' }
    });
    masked.collect()
}

/// A keyed hash of a value, in letters: digits might make a number of what stands beside them.
fn hash(key: &[u8], value: &str) -> String {
    let value = value.as_bytes();
    let digest = hmac(key, value.get(..HELD).unwrap_or(value));
    let halves = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.take(LETTERS).map(|half| char::from(b'A' + half)).collect()
}

/// HMAC-SHA-256 (RFC 2104).
pub(super) fn hmac(key: &[u8], value: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    let short = if key.len() > block.len() { sha_256(key).to_vec() } else { key.to_vec() };
    block.iter_mut().zip(short).for_each(|(to, from)| *to = from);
    let with = |pad: u8, rest: &[u8]| {
        let mut message: Vec<u8> = block.iter().map(|byte| byte ^ pad).collect();
        message.extend_from_slice(rest);
        sha_256(&message)
    };
    with(0x5C, &with(0x36, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_signs_are_kept_where_enough_are_hidden() {
        let cases = [
            ("4111 1111 1111 1234", 4, "************** 1234"),
            ("4111-1111-1111-1234", 0, "*******************"),
            ("12-34", 4, "*****"),
            ("12345678", 4, "****5678"),
            ("1234567", 4, "*******"),
            ("", 4, ""),
        ];
        for (original, keep, masked) in cases {
            assert_eq!(mask(original, keep), masked, "{original}");
            assert_eq!(masked.chars().count(), original.chars().count());
        }
    }

    #[test]
    fn a_hash_is_the_published_one() {
        // RFC 4231, test case 2: 5bdcc146bf60754e...
        assert_eq!(hash(b"Jefe", "what do ya want for nothing?"), "FLNMMBEGLPGAHFEO");
        // Test case 6, a key longer than a block: 60e431591ee0b67f...
        let long = [0xAA; 131];
        assert_eq!(hash(&long, "Test Using Larger Than Block-Size Key - Hash Key First"), "GAOEDBFJBOOALGHP");
    }
}
