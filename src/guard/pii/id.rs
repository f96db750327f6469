//! Numbers of documents, accounts and registers, found by their shape: groups of letters and digits, of which the first
//! digit is the anchor.

use super::{
    super::{
        context::{Lists, Terms, after, before, beside},
        finding::Hit,
        kind::Kind,
        view::{Need, View},
    },
    checks, number,
    rules::{Places, RULES, Rule, Written, group, written},
};

/// The longest number, in letters and digits: an IBAN.
const LONGEST: usize = 34;
/// Nor has any more groups.
const MOST_GROUPS: usize = 9;
/// How many letters may stand before the first digit: those of an Italian fiscal code.
const LETTERS: usize = 6;
/// How many letters a group before the first digit may have: `GB 82 WEST ...`, `ABJ-001AA`.
const FIRST_GROUP: usize = 4;

/// Nothing else is in the text.
const ALONE: u8 = 1;
/// Nothing else is written like that.
const FORM: u8 = 2;
/// A word names it.
const WORD: u8 = 3;

/// Where a group ends.
#[derive(Clone, Copy, Default)]
struct End {
    /// How many letters and digits up to there.
    length: usize,
    /// Where that is in the text.
    at: usize,
    /// What follows (a space, a dash, a dot, a slash), if another group does.
    next: Option<u8>,
    /// Whether letters up to there are in upper case, and in lower case.
    upper: bool,
    lower: bool,
}

/// Groups of letters and digits with single separators between them. Nothing is allocated: texts are full of numbers.
struct Groups {
    /// Letters and digits, upper case.
    compact: [u8; LONGEST],
    ends: [End; MOST_GROUPS],
    count: usize,
}

impl Groups {
    fn ends(&self) -> &[End] {
        self.ends.get(..self.count).unwrap_or_default()
    }

    /// The letters and digits up to an end.
    fn up_to(&self, end: &End) -> &[u8] {
        self.compact.get(..end.length).unwrap_or_default()
    }

    /// Whether more of an IBAN may follow: a country, and nothing but groups of four.
    fn may_be_iban(&self, end: &End) -> bool {
        end.length == 4 * self.count && self.compact.iter().take(2).all(u8::is_ascii_alphabetic)
    }
}

/// What is found at the first digit of a token: the number, of which it is part. `floor` is where the last secret ends.
pub(in super::super) fn look(
    view: &View,
    at: usize,
    floor: usize,
    wanted: impl Fn(Kind) -> bool,
) -> Result<Option<Hit>, Need> {
    let mut best: Option<(u8, Hit)> = None;
    for start in starts(view, at, floor).into_iter().flatten() {
        let mut groups = Groups { compact: [0; LONGEST], ends: [End::default(); MOST_GROUPS], count: 0 };
        // How numbers may be written that go on as this one does; the last group of some ends it.
        let mut forms: &[Written] = &[];
        while let Some((end, length)) = read_group(view, start, &mut groups)? {
            let index = groups.count - 1;
            let (last, inner) = (group(length, None), group(length, end.next));
            let those = |forms: &'static [Written], group: u8| {
                let from = forms.partition_point(|form| form.group(index) < group);
                let to = forms.partition_point(|form| form.group(index) <= group);
                forms.get(from..to).unwrap_or_default()
            };
            let (ended, going_on) =
                if index == 0 { (written(last), written(inner)) } else { (those(forms, last), those(forms, inner)) };
            let may_be_date = index < 2 && length <= 4 && !end.upper && !end.lower && wanted(Kind::DateOfBirth);
            let goes_on = end.next.is_some() && (!going_on.is_empty() || may_be_date || groups.may_be_iban(&end));
            if can_end(view, &end)? {
                let mut found = |weight: u8, hit: Hit| {
                    // What a word names comes first, then the longest.
                    let better =
                        |(known, other): &(u8, Hit)| (weight, hit.end - hit.start) > (*known, other.end - other.start);
                    if best.as_ref().is_none_or(better) {
                        best = Some((weight, hit));
                    }
                };
                let id = groups.up_to(&end);
                if wanted(Kind::Iban)
                    && (15..=LONGEST).contains(&end.length)
                    && is_iban_written(&groups, index)
                    && checks::iban(id)
                {
                    found(WORD, Hit::new(Kind::Iban, start, end.at, true, "iban"));
                }
                if wanted(Kind::DateOfBirth) && is_date(&groups, index) && beside(view, start, end.at, Terms::BIRTH)? {
                    found(WORD, Hit::new(Kind::DateOfBirth, start, end.at, false, "dateOfBirth"));
                }
                let mut words = None;
                let places = if ended.is_empty() { Places::default() } else { Places::of(id) };
                for form in ended.iter().filter(|form| places.have(form.places) && wanted(form.rule.kind)) {
                    if let Some(weight) = weight(form, view, start, &end, id, &mut words)? {
                        let rule = form.rule;
                        let rule_name = rule.kind.as_str();
                        found(weight, Hit::new(rule.kind, start, end.at, rule.validated, rule_name));
                    }
                }
            }
            if !goes_on {
                break;
            }
            forms = going_on;
        }
    }
    Ok(best.map(|(_, hit)| hit))
}

