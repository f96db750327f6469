//! The pass over a text that finds personal data and secrets, resumable at any point.
//!
//! The sweep goes from anchor to anchor, and at each asks the detectors concerned. Where one needs text that has not come
//! yet, the sweep stops there and says from where on the text must be held: nothing that begins earlier is undecided.

use super::{
    blocks,
    context::is_glued,
    finding::Hit,
    kind::Kind,
    pii::{
        card, crypto, email, id, net,
        number::{self, Number},
        phone, ssn,
    },
    secrets::{self, Starts, Swallow},
    view::{Need, View},
};

/// How many bytes before an anchor, or before what is held, a detector may look at: the longest local part, or the left
/// window of a context with the mark that may bound it, and a character more.
pub(super) const LOOKBACK: usize = 128;

/// What a sweep looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub email: bool,
    pub phone: bool,
    pub ssn: bool,
    pub card: bool,
    pub secrets: bool,
    /// The other kinds of personal data, a bit for each.
    others: u128,
}

impl Wanted {
    /// Adds a kind; kinds that no sweep finds are left out.
    pub fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Email => self.email = true,
            Kind::Phone => self.phone = true,
            Kind::Ssn => self.ssn = true,
            Kind::CreditCard => self.card = true,
            Kind::Secret => self.secrets = true,
            kind if Kind::PII.contains(&kind) => self.others |= 1 << kind as u32,
            _ => {}
        }
    }

    fn numbers(self) -> bool {
        self.phone || self.ssn || self.card || self.others != 0
    }

    /// Whether a kind is wanted that has no field of its own.
    fn other(self, kind: Kind) -> bool {
        self.others >> kind as u32 & 1 == 1
    }
}

/// What is to be done with a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    None,
    At,
    Digit,
    Plus,
    Bracket,
    Colon,
    Dash,
}

/// What the sweep stops at: letters, digits and signs that something may begin with.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const SIGN: u8 = 4;

/// What a byte is to the sweep, and in the upper half what may begin right behind it: nothing begins with a letter within a word,
/// nor with a digit among digits.
const fn class(byte: u8, begins: bool) -> u8 {
    let behind = match byte {
        b'0'..=b'9' => SIGN,
        b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => DIGIT | SIGN,
        _ => LETTER | DIGIT | SIGN,
    };
    let own = match byte {
        _ if !begins => 0,
        b'0'..=b'9' => DIGIT,
        b'a'..=b'z' | b'A'..=b'Z' => LETTER,
        _ => SIGN,
    };
    own | behind << 4
}

/// Where a pass stands. Positions are absolute: bytes from the beginning of the whole text.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    wanted: Wanted,
    /// A secret that may still grow is held until it is longer than that.
    held_secret: usize,
    anchors: [Anchor; 256],
    /// See [`class`].
    classes: [u8; 256],
    /// Where a secret may begin, if they are wanted.
    secrets: Option<&'static Starts>,
    /// Everything before was looked at.
    at: usize,
    /// Everything before was looked at for secrets.
    looked: usize,
    /// No finding reaches back over this: the end of the last secret.
    floor: usize,
    /// The end of the last finding that is no secret.
    found: usize,
    /// A secret whose end has not come yet; it is the last hit that was reported.
    open: Option<Swallow>,
    /// The number that is looked at, kept for the next one to be written over it.
    number: Number,
}

impl Sweep {
    pub fn new(wanted: Wanted, held_secret: usize) -> Self {
        let mut anchors = [Anchor::None; 256];
        for (byte, slot) in (0_u8..=255).zip(anchors.iter_mut()) {
            *slot = match byte {
                b'@' if wanted.email => Anchor::At,
                b'0'..=b'9' if wanted.numbers() => Anchor::Digit,
                b'+' if wanted.phone => Anchor::Plus,
                b'(' if wanted.phone => Anchor::Bracket,
                b':' if wanted.other(Kind::IpAddress) || wanted.other(Kind::MacAddress) => Anchor::Colon,
                b'-' | b'.' if wanted.other(Kind::MacAddress) => Anchor::Dash,
                _ => Anchor::None,
            };
        }
        let secrets = wanted.secrets.then(Starts::get);
        let mut classes = [0; 256];
        for ((byte, slot), anchor) in (0_u8..=255).zip(classes.iter_mut()).zip(anchors) {
            *slot = class(byte, anchor != Anchor::None || secrets.is_some_and(|starts| starts.may_be_first(byte)));
        }
        let number = Number::default();
        Self {
            wanted,
            held_secret,
            anchors,
            classes,
            secrets,
            at: 0,
            looked: 0,
            floor: 0,
            found: 0,
            open: None,
            number,
        }
    }

    /// The same, holding a secret that may still grow at least until it is longer than that.
    pub fn holding(self, least: usize) -> Self {
        Self { held_secret: self.held_secret.max(least), ..self }
    }

