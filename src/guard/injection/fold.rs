//! Characters as the plain letters that a reader takes them for.

/// What a character is in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// A letter, folded to plain lower case.
    Letter(u8),
    /// A digit or sign that may stand for a letter.
    Leet(u8),
    /// A letter that folds to none of ours.
    Foreign,
    /// Of a script that sets no spaces between words.
    Unspaced,
    /// Nothing that is seen.
    Invisible,
    /// Inside a word, and not read: an apostrophe.
    Silent,
    /// What ends a word.
    Other,
}

/// Blocks of Unicode, each from its first character on: the letter that a character is, by its decomposition or its looks
/// (letters with marks, of Greek and Cyrillic, small capitals, raised, lowered and lettered ones). `?` is a letter that
/// folds to none of ours, `-` is not seen, a blank is no letter.
const BLOCKS: &[(u32, &str)] = &[
    (
        0xA0,
        concat!(
            "          a  -    23 u   1o     aaaaaa?ceeeeiiiidnooooo ouuuuy?saaaaaa?ceeeeiiiidnooooo ouuuuypy",
            "aaaaaaccccccccddddeeeeeeeeeegggggggghh?hiiiiiiiiiiiijjkk?llllll???lnnnnnn???oooooo??rrrrrrssssss",
            "sstttt?tuuuuuuuuuuuuwwyyyzzzzzzsb???b???c???d?????fg?????k??????oo???p???????t?uu?????z??????s??",
            "????dddlllnnnaaiioouuuuuuuuuueaaaa???gggkkoooo??jdddgg??nnaa??ooaaaaeeeeiiiioooorrrruuuusstt??hh",
            "??????aaeeooooooooyy??????a????????b?????j?q?r???a?b??ddee?e????ggg?????iii??l???mn?n???????????",
            "r?s??????u?v???yz????????b??h??l????????????????h?jr???wy?????????    ????????????              ",
            "?lsx?       ? ?                 ",
        ),
    ),
    (
        0x370,
        concat!(
            "????? ??  ???? ?      a ehi o y?iab??ezh?ik?mn?o?p ?ty?x??iyaeniuaby?ezn?ik?uv?o?p?otu?x?wiuouw?",
            "b?yyy???????f???????????????????kpcj?e ??c??????ee?resiij??hkny?a?br?e??nnk?mhonpcty?xu?ww??be?r",
            "a?br?e??nnk?mhonpcty?xu?ww??be?ree?resiij??hkny??w??????????????????vvvv?????????? -------??????",
            "??ff???????????????????????????y???????????h?e??l??????????????iaaaa??ee??????????nnnnooooooeeyy",
            "yyyy?????????????d???????????g?????????????q?w??????????????????",
        ),
    ),
    (
        0x1D00,
        concat!(
            "a??bcd?e??jk?m?o????????p??tu???vwz?????????a?b?de?ghijklmn?o?prtuwa?a?bdeee?g?km?o???ptu??v?by?",
            "?xiruvbyp?x?????????????h??????????????????????a????????????c?d?f?g?iii??l?lm?n?n??s??u?uv?zz???",
        ),
    ),
    (
        0x1E00,
        concat!(
            "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooopppprrrrrrrr",
            "ssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy?s????aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee",
            "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy??????",
        ),
    ),
    (0x2070, "0i  456789     n0123456789      aeoxehklmnpst   "),
    (
        0x2100,
        concat!(
            "  c    ?  ghhhhhiill nn  pqrrr  s t z ? z kabc eef?mo????i  ?y??     ddeij    ?                 ",
            "ii ivv  ixx lcdmii ivv  ixx lcdm   ??           ",
        ),
    ),
];

/// Runs of letters in the order of the alphabet: the first character and the last.
const ALPHABETS: &[(u32, u32)] = &[
    (0x249C, 0x24B5),
    (0x24B6, 0x24E9),
    (0x1D400, 0x1D6A3),
    (0x1F110, 0x1F129),
    (0x1F130, 0x1F149),
    (0x1F150, 0x1F169),
    (0x1F170, 0x1F189),
    (0x1F1E6, 0x1F1FF),
];

/// Letters elsewhere that look like ours.
const OTHERS: &[(char, u8)] = &[
    ('օ', b'o'),
    ('ո', b'n'),
    ('ս', b'u'),
    ('հ', b'h'),
    ('ց', b'g'),
    ('զ', b'q'),
    ('յ', b'j'),
    ('Ꭺ', b'a'),
    ('Ꭼ', b'e'),
    ('Ꮋ', b'h'),
    ('Ꮇ', b'm'),
    ('Ꮪ', b's'),
    ('Ꭲ', b't'),
    ('Ꮃ', b'w'),
    ('Ᏼ', b'b'),
    ('Ꮯ', b'c'),
    ('Ꭰ', b'd'),
    ('Ꮐ', b'g'),
    ('Ꮶ', b'k'),
    ('Ꮮ', b'l'),
    ('Ꮲ', b'p'),
    ('Ꮢ', b'r'),
    ('Ꮩ', b'v'),
    ('Ꮓ', b'z'),
    ('ꓮ', b'a'),
    ('ꓳ', b'o'),
    ('ꜰ', b'f'),
    ('ꜱ', b's'),
    ('ꞯ', b'q'),
];

