//! Addresses of networks: IPv4, IPv6 and hardware addresses.

use super::{
    super::{
        context::{Terms, beside, right_before},
        finding::Hit,
        kind::Kind,
        view::{Need, View, is_word},
    },
    number,
};

/// The longest text of an IPv6 address, with an IPv4 one at its end.
const LONGEST: usize = 45;

fn hit(kind: Kind, start: usize, end: usize, rule: &'static str) -> Option<Hit> {
    Some(Hit::new(kind, start, end, false, rule))
}

/// Whether a word goes on there.
pub(super) fn goes_on(view: &View, at: usize) -> Result<bool, Need> {
    Ok(view.char_at(at)?.is_some_and(|c| c == '_' || c.is_alphanumeric()))
}

/// Where four numbers up to 255 with dots between them end.
fn v4_end(view: &View, at: usize) -> Result<Option<usize>, Need> {
    let mut here = at;
    for group in 0..4 {
        let mut value = 0;
        let from = here;
        while let Some(digit) = view.byte(here)?.filter(|byte| byte.is_ascii_digit() && here - from < 3) {
            value = value * 10 + u32::from(digit - b'0');
            here += 1;
        }
        if here == from || value > 255 {
            return Ok(None);
        }
        if group < 3 {
            if view.byte(here)? != Some(b'.') {
                return Ok(None);
            }
            here += 1;
        }
    }
    Ok(Some(here).filter(|_| !matches!(view.seen(here), Some(b'0'..=b'9'))))
}

/// The IPv4 address whose first digit is at `at`.
pub(in super::super) fn look_v4(view: &View, at: usize, floor: usize) -> Result<Option<Hit>, Need> {
    if !number::starts(view, at, floor) || view.before(at) == Some(b':') {
        return Ok(None);
    }
    let Some(here) = v4_end(view, at)? else { return Ok(None) };
    let longer = view.byte(here)? == Some(b'.') && view.byte(here + 1)?.is_some_and(is_word);
    let compared = matches!(
        view.bytes(at.saturating_sub(2), at),
        [_, b'<' | b'>' | b'^' | b'~'] | [b'<' | b'>' | b'=' | b'~' | b'!', b'=']
    );
    if longer
        || compared
        || goes_on(view, here)?
        || is_nobodys(view.bytes(at, here))
        || is_private(view.bytes(at, here)) && is_service(view, at, here)?
        || right_before(view, floor, at, Terms::VERSION)
    {
        return Ok(None);
    }
    Ok(hit(Kind::IpAddress, at, here, "ipv4"))
}

/// Of a network of one's own (RFC 1918): in every house there is one.
fn is_private(text: &[u8]) -> bool {
    let second = |from: &[u8]| {
        let digits = from.iter().take_while(|byte| byte.is_ascii_digit());
        digits.fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
    };
    text.starts_with(b"10.")
        || text.starts_with(b"192.168.")
        || text.strip_prefix(b"172.").is_some_and(|rest| (16..32).contains(&second(rest)))
}

/// Whether an address is where something runs, not who somebody is: with a port, a mask or the length of its network's prefix
/// behind it, or in a URL. A network itself stays one that tells how somebody's is laid out.
fn is_service(view: &View, at: usize, end: usize) -> Result<bool, Need> {
    if view.bytes(at.saturating_sub(3), at) == b"://" {
        return Ok(true);
    }
    match view.byte(end)? {
        // Of what was taken out there, or masked, it was a number.
        Some(b'/') if view.bytes(end - 2, end) == b".0" => Ok(false),
        Some(b':' | b'/') => Ok(matches!(view.byte(end + 1)?, Some(b'0'..=b'9' | b'[' | b'*'))),
        Some(b' ') => view.starts_with(end + 1, b"255."),
        _ => Ok(false),
    }
}

/// Masks, and the addresses that every host has: they tell of nobody.
fn is_nobodys(text: &[u8]) -> bool {
    text.starts_with(b"255.") || text.starts_with(b"127.") || text == b"0.0.0.0"
}

/// What the colon at `at` is the first of: an IPv6 address, or a hardware address.
pub(in super::super) fn look_colons(view: &View, at: usize, floor: usize) -> Result<Option<Hit>, Need> {
    let start = colon_start(view, at, floor);
    let chained = view.before(start) == Some(b'-') && view.before(start - 1).is_some_and(is_word);
    if chained || view.before(start).is_some_and(|byte| is_word(byte) || matches!(byte, b':' | b'.' | b'_')) {
        return Ok(None);
    }
    let mut end = start;
    let mut group = start;
    while let Some(byte) = view.byte(end)?.filter(|byte| byte.is_ascii_hexdigit() || *byte == b':') {
        end += 1;
        if byte == b':' {
            group = end;
        }
        if end - start > LONGEST {
            return Ok(None);
        }
    }
    if goes_on(view, end)? {
        return Ok(None);
    }
    // The colon after a key is no part of it.
    if matches!(view.bytes(start, end), [.., 0..=b'9' | b';'..=b'\xFF', b':']) {
        end -= 1;
    } else if view.byte(end)? == Some(b'.') {
        match v4_end(view, group)? {
            Some(tail) if goes_on(view, tail)? => return Ok(None),
            Some(tail) => end = tail,
            // Numbers with dots that are no address: neither is what they end.
            None if view.byte(end + 1)?.is_some_and(|byte| byte.is_ascii_digit()) => return Ok(None),
            None => {}
        }
    }
    let text = view.bytes(start, end);
    if is_hardware(text, b':') {
        return Ok(hit(Kind::MacAddress, start, end, "mac"));
    }
    if !is_v6(text) {
        return Ok(None);
    }
    let groups = text.split(|byte| *byte == b':').filter(|group| !group.is_empty()).count();
    let telling = (groups > 1 || text.contains(&b'.')) && text.iter().any(u8::is_ascii_digit);
    let found = telling || beside(view, start, end, Terms::ADDRESS)?;
    Ok(if found { hit(Kind::IpAddress, start, end, "ipv6") } else { None })
}