    /// Whether the last hit may still grow.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// As [`Pass::run`](super::pass::Pass::run); an open hit, which is the last one of `hits`, is extended there.
    pub fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize {
        let mut at = self.at.saturating_sub(base);
        if let Some(swallow) = self.open.take() {
            at = self.swallow(view, base, at, swallow, hits);
        }
        while self.open.is_none() {
            at = self.next(view, base, at);
            let Some(byte) = view.seen(at) else { break };
            let anchor = self.anchors.get(usize::from(byte)).copied().unwrap_or(Anchor::None);
            if self.secrets.is_some_and(|starts| starts.may_start(view, at)) && base + at >= self.looked {
                match secrets::look(view, at) {
                    Ok(Some((hit, Some(swallow)))) if self.must_wait(view, &hit, swallow) => {
                        self.at = base + at;
                        return base + at.min(self.held(view, base, at));
                    }
                    Ok(Some((hit, swallow))) => {
                        let (start, end) = (hit.start, hit.end);
                        hits.push(moved(hit, base));
                        self.looked = base + at + 1;
                        if let Some(swallow) = swallow {
                            at = self.swallow(view, base, end, swallow, hits);
                            self.floor = base + at;
                            self.looked = base + at;
                            continue;
                        }
                        // What is inside of a token is nothing else. A value behind its name may be personal data too.
                        if start == at {
                            at = end;
                            self.floor = base + end;
                            continue;
                        }
                    }
                    Ok(None) => self.looked = base + at + 1,
                    Err(Need) => {
                        self.at = base + at;
                        return base + at.min(self.held(view, base, at));
                    }
                }
            }
            if anchor == Anchor::Dash {
                let floor = self.floor.max(self.found).saturating_sub(base);
                match net::look_lettered_hardware(view, at, floor).and_then(|hit| apart(view, hit)) {
                    Ok(Some(hit)) => {
                        let hit = moved(hit, base);
                        self.found = hit.end;
                        hits.push(hit);
                    }
                    Ok(None) => {}
                    Err(Need) => {
                        self.at = base + at;
                        let start = net::hardware_start(view, at, floor);
                        return base + start.min(self.held(view, base, at));
                    }
                }
            }
            let answer = match anchor {
                Anchor::None | Anchor::Dash => {
                    at += 1;
                    continue;
                }
                Anchor::At => {
                    let start = self.local_start(view, base, at);
                    email::look(view, at, start).map_err(|Need| start).map(|hit| {
                        let hit = hit.map(|hit| moved(hit, base));
                        self.found = hit.map_or(self.found, |hit| hit.end);
                        hits.extend(hit);
                    })
                }
                Anchor::Plus | Anchor::Bracket => self.number(view, base, at, anchor, None, hits).map_err(|_| at),
                Anchor::Digit if number::is_lone(view, at) => Ok(()),
                Anchor::Digit => match self.other(view, base, at) {
                    Ok(other) => self.number(view, base, at, anchor, other, hits).map_err(|_| at),
                    Err(Need) => Err(self.begins(view, base, at)),
                },
                Anchor::Colon => {
                    let floor = self.floor.max(self.found).saturating_sub(base);
                    match net::look_colons(view, at, floor).and_then(|hit| apart(view, hit)) {
                        Ok(hit) => {
                            let hit = hit.filter(|hit| self.wanted.other(hit.kind)).map(|hit| moved(hit, base));
                            self.found = hit.map_or(self.found, |hit| hit.end);
                            hits.extend(hit);
                            Ok(())
                        }
                        Err(Need) => Err(net::colon_start(view, at, floor)),
                    }
                }
            };
            match answer {
                Ok(()) => at += 1,
                Err(start) => {
                    self.at = base + at;
                    return base + start.min(self.held(view, base, at));
                }
            }
        }
        self.at = base + at;
        base + if view.is_whole() { at } else { self.held(view, base, at) }
    }

    /// The next place from `at` on where something may begin, or the end: most bytes cost no more than this.
    fn next(&self, view: &View, base: usize, at: usize) -> usize {
        let class = |byte: u8| self.classes.get(usize::from(byte)).copied().unwrap_or(0);
        let anything = LETTER | DIGIT | SIGN;
        // Right behind a secret too.
        let mut may = match view.before(at) {
            Some(before) if base + at != self.floor => class(before) >> 4,
            _ => anything,
        };
        let text = view.text().as_bytes();
        let mut place = at;
        while let Some(byte) = text.get(place).copied() {
            let class = class(byte);
            if class & may != 0 && self.begins_at(view, byte, place) {
                return place;
            }
            may = class >> 4;
            place += 1;
            // Nothing begins with a letter behind a letter.
            if byte.is_ascii_alphabetic() {
                place += blocks::letters(text.get(place..).unwrap_or_default());
            }
        }
        text.len()
    }

