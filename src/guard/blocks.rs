//! Eight bytes at a time: what most of a text is passed over by.

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// How many bytes a text begins with of which a block says that they are of a kind: `others` has the highest bit of each byte that is not.
#[inline(always)]
fn leading(text: &[u8], others: impl Fn(u64) -> u64) -> usize {
    let mut passed = 0;
    let (blocks, rest) = text.as_chunks::<8>();
    for block in blocks {
        let found = others(u64::from_le_bytes(*block));
        if found != 0 {
            return passed + found.trailing_zeros() as usize / 8;
        }
        passed += 8;
    }
    // The rest is followed by what is of no kind.
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
    let found = others(u64::from_le_bytes(last)).trailing_zeros() as usize / 8;
    passed + found.min(rest.len())
}

/// How many ASCII letters a text begins with.
pub(super) fn letters(text: &[u8]) -> usize {
    leading(text, |block| {
        // Adding carries into the highest bit of every byte that is large enough, and into no other.
        let seven = (block | ONES << 5) & !HIGH;
        let from_a = seven + ONES * (0x80 - b'a' as u64);
        let beyond_z = seven + ONES * (0x7F - b'z' as u64);
        !(from_a & !beyond_z & !block) & HIGH
    })
}

/// How many bytes a text begins with that are ASCII, and not that one.
pub(super) fn ascii_without(text: &[u8], sign: u8) -> usize {
    leading(text, |block| {
        let same = block ^ (ONES * u64::from(sign));
        let differs = ((same & !HIGH) + (HIGH - ONES)) | same;
        (block | !differs) & HIGH
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn blocks_tell_what_bytes_tell(text in proptest::collection::vec(prop_oneof![8 => b'a'..=b'z', 2 => b'A'..=b'Z', 1 => any::<u8>()], 0..40)) {
            let told = |is: fn(&u8) -> bool| text.iter().take_while(|byte| is(byte)).count();
            prop_assert_eq!(letters(&text), told(u8::is_ascii_alphabetic));
            prop_assert_eq!(ascii_without(&text, b'!'), told(|byte| byte.is_ascii() && *byte != b'!'));
            prop_assert_eq!(ascii_without(&text, b'a'), told(|byte| byte.is_ascii() && *byte != b'a'));
        }
    }

    #[test]
    fn every_byte_is_told_at_every_place() {
        for place in 0..20 {
            for byte in 0..=u8::MAX {
                let mut text = vec![b'x'; 20];
                text[place] = byte;
                assert_eq!(letters(&text), if byte.is_ascii_alphabetic() { 20 } else { place }, "{byte} at {place}");
                let passes = byte.is_ascii() && byte != b'!';
                assert_eq!(ascii_without(&text, b'!'), if passes { 20 } else { place }, "{byte} at {place}");
            }
        }
    }
}
