//! The pass over a text that finds personal data and secrets, resumable at any point.
//!
//! The sweep goes from anchor to anchor, and at each asks the detectors concerned. Where one needs text that has not come
//! yet, the sweep stops there and says from where on the text must be held: nothing that begins earlier is undecided.

use super::{
    finding::{Hit, Kind},
    pii::{card, email, number, phone, ssn},
    secrets::{self, Swallow},
    view::{Need, View},
};

/// How many bytes before an anchor, or before what is held, a detector may look at: the longest local part, or the left
/// window of a context with the placeholder that may bound it, and a character more.
pub(super) const LOOKBACK: usize = 128;

/// What a sweep looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub email: bool,
    pub phone: bool,
    pub ssn: bool,
    pub card: bool,
    pub secrets: bool,
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
            _ => {}
        }
    }

    fn numbers(self) -> bool {
        self.phone || self.ssn || self.card
    }
}

/// What is to be done with a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Anchor {
    None,
    At,
    Digit,
    Plus,
    Bracket,
    Token,
}

/// Where a pass stands. Positions are absolute: bytes from the beginning of the whole text.
pub(super) struct Sweep {
    wanted: Wanted,
    anchors: [Anchor; 256],
    /// Everything before was looked at.
    at: usize,
    /// No finding reaches back over this: the end of the last secret.
    floor: usize,
    /// The end of the last finding that is no secret.
    found: usize,
    /// A secret whose end has not come yet; it is the last hit that was reported.
    open: Option<Swallow>,
}

impl Sweep {
    pub fn new(wanted: Wanted) -> Self {
        let mut anchors = [Anchor::None; 256];
        for (byte, slot) in (0_u8..=255).zip(anchors.iter_mut()) {
            *slot = match byte {
                b'@' if wanted.email => Anchor::At,
                b'0'..=b'9' if wanted.numbers() => Anchor::Digit,
                b'+' if wanted.phone => Anchor::Plus,
                b'(' if wanted.phone => Anchor::Bracket,
                _ if wanted.secrets && secrets::may_start(byte) => Anchor::Token,
                _ => Anchor::None,
            };
        }
        Self { wanted, anchors, at: 0, floor: 0, found: 0, open: None }
    }

    /// Whether the last hit may still grow.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Goes on as far as the text allows. `base` is where the view begins in the whole text; it reaches back by
    /// [`LOOKBACK`] before what was held, or to the beginning. Hits are added to `hits`, an open last one is extended
    /// there. Answers from where on hits may still come.
    pub fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize {
        let mut at = self.at.saturating_sub(base);
        if let Some(swallow) = self.open.take() {
            at = self.swallow(view, base, at, swallow, hits);
        }
        while self.open.is_none() && at < view.len() {
            let anchor = view.seen(at).and_then(|byte| self.anchors.get(usize::from(byte))).copied();
            let anchor = anchor.unwrap_or(Anchor::None);
            let answer = match anchor {
                Anchor::None => {
                    at += 1;
                    continue;
                }
                Anchor::At => {
                    let start = self.held(view, base, at);
                    email::look(view, at, start).map_err(|Need| start).map(|hit| {
                        let hit = hit.map(|hit| moved(hit, base));
                        self.found = hit.map_or(self.found, |hit| hit.end);
                        hits.extend(hit);
                    })
                }
                Anchor::Digit | Anchor::Plus | Anchor::Bracket => {
                    self.number(view, base, at, anchor, hits).map_err(|_| at)
                }
                Anchor::Token => match secrets::look(view, at) {
                    Ok(Some((hit, swallow))) => {
                        let end = hit.end;
                        hits.push(moved(hit, base));
                        at = match swallow {
                            Some(swallow) => self.swallow(view, base, end, swallow, hits),
                            None => end,
                        };
                        self.floor = base + at;
                        continue;
                    }
                    Ok(None) => Ok(()),
                    Err(Need) => Err(at),
                },
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

    /// From where an `@` that may still come at `at` or later would make an address.
    fn held(&self, view: &View, base: usize, at: usize) -> usize {
        if !self.wanted.email {
            return at;
        }
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
    fn number(&mut self, view: &View, base: usize, at: usize, anchor: Anchor, hits: &mut Vec<Hit>) -> Result<(), Need> {
        let before = hits.len();
        match anchor {
            Anchor::Plus => hits.extend(phone::look_plus(view, at)?),
            Anchor::Bracket => hits.extend(phone::look_brackets(view, at)?),
            _ if !number::starts(view, at, self.floor.saturating_sub(base)) => {}
            _ => {
                let number = number::read(view, at)?;
                let card = if self.wanted.card { card::look(view, at, &number)? } else { None };
                let ssn = if self.wanted.ssn { ssn::look(view, at, &number)? } else { None };
                // What is a card or a social security number is not also a phone.
                let phone = if self.wanted.phone && card.is_none() && ssn.is_none() {
                    phone::look(view, at, &number)?
                } else {
                    None
                };
                hits.extend([card, ssn, phone].into_iter().flatten());
            }
        }
        for hit in hits.iter_mut().skip(before) {
            *hit = moved(*hit, base);
            self.found = self.found.max(hit.end);
        }
        Ok(())
    }
}

fn moved(hit: Hit, base: usize) -> Hit {
    Hit { start: hit.start + base, end: hit.end + base, ..hit }
}