    /// Whether something may begin with that byte, given the next one.
    #[inline(always)]
    fn begins_at(&self, view: &View, byte: u8, at: usize) -> bool {
        self.anchors.get(usize::from(byte)).is_some_and(|anchor| *anchor != Anchor::None)
            || self.secrets.is_some_and(|starts| starts.may_start(view, at))
    }

    /// Whether too little is known of a secret that goes on.
    fn must_wait(&self, view: &View, hit: &Hit, mut swallow: Swallow) -> bool {
        let (end, open) = if self.held_secret > 0 { swallow.go(view, hit.end) } else { (0, false) };
        open && end - hit.start <= self.held_secret
    }

    /// Where something could begin whose first digit is at `at`.
    fn begins(&self, view: &View, base: usize, at: usize) -> usize {
        if self.wanted.others == 0 {
            return at;
        }
        let floor = self.floor.max(self.found).saturating_sub(base);
        id::held(view, at, floor).min(net::hardware_start(view, at, floor)).min(net::colon_start(view, at, floor))
    }

    /// What a first digit of a token is part of, of the kinds that have no field of their own.
    fn other(&self, view: &View, base: usize, at: usize) -> Result<Option<Hit>, Need> {
        apart(view, self.other_at(view, base, at)?)
    }

    fn other_at(&self, view: &View, base: usize, at: usize) -> Result<Option<Hit>, Need> {
        let floor = self.floor.max(self.found).saturating_sub(base);
        if self.wanted.others == 0 || at < floor || !id::is_first_digit(view, at) {
            return Ok(None);
        }
        let wanted = |kind: Kind| self.wanted.other(kind);
        if wanted(Kind::IpAddress)
            && let Some(hit) = net::look_v4(view, at, floor)?
        {
            return Ok(Some(hit));
        }
        if wanted(Kind::MacAddress)
            && let Some(hit) = net::look_hardware(view, at, floor)?
        {
            return Ok(Some(hit));
        }
        if wanted(Kind::CryptoAddress)
            && let Some(hit) = crypto::look(view, at, floor)?
        {
            return Ok(Some(hit));
        }
        id::look(view, at, floor, wanted)
    }

    /// From where on something may begin that is found by what comes at `at` or later: an address by its `@`, a number by
    /// its first digit.
    fn held(&self, view: &View, base: usize, at: usize) -> usize {
        let number = self.begins(view, base, at);
        if self.wanted.email { number.min(self.local_start(view, base, at)) } else { number }
    }

    /// Where the local part of an address begins whose `@` is at `at`, or comes later.
    fn local_start(&self, view: &View, base: usize, at: usize) -> usize {
        email::local_start(view, at, self.floor.saturating_sub(base), self.found.saturating_sub(base))
    }

    /// Lets the last hit grow. Answers where the sweep goes on.
    fn swallow(&mut self, view: &View, base: usize, at: usize, mut swallow: Swallow, hits: &mut [Hit]) -> usize {
        let (end, open) = swallow.go(view, at);
        if let Some(hit) = hits.last_mut() {
            hit.end = base + end;
        }
        self.floor = base + end;
        self.open = open.then_some(swallow);
        end
    }

    /// Everything that a number may be.
    fn number(
        &mut self,
        view: &View,
        base: usize,
        at: usize,
        anchor: Anchor,
        other: Option<Hit>,
        hits: &mut Vec<Hit>,
    ) -> Result<(), Need> {
        let before = hits.len();
        match anchor {
            Anchor::Plus => hits.extend(phone::look_plus(view, at)?),
            Anchor::Bracket => hits.extend(phone::look_brackets(view, at)?),
            _ if !number::starts(view, at, self.floor.saturating_sub(base)) => hits.extend(other),
            _ => {
                number::read_into(&mut self.number, view, at)?;
                let number = &self.number;
                let card = if self.wanted.card { card::look(view, at, number)? } else { None };
                let ssn = if self.wanted.ssn { ssn::look(view, at, number)? } else { None };
                // What is a card or a social security number is not also a phone.
                let phone = if self.wanted.phone && card.is_none() && ssn.is_none() && other.is_none() {
                    phone::look(view, at, number)?
                } else {
                    None
                };
                hits.extend([card, ssn, phone, other].into_iter().flatten());
            }
        }
        for hit in hits.iter_mut().skip(before) {
            *hit = moved(*hit, base);
            self.found = self.found.max(hit.end);
        }
        Ok(())
    }
}

/// The hit, where it is not glued to what redaction left.
fn apart(view: &View, hit: Option<Hit>) -> Result<Option<Hit>, Need> {
    Ok(match hit {
        Some(hit) if !is_glued(view, hit.start, hit.end)? => Some(hit),
        _ => None,
    })
}

fn moved(hit: Hit, base: usize) -> Hit {
    Hit { start: hit.start + base, end: hit.end + base, ..hit }
}
