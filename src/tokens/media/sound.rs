//! How long a sound is.

use super::Data;

/// How long a WAV or MP3 is, in milliseconds, out of its headers; `None` for another format, and for headers that can't be so. An MP3
/// without a count of its frames is taken to have the rate of its first one throughout.
pub fn milliseconds(data: &Data<'_>) -> Option<u64> {
    if data.has(0, b"RIFF") && data.has(8, b"WAVE") { wav(data) } else { mp3(data) }
}

fn wav(data: &Data<'_>) -> Option<u64> {
    let (mut at, mut rate) = (12, None);
    for _ in 0..64 {
        let length = data.little(at + 4, 4)?;
        if data.has(at, b"fmt ") {
            rate = data.little(at + 16, 4).filter(|rate| *rate > 0);
        } else if data.has(at, b"data") {
            // One that is written as it is recorded says the largest number.
            let there = data.len().saturating_sub(at + 8) as u64;
            return Some((length.min(there) * 1_000).div_ceil(rate?));
        }
        at = at.checked_add(8)?.checked_add(length as usize + (length & 1) as usize)?;
    }
    None
}

/// Kilobits a second, by the number in a header: of version 1, then of versions 2 and 2.5; layer III.
const RATES: [[u64; 16]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
];

fn mp3(data: &Data<'_>) -> Option<u64> {
    let mut at = 0;
    if data.has(0, b"ID3") {
        // Seven bits of each byte.
        let length = (6..10).try_fold(0, |sum, place| Some(sum << 7 | usize::from(data.byte(place)? & 0x7f)))?;
        at = 10 + length;
    }
    let [sync, head, rates] = [0, 1, 2].map(|place| data.byte(at + place));
    // Eleven bits of a frame's beginning, and layer III.
    if sync? != 0xff || head? & 0xe6 != 0xe2 {
        return None;
    }
    let version = head? >> 3 & 3;
    let first = version == 3;
    let kilobits = *RATES.get(usize::from(!first))?.get(usize::from(rates? >> 4))?;
    let hertz = *[44_100, 48_000, 32_000].get(usize::from(rates? >> 2 & 3))? >> (3 - version.max(1)).min(2);
    if kilobits == 0 || version == 1 {
        return None;
    }
    let side = match (first, data.byte(at + 3)? >> 6 == 3) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    let tag = at + 4 + side;
    if (data.has(tag, b"Xing") || data.has(tag, b"Info")) && data.big(tag + 4, 4)? & 1 == 1 {
        let samples = if first { 1_152 } else { 576 };
        return Some((data.big(tag + 8, 4)? * samples * 1_000).div_ceil(hertz));
    }
    Some((data.len().saturating_sub(at) as u64 * 8).div_ceil(kilobits))
}

#[cfg(test)]
mod tests {
    use super::super::data::tests::encoded;
    use super::*;

    fn of(bytes: &[u8]) -> Option<u64> {
        milliseconds(&Data::new(&encoded(bytes))?)
    }

    fn wav(rate: u32, said: u32, there: usize) -> Vec<u8> {
        [
            &b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0"[..],
            &rate.to_le_bytes(),
            b"\x02\0\x10\0data",
            &said.to_le_bytes(),
            &vec![0; there],
        ]
        .concat()
    }

    #[test]
    fn sounds_have_their_length() {
        let frame = b"\xff\xfb\x90\x00";
        let counted = [&frame[..], &[0; 32], b"Info\0\0\0\x01\0\0\x03\xe8"].concat();
        for (name, bytes, expected) in [
            ("two seconds", wav(32_000, 64_000, 64_000), Some(2_000)),
            ("one that says more than it has", wav(32_000, u32::MAX, 16_000), Some(500)),
            ("a rate of nothing", wav(0, 64_000, 64_000), None),
            ("128 kbit/s", [&frame[..], &vec![0; 15_996]].concat(), Some(1_000)),
            (
                "after a tag",
                [&b"ID3\x04\0\0\0\0\x01\x00"[..], &[7; 128], frame, &vec![0; 15_996]].concat(),
                Some(1_000),
            ),
            ("a thousand frames", counted, Some(26_123)),
            ("a reserved rate", b"\xff\xfb\xf0\x00\0\0\0\0".to_vec(), None),
            ("ogg", b"OggS\0\0\0\0".to_vec(), None),
            ("nothing", vec![], None),
        ] {
            assert_eq!(of(&bytes), expected, "{name}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_are_read_to_an_end(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), start in 0_usize..4) {
            let starts: [&[u8]; 4] = [b"", b"RIFF\0\0\0\0WAVE", b"\xff\xfb", b"ID3\x04\0\0\0\0"];
            of(&[starts[start], &bytes].concat());
        }
    }
}