/// Where the group before a colon begins.
pub(in super::super) fn colon_start(view: &View, at: usize, floor: usize) -> usize {
    let mut start = at;
    while start > floor && at - start < 4 && view.before(start).is_some_and(|byte| byte.is_ascii_hexdigit()) {
        start -= 1;
    }
    start
}

/// The hardware address with dashes or dots whose first digit is at `at`.
pub(in super::super) fn look_hardware(view: &View, at: usize, floor: usize) -> Result<Option<Hit>, Need> {
    let start = hardware_start(view, at, floor);
    if view.before(start).is_some_and(|byte| is_word(byte) || matches!(byte, b'-' | b'_' | b'.')) {
        return Ok(None);
    }
    let mut end = start;
    while end - start < 17
        && view.byte(end)?.is_some_and(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'.'))
    {
        end += 1;
    }
    for (length, separator) in [(17, b'-'), (14, b'.')] {
        let text = view.bytes(start, start + length);
        if end - start >= length && is_hardware(text, separator) && !goes_on(view, start + length)? {
            let chain = view.byte(start + length)? == Some(separator)
                && view.byte(start + length + 1)?.is_some_and(|byte| byte.is_ascii_hexdigit());
            return Ok(if chain { None } else { hit(Kind::MacAddress, start, start + length, "mac") });
        }
    }
    Ok(None)
}

/// As [`look_hardware`], where the group before the first dash or dot, at `at`, has no digit.
pub(in super::super) fn look_lettered_hardware(view: &View, at: usize, floor: usize) -> Result<Option<Hit>, Need> {
    let start = colon_start(view, at, floor);
    let group = view.bytes(start, at);
    let expected = if view.seen(at) == Some(b'-') { 2 } else { 4 };
    if group.len() != expected || !group.iter().all(u8::is_ascii_alphabetic) || view.before(start).is_some_and(is_word)
    {
        return Ok(None);
    }
    look_hardware(view, at, floor)
}

/// Where a hardware address may begin that goes on at `at`.
pub(in super::super) fn hardware_start(view: &View, at: usize, floor: usize) -> usize {
    let mut start = at;
    while start > floor
        && at - start < 17
        && view.before(start).is_some_and(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    {
        start -= 1;
    }
    start
}

/// Six pairs of hexadecimal digits, or three groups of four with dots.
fn is_hardware(text: &[u8], separator: u8) -> bool {
    let (count, length) = if separator == b'.' { (3, 4) } else { (6, 2) };
    let mut groups = 0;
    text.len() == count * (length + 1) - 1
        && text.split(|byte| *byte == separator).all(|group| {
            groups += 1;
            group.len() == length && group.iter().all(u8::is_ascii_hexdigit)
        })
        && groups == count
}

/// RFC 4291, 2.2: eight groups, of which `::` may stand for some; the last two may be an IPv4 address.
fn is_v6(text: &[u8]) -> bool {
    let gap = text.windows(2).position(|pair| pair == b"::");
    let (left, right) = match gap {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 2..).unwrap_or_default()),
        None => (text, &[][..]),
    };
    let count = |part: &[u8], last: bool| -> Option<usize> {
        if part.is_empty() {
            return Some(0);
        }
        let groups = part.split(|byte| *byte == b':').count();
        part.split(|byte| *byte == b':').enumerate().try_fold(0, |all, (place, group)| {
            if last && place + 1 == groups && group.contains(&b'.') {
                return is_v4(group).then_some(all + 2);
            }
            ((1..=4).contains(&group.len()) && group.iter().all(u8::is_ascii_hexdigit)).then_some(all + 1)
        })
    };
    match (count(left, gap.is_none()), count(right, true)) {
        (Some(left), Some(right)) if gap.is_some() => left + right < 8,
        (Some(groups), Some(_)) => groups == 8,
        _ => false,
    }
}

fn is_v4(text: &[u8]) -> bool {
    let mut groups = 0;
    text.split(|byte| *byte == b'.').all(|group| {
        groups += 1;
        if !(1..=3).contains(&group.len()) || !group.iter().all(u8::is_ascii_digit) {
            return false;
        }
        let value = group.iter().fold(0_u32, |all, byte| all * 10 + u32::from(byte - b'0'));
        value <= 255
    }) && groups == 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_6() {
        for text in [
            "684D:1111:222:3333:4444:5555:6:77",
            "::",
            "::1",
            "fe80::1",
            "2001:db8::8a2e:370:7334",
            "::ffff:192.168.1.1",
            "1:2:3:4:5:6:7::",
        ] {
            assert!(is_v6(text.as_bytes()), "{text}");
        }
        for text in
            ["::ffff:256.0.0.1", "::ffff:192.168.1", "12:34:56", "1::2::3", "1:2:3:4:5:6:7:8:9", "12345::", ":1"]
        {
            assert!(!is_v6(text.as_bytes()), "{text}");
        }
    }
}