/// What a character is.
pub(crate) fn sign(c: char) -> Sign {
    let code = c as u32;
    match c {
        'a'..='z' | 'A'..='Z' => Sign::Letter((c as u8).to_ascii_lowercase()),
        '0'..='9' | '@' | '$' | '!' | '|' => Sign::Leet(c as u8),
        '\'' | '\u{2019}' => Sign::Silent,
        c if c.is_ascii() => Sign::Other,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' => Sign::Invisible,
        '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' => Sign::Invisible,
        '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{300}'..='\u{36F}' => Sign::Invisible,
        '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' => Sign::Invisible,
        '\u{FE20}'..='\u{FE2F}' | '\u{E0100}'..='\u{E01EF}' => Sign::Invisible,
        '\u{E0000}'..='\u{E007F}' => match char::from_u32(code - 0xE0000) {
            Some(tag) if tag.is_ascii_graphic() => sign(tag),
            Some(' ') => Sign::Other,
            _ => Sign::Invisible,
        },
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(code - 0xFEE0).map_or(Sign::Other, sign),
        '\u{1D7CE}'..='\u{1D7FF}' => Sign::Leet(b'0' + ((code - 0x1D7CE) % 10) as u8),
        '\u{3041}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' => Sign::Unspaced,
        _ => elsewhere(c, code),
    }
}

/// What a character is, by the tables.
fn elsewhere(c: char, code: u32) -> Sign {
    for (first, letters) in BLOCKS {
        if let Some(place) = code.checked_sub(*first)
            && let Some(letter) = letters.as_bytes().get(place as usize)
        {
            return match letter {
                b'?' => Sign::Foreign,
                b'-' => Sign::Invisible,
                b' ' => Sign::Other,
                b'0'..=b'9' => Sign::Leet(*letter),
                letter => Sign::Letter(*letter),
            };
        }
    }
    if let Some((first, _)) = ALPHABETS.iter().find(|(first, last)| (*first..=*last).contains(&code)) {
        return Sign::Letter(b'a' + ((code - first) % 26) as u8);
    }
    match OTHERS.iter().find(|(other, _)| *other == c) {
        Some((_, letter)) => Sign::Letter(*letter),
        None if c.is_alphanumeric() => Sign::Foreign,
        None => Sign::Other,
    }
}

/// What a digit or sign stands for; `one` for those that look like both `i` and `l`.
pub(crate) fn unleet(byte: u8, one: u8) -> u8 {
    match byte {
        b'0' => b'o',
        b'1' | b'|' | b'!' => one,
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        b'8' => b'b',
        other => other,
    }
}

/// What a letter of Cyrillic sounds like, a letter each: for words that are Cyrillic throughout.
pub(super) fn sound(c: char) -> Option<u8> {
    const SOUNDS: &[u8] = b"abvgdejziyklmnoprstufhccwwqyqeua";
    let code = match c as u32 {
        code @ 0x410..=0x42F => code - 0x410,
        code @ 0x430..=0x44F => code - 0x430,
        0x401 | 0x451 => return Some(b'e'),
        0x404 | 0x454 => return Some(b'e'),
        0x406 | 0x407 | 0x456 | 0x457 => return Some(b'i'),
        _ => return None,
    };
    SOUNDS.get(code as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_what_they_look_like() {
        let cases =
            [("aáāăǎạⓐ🄰🅐𝐚𝒂ａᴀᵃаαÅ", b'a'), ("oóöøōọ𝐨ｏᴏᵒоοօⓞ", b'o'), ("iíïīıі𝗂ｉɪⁱι", b'i'), ("sśşšѕｓꜱˢ𝓼", b's')];
        for (characters, letter) in cases {
            for c in characters.chars() {
                assert_eq!(sign(c), Sign::Letter(letter), "{c}");
            }
        }
        for c in ['\u{200B}', '\u{AD}', '\u{301}', '\u{FE0F}', '\u{E0001}', '\u{2060}'] {
            assert_eq!(sign(c), Sign::Invisible, "{c:?}");
        }
        assert_eq!(sign('\u{E0069}'), Sign::Letter(b'i'));
        assert_eq!(sign('ק'), Sign::Foreign);
        assert_eq!(sign('無'), Sign::Unspaced);
        assert_eq!(sign('😀'), Sign::Other);
        assert_eq!(sign('𝟏'), Sign::Leet(b'1'));
        assert_eq!(sign('\u{A0}'), Sign::Other);
    }

    #[test]
    fn cyrillic_has_a_sound() {
        let sounds: Option<Vec<u8>> = "игнорируйЁ".chars().map(sound).collect();
        assert_eq!(sounds.as_deref(), Some(b"ignoriruye".as_slice()));
        assert_eq!(sound('a'), None);
    }
}
