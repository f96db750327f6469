//! The size of an image, out of its header.

use super::Data;

/// More segments than a JPEG has before its frame.
const MOST_SEGMENTS: usize = 1_024;

/// The width and height that a PNG, JPEG, WebP or GIF says, in pixels; `None` for another format, for a header that is cut off,
/// and for a size of nothing.
pub fn size(data: &Data<'_>) -> Option<(u64, u64)> {
    let size = if data.has(0, b"\x89PNG\r\n\x1a\n") && data.has(12, b"IHDR") {
        (data.big(16, 4)?, data.big(20, 4)?)
    } else if data.has(0, b"GIF87a") || data.has(0, b"GIF89a") {
        (data.little(6, 2)?, data.little(8, 2)?)
    } else if data.has(0, b"RIFF") && data.has(8, b"WEBP") {
        webp(data)?
    } else if data.has(0, b"\xff\xd8") {
        jpeg(data)?
    } else {
        return None;
    };
    (size.0 > 0 && size.1 > 0).then_some(size)
}

fn webp(data: &Data<'_>) -> Option<(u64, u64)> {
    if data.has(12, b"VP8 ") && data.has(23, b"\x9d\x01\x2a") {
        return Some((data.little(26, 2)? & 0x3fff, data.little(28, 2)? & 0x3fff));
    }
    if data.has(12, b"VP8L") && data.has(20, b"\x2f") {
        let bits = data.little(21, 4)?;
        return Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1));
    }
    if data.has(12, b"VP8X") {
        return Some((data.little(24, 3)? + 1, data.little(27, 3)? + 1));
    }
    None
}

/// The frame's header stands after segments of any length: profiles, previews.
fn jpeg(data: &Data<'_>) -> Option<(u64, u64)> {
    let mut at = 2;
    for _ in 0..MOST_SEGMENTS {
        if data.byte(at)? != 0xff {
            return None;
        }
        match data.byte(at + 1)? {
            // Filled up.
            0xff => at += 1,
            // Without a length.
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((data.big(at + 7, 2)?, data.big(at + 5, 2)?));
            }
            // The end, or the picture itself, without a frame before it.
            0xd9 | 0xda => return None,
            _ => at += 2 + data.big(at + 2, 2).filter(|length| *length >= 2)? as usize,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::data::tests::encoded;
    use super::*;

    fn of(bytes: &[u8]) -> Option<(u64, u64)> {
        size(&Data::new(&encoded(bytes))?)
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &width.to_be_bytes(), &height.to_be_bytes(), b"\x08\x06\0\0\0"].concat()
    }

    /// With a profile of so many bytes before its frame.
    fn jpeg(profile: u16, width: u16, height: u16) -> Vec<u8> {
        let profile = [&b"\xff\xe1"[..], &(profile + 2).to_be_bytes(), &vec![0xff; usize::from(profile)]].concat();
        let frame = [&b"\xff\xff\xc2\0\x11\x08"[..], &height.to_be_bytes(), &width.to_be_bytes(), b"\x03"].concat();
        [&b"\xff\xd8"[..], &profile, &profile, &frame].concat()
    }

    #[test]
    fn headers_say_sizes() {
        let webp = |chunk: &[u8]| [&b"RIFF\0\0\0\0WEBP"[..], chunk].concat();
        for (name, bytes, expected) in [
            ("png", png(1024, 768), Some((1024, 768))),
            ("png that lies", png(u32::MAX, u32::MAX), Some((4_294_967_295, 4_294_967_295))),
            ("png of nothing", png(0, 10), None),
            ("png cut off", png(10, 10)[..20].to_vec(), None),
            ("gif", b"GIF89a\x40\x01\xf0\0\0".to_vec(), Some((320, 240))),
            ("jpeg", jpeg(0, 1920, 1080), Some((1920, 1080))),
            ("jpeg after long profiles", jpeg(65_000, 33, 7), Some((33, 7))),
            ("jpeg without a frame", b"\xff\xd8\xff\xda\0\x02".to_vec(), None),
            ("jpeg whose segment has no length", b"\xff\xd8\xff\xe0\0\0\xff\xe0\0\0".to_vec(), None),
            ("jpeg of fill", [&b"\xff\xd8"[..], &[0xff; 5_000]].concat(), None),
            ("webp", webp(b"VP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01"), Some((640, 480))),
            ("webp lossless", webp(b"VP8L\0\0\0\0\x2f\x7f\xc2\x77\0"), Some((640, 480))),
            ("webp extended", webp(b"VP8X\0\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0"), Some((640, 480))),
            ("webp of another kind", webp(b"ANIM\0\0\0\0"), None),
            ("bmp", b"BM\0\0\0\0".to_vec(), None),
            ("nothing", vec![], None),
        ] {
            assert_eq!(of(&bytes), expected, "{name}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_are_read_to_an_end(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), start in 0_usize..5) {
            let starts: [&[u8]; 5] = [b"", b"\xff\xd8", b"RIFF\0\0\0\0WEBPVP8X", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a"];
            let bytes = [starts[start], &bytes].concat();
            if let Some((width, height)) = of(&bytes) {
                proptest::prop_assert!(width > 0 && height > 0);
            }
        }
    }
}