/// Whether letters and digits, in upper case, are a number of that kind.
pub(in super::super) fn is_valid(kind: Kind, id: &[u8]) -> bool {
    if kind == Kind::Iban { checks::iban(id) } else { RULES.iter().any(|rule| rule.kind == kind && fits(rule, id)) }
}

/// Whether letters and digits have the shape of a rule, and pass its check.
fn fits(rule: &Rule, id: &[u8]) -> bool {
    let (shape, _) = rule.classes();
    id.len() == shape.len() && id.iter().zip(shape).all(|(byte, class)| is_of(*byte, *class)) && (rule.check)(id)
}

/// From where on a text must be held that may still become a number: the word at its end, and a short one before.
pub(in super::super) fn held(view: &View, at: usize, floor: usize) -> usize {
    let [near, far] = starts(view, at, floor);
    far.or(near).unwrap_or(at)
}

/// Where a number may begin whose first digit is at `at`: at the letters right before it, and at a short group of letters
/// before those.
fn starts(view: &View, at: usize, floor: usize) -> [Option<usize>; 2] {
    let letters = |end: usize, most: usize| {
        let mut from = end;
        while from > floor && view.before(from).is_some_and(|byte| byte.is_ascii_alphabetic()) && end - from <= most {
            from -= 1;
        }
        (end - from <= most).then_some(from)
    };
    let Some(near) = letters(at, LETTERS) else { return [None; 2] };
    let separated = near > floor && matches!(view.before(near), Some(b' ' | b'-'));
    let far = separated.then(|| letters(near - 1, FIRST_GROUP)).flatten().filter(|far| {
        // Behind a space, a word that is no abbreviation has nothing to do with a number.
        let group = view.bytes(*far, near - 1);
        !group.is_empty() && (view.before(near) == Some(b'-') || group.iter().all(u8::is_ascii_uppercase))
    });
    let is_money = |from: usize| view.char_before(from).is_some_and(|(_, c)| matches!(c, '$' | '€' | '£' | '¥'));
    let may = |from: usize| number::starts(view, from, floor) && !is_money(from);
    [Some(near).filter(|near| may(*near)), far.filter(|far| may(*far))]
}

/// Whether a byte separates groups.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'/')
}

/// Reads the next of the groups that begin at `start`: its end, and how long it is.
fn read_group(view: &View, start: usize, groups: &mut Groups) -> Result<Option<(End, usize)>, Need> {
    let last = groups.ends().last().copied();
    let mut end = last.unwrap_or(End { at: start, ..End::default() });
    let (spaced, before) = (end.next == Some(b' '), end.length);
    end.at += usize::from(last.is_some());
    let Some(slot) = groups.ends.get_mut(groups.count) else { return Ok(None) };
    while let Some(byte) = view.byte(end.at)?.filter(u8::is_ascii_alphanumeric) {
        // A word behind a space belongs to a number only where all its letters are small.
        let word = spaced && end.length == before && byte.is_ascii_lowercase() && (end.upper || !end.lower);
        let Some(place) = groups.compact.get_mut(end.length).filter(|_| !word) else { return Ok(None) };
        *place = byte.to_ascii_uppercase();
        end.upper |= byte.is_ascii_uppercase();
        end.lower |= byte.is_ascii_lowercase();
        end.length += 1;
        end.at += 1;
    }
    end.next = match view.byte(end.at)?.filter(|byte| is_separator(*byte)) {
        Some(byte) if view.byte(end.at + 1)?.is_some_and(|byte| byte.is_ascii_alphanumeric()) => Some(byte),
        _ => None,
    };
    *slot = end;
    groups.count += 1;
    Ok(Some((end, end.length - before)))
}

/// Whether a number can end there: no word goes on, nor a chain.
fn can_end(view: &View, end: &End) -> Result<bool, Need> {
    Ok(match end.next {
        Some(b' ' | b'/') => true,
        Some(_) => false,
        None => view.char_at(end.at)?.is_none_or(|c| !(c == '_' || c.is_alphanumeric() && !is_beyond_latin(c))),
    })
}

/// In scripts without spaces, or with particles at the end of words, a letter does not continue a number.
fn is_beyond_latin(c: char) -> bool {
    c >= '\u{E00}'
}

/// The lists that have words before a number, and after it.
type Beside = (Lists, Result<Lists, Need>);

/// How much speaks for a rule, if enough does, where a number is written as one of its own. `words` are those beside the number,
/// once they were looked at.
fn weight(
    form: &Written,
    view: &View,
    start: usize,
    end: &End,
    id: &[u8],
    words: &mut Option<Beside>,
) -> Result<Option<u8>, Need> {
    let list = form.terms.list();
    let has = |lists: Lists| lists & list != 0;
    let may_be_alone = form.needs == b'!' || form.needs == b'?' && start == 0;
    // What words say costs less than a check, where they are known.
    let unnamed = !may_be_alone && matches!(words, Some((before, Ok(after))) if !has(*before | *after));
    if unnamed || !fits(form.rule, id) {
        return Ok(None);
    }
    let (before, after) = *words.get_or_insert_with(|| (before(view, start), after(view, end.at)));
    if has(before) || has(after?) {
        return Ok(Some(WORD));
    }
    let (_, strict) = form.rule.classes();
    let lower = strict && end.lower;
    Ok(match form.needs {
        b'!' if !lower => Some(FORM),
        b'!' | b'?' if view.is_all(start, end.at)? => Some(ALONE),
        _ => None,
    })
}

/// Whether a byte is of a class of a shape.
fn is_of(byte: u8, class: u8) -> bool {
    match class {
        b'#' => byte.is_ascii_digit(),
        b'@' => byte.is_ascii_alphabetic(),
        b'*' => true,
        _ => byte == class,
    }
}

/// An IBAN stands together or in fours, of which only the last may be shorter; the same stands between all of them, and
/// letters are of one case.
fn is_iban_written(groups: &Groups, index: usize) -> bool {
    let mut from = 0;
    let mut separator = None;
    groups.ends().iter().take(index + 1).enumerate().all(|(place, end)| {
        let length = end.length - std::mem::replace(&mut from, end.length);
        if place == index {
            return (index == 0 || length <= 4) && !(end.upper && end.lower);
        }
        length == 4
            && matches!(end.next, Some(b' ' | b'-'))
            && separator.replace(end.next).is_none_or(|known| known == end.next)
    })
}

/// A day, a month and a year, in any order that is used.
fn is_date(groups: &Groups, index: usize) -> bool {
    if index != 2 {
        return false;
    }
    let mut from = 0;
    let mut parts = groups.ends().iter().map(|end| {
        let part = groups.up_to(end).get(std::mem::replace(&mut from, end.length)..).unwrap_or_default();
        let value = part.iter().fold(0_u32, |all, byte| match byte.is_ascii_digit() {
            true => all.saturating_mul(10).saturating_add(u32::from(byte - b'0')),
            false => u32::MAX,
        });
        (part.len(), value, end.next)
    });
    let (Some((a, first, one)), Some((b, second, two)), Some((c, third, _))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_year = |value: u32| (1900..2100).contains(&value);
    one == two
        && match (a, b, c) {
            (4, 1 | 2, 1 | 2) => is_year(first) && (1..=12).contains(&second) && (1..=31).contains(&third),
            (1 | 2, 1 | 2, 4 | 2) => {
                (c == 2 || is_year(third))
                    && (1..=31).contains(&first)
                    && (1..=31).contains(&second)
                    && (first <= 12 || second <= 12)
            }
            _ => false,
        }
}

/// Whether a byte can be the first digit of a number: none stands before it in its token.
pub(in super::super) fn is_first_digit(view: &View, at: usize) -> bool {
    let mut from = at;
    while let Some(byte) = view.before(from).filter(u8::is_ascii_alphanumeric) {
        if byte.is_ascii_digit() {
            return false;
        }
        from -= 1;
        if at - from > LETTERS {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::{Config, Scanner, Stage};

    /// What is found in a text: kinds, with what they are found in.
    fn found(text: &str) -> Vec<(&'static str, &str)> {
        let scan = Scanner::new(vec![Config::pii()]).unwrap().scan(text, Stage::Input);
        scan.findings.iter().map(|finding| (finding.kind.as_str(), &text[finding.start..finding.end])).collect()
    }

    #[test]
    fn numbers_that_need_nothing_more() {
        for (kind, number) in [
            ("iban", "GB82 WEST 1234 5698 7654 32"),
            ("iban", "DE89370400440532013000"),
            ("iban", "at61 1904 3002 3457 3201"),
            ("ipAddress", "203.0.113.7"),
            ("ipAddress", "2001:db8::8a2e:370:7334"),
            ("macAddress", "00:1A:2B:3C:4D:5E"),
            ("macAddress", "AA-BB-CC-DD-EE-FF"),
            ("macAddress", "0012.3456.789a"),
            ("cryptoAddress", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
            ("cryptoAddress", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
            ("usItin", "911-70-1234"),
            ("usRoutingNumber", "0711-0130-7"),
            ("usNpi", "1234-567-893"),
            ("usMbi", "1EG4-TE5-MK73"),
            ("caSin", "347-677-452"),
            ("ukNino", "AB 12 34 56 C"),
            ("ukDrivingLicence", "MORGA607054SM9IJ"),
            ("ukPostcode", "SW1A 1AA"),
            ("deTaxNumber", "12/345/67890"),
            ("deVatId", "DE 129 273 398"),
            ("deSocialSecurity", "15070649C103"),
            ("frNir", "2 55 08 14 168 025 38"),
            ("esNif", "12345678Z"),
            ("esNie", "X9613851-N"),
            ("itFiscalCode", "RSSMRA85T10A562S"),
            ("plPesel", "44051401458"),
            ("sePersonnummer", "871220-2384"),
            ("seOrganisationsnummer", "556703-7485"),
            ("fiHetu", "131052-308T"),
            ("fiHetu", "020594X903P"),
            ("noFodselsnummer", "01010150074"),
            ("chAhv", "756.9217.0769.85"),
            ("trNationalId", "10000000146"),
            ("brCpf", "111.444.777-35"),
            ("brCnpj", "11.222.333/0001-81"),
            ("inAadhaar", "3998 7654 3211"),
            ("inPan", "ABBPM4567S"),
            ("inGstin", "27ABCDE1234F1Z5"),
            ("krRrn", "960121-1021413"),
            ("krDriverLicense", "11-22-123456-12"),
            ("sgNric", "S9108268C"),
            ("sgUen", "T16RF0037C"),
            ("auAbn", "51 824 753 556"),
            ("zaId", "8001015009087"),
            ("cnResidentId", "11010519491231002X"),
            ("ngPlate", "ABJ-001AA"),
        ] {
            assert_eq!(found(&format!("It is {number}, as he wrote.")), [(kind, number)]);
        }
    }

    #[test]
    fn numbers_that_a_word_names() {
        for (kind, before, number) in [
            ("imei", "imei ", "490154203237518"),
            ("vin", "VIN: ", "1M8GDM9AXKP042788"),
            ("dateOfBirth", "Date of birth: ", "04/05/1991"),
            ("dateOfBirth", "born on ", "1991-05-04"),
            ("usEin", "EIN ", "12-3456789"),
            ("usRoutingNumber", "routing number ", "121000358"),
            ("usBankAccount", "account number ", "945456787654"),
            ("usPassport", "passport: ", "A12803456"),
            ("usDriverLicense", "driver's license ", "H1223456"),
            ("usDea", "DEA number ", "AB1234563"),
            ("ukNhs", "NHS number ", "943 476 5919"),
            ("ukPassport", "passport ", "AB1234567"),
            ("ukVehicle", "vehicle ", "AB51 ABC"),
            ("deTaxId", "Steuer-ID ", "86095742719"),
            ("deIdCard", "Personalausweis ", "CZ6311T03"),
            ("dePassport", "Reisepass ", "C01X00T41"),
            ("deHealthInsurance", "KVNR ", "A123456780"),
            ("esPassport", "pasaporte ", "AAA123456"),
            ("itVat", "partita IVA ", "00743110157"),
            ("nlBsn", "BSN ", "111222333"),
            ("ptNif", "contribuinte ", "123456789"),
            ("trPlate", "plaka ", "34 ABC 1234"),
            ("inPassport", "passport ", "T3569075"),
            ("inVoter", "voter id ", "KSD1287349"),
            ("krBrn", "사업자등록번호 ", "104-86-56659"),
            ("krPassport", "여권번호는 ", "M12345678"),
            ("auAcn", "ACN ", "006 249 976"),
            ("auTfn", "tax file number ", "876 543 210"),
            ("auMedicare", "Medicare ", "2123 45670 1"),
            ("jpMyNumber", "マイナンバー ", "1234 5678 9018"),
            ("thNationalId", "ประชาชน ", "3456789012347"),
            ("phTin", "TIN ", "000-123-456"),
            ("ngNin", "NIN ", "12345678901"),
        ] {
            assert!(found(&format!("{before}{number}.")).contains(&(kind, number)), "{kind} {number}");
            assert!(
                !found(&format!("It is {number}.")).iter().any(|(found, _)| *found == kind),
                "{kind} {number} alone"
            );
        }
    }

    #[test]
    fn a_field_that_holds_nothing_else() {
        assert_eq!(found("121000358"), [("usRoutingNumber", "121000358")]);
        assert_eq!(found("M11AA"), [("ukPostcode", "M11AA")]);
        assert_eq!(found("12100035"), []);
    }

    #[test]
    fn what_only_looks_like_one() {
        for text in [
            "GB82 WEST 1234 5698 7654 33",
            "LV80 bANK 0000 4351 9500 1",
            "version 1.2.3.4",
            "opencv>=4.13.0.92",
            "192.168.0",
            "Time 12:34:56",
            "std::vector and a::b",
            "xs[::1]",
            "255.255.255.0",
            "10:2F:33-AC-29-C3",
            "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ2",
            "12345678A",
            "X9613851M",
            "44051401459",
            "111.444.777-36",
            "3998 7654 3212",
            "on 2020-01-31 and 04/05/1991",
            "QA1 1AA",
            "part no AB1234567",
            "1700000000123",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "123e4567-e89b-12d3-a456-426614174000",
            "a row of 10, 20, 30 and 1 000 000 000",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
