//! Check digits and the other things that make a number one of its kind. All take the number without separators, letters in
//! upper case, of the length that its shape says; what an index does not reach counts as no match.

use super::card::luhn;

/// A digit's value; letters and everything else have none.
fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

fn at(id: &[u8], place: usize) -> u32 {
    id.get(place).copied().and_then(digit).unwrap_or(99)
}

fn part(id: &[u8], from: usize, to: usize) -> &[u8] {
    id.get(from..to).unwrap_or_default()
}

/// The number that the digits of a part make; letters in it are passed over.
fn number(id: &[u8], from: usize, to: usize) -> u64 {
    part(id, from, to).iter().filter_map(|byte| digit(*byte)).fold(0, |all, digit| all * 10 + u64::from(digit))
}

fn digits(id: &[u8]) -> Vec<u8> {
    id.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect()
}

/// The sum of the digits from the first on, each times its weight.
fn weighted(id: &[u8], weights: &[u32]) -> u32 {
    weights.iter().enumerate().map(|(place, weight)| at(id, place) * weight).sum()
}

/// Whether all digits are the same: nobody's number, though it may pass a check.
fn is_filler(id: &[u8]) -> bool {
    id.windows(2).all(|pair| matches!(pair, [a, b] if a == b))
}

fn is_date(month: u64, day: u64) -> bool {
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 29,
        _ => 0,
    };
    (1..=longest).contains(&day)
}

/// The letter or digit at the end, out of an alphabet and a place in it.
fn ends_with(id: &[u8], alphabet: &[u8], place: u64) -> bool {
    alphabet.get(place as usize) == id.last()
}

/// ISO 7064, modulus 11,10 (hybrid), over all digits.
fn mod11_10(id: &[u8]) -> bool {
    let Some((last, body)) = id.split_last() else { return false };
    let rest = body.iter().filter_map(|byte| digit(*byte)).fold(10, |rest, digit| {
        let sum = match (digit + rest) % 10 {
            0 => 10,
            sum => sum,
        };
        sum * 2 % 11
    });
    digit(*last) == Some((11 - rest) % 10)
}

/// ICAO 9303 part 3: weights 7, 3, 1 over digits and letters (A is 10).
fn icao(id: &[u8]) -> bool {
    let Some((last, body)) = id.split_last() else { return false };
    let sum: u32 = body
        .iter()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(byte, weight)| digit(*byte).unwrap_or_else(|| u32::from(*byte) + 10 - u32::from(b'A')) * weight)
        .sum();
    digit(*last) == Some(sum % 10)
}

/// Nothing to check beyond the shape.
pub(super) fn any(_: &[u8]) -> bool {
    true
}

/// ISO 13616: the country's length, and the remainder 1 by 97 (ISO 7064).
pub(super) fn iban(id: &[u8]) -> bool {
    /// Countries with the length of their numbers, from SWIFT's IBAN registry, release 99.
    const LENGTHS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29\
         ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21\
         LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24\
         SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";
    let Some((country, rest)) = id.split_at_checked(4).filter(|_| id.len() <= 34) else { return false };
    let known = LENGTHS.as_bytes().chunks_exact(4).find(|known| known.get(..2) == country.get(..2));
    if known.map(|known| number(known, 2, 4)) != Some(id.len() as u64) {
        return false;
    }
    let rest = rest.iter().chain(country).fold(0_u64, |rest, byte| match digit(*byte) {
        Some(digit) => (rest * 10 + u64::from(digit)) % 97,
        None => (rest * 100 + u64::from(*byte) + 10 - u64::from(b'A')) % 97,
    });
    rest == 1
}

pub(super) fn imei(id: &[u8]) -> bool {
    luhn(&digits(id)) && !is_filler(id)
}

/// ISO 3779 with the check digit of 49 CFR 565.
pub(super) fn vin(id: &[u8]) -> bool {
    const VALUES: &[u8; 26] = b"12345678.12345.7.923456789";
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let mut sum = 0;
    for (byte, weight) in id.iter().zip(WEIGHTS) {
        let letter = || VALUES.get(usize::from(byte.wrapping_sub(b'A'))).copied().and_then(digit);
        let Some(value) = digit(*byte).or_else(letter) else { return false };
        sum += value * weight;
    }
    ends_with(part(id, 0, 9), b"0123456789X", u64::from(sum % 11))
        && id.iter().any(u8::is_ascii_alphabetic)
        && !is_filler(id)
}

/// IRS: groups that were given out.
pub(super) fn us_itin(id: &[u8]) -> bool {
    matches!(number(id, 3, 5), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// IRS: prefixes of the campuses and of the internet.
pub(super) fn us_ein(id: &[u8]) -> bool {
    matches!(number(id, 0, 2), 1..=6 | 10..=16 | 20..=27 | 30..=48 | 50..=68 | 71..=77 | 80..=88 | 90..=95 | 98 | 99)
}

/// ABA: a Federal Reserve prefix, weights 3, 7, 1.
pub(super) fn us_routing(id: &[u8]) -> bool {
    matches!(number(id, 0, 2), 1..=12 | 21..=32 | 61..=72 | 80)
        && weighted(id, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// CMS: Luhn over the number behind 80840.
pub(super) fn us_npi(id: &[u8]) -> bool {
    let mut all = vec![8, 0, 8, 4, 0];
    all.extend(digits(id));
    matches!(at(id, 0), 1 | 2) && luhn(&all)
}

/// DEA: the registrant's letter, and a check digit.
pub(super) fn us_dea(id: &[u8]) -> bool {
    let number = part(id, 2, 9);
    let odd = weighted(number, &[1, 0, 1, 0, 1, 0]);
    let even = weighted(number, &[0, 1, 0, 1, 0, 1]);
    id.first().is_some_and(|first| b"ABCDEFGHJKLMPRSTUX".contains(first)) && at(number, 6) == (odd + 2 * even) % 10
}

/// CMS: no letter that looks like a digit.
pub(super) fn us_mbi(id: &[u8]) -> bool {
    !id.iter().any(|byte| b"SLOIBZ".contains(byte))
}

pub(super) fn luhn_digits(id: &[u8]) -> bool {
    luhn(&digits(id)) && !is_filler(id)
}

/// Canada: Luhn; nobody's begins with 8.
pub(super) fn ca_sin(id: &[u8]) -> bool {
    luhn_digits(id) && !matches!(at(id, 0), 0 | 8)
}

/// NHS data dictionary: modulus 11, weights 10 to 2.
pub(super) fn uk_nhs(id: &[u8]) -> bool {
    let check = 11 - weighted(id, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    check != 10 && at(id, 9) == check % 11 && !is_filler(id)
}

/// HMRC, NIM39110: letters that are not used, prefixes that were never given out, the suffix.
pub(super) fn uk_nino(id: &[u8]) -> bool {
    let never: [&[u8]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    let prefix = part(id, 0, 2);
    !prefix.iter().any(|byte| b"DFIQUV".contains(byte))
        && id.get(1) != Some(&b'O')
        && !never.contains(&prefix)
        && id.last().is_some_and(|last| (b'A'..=b'D').contains(last))
}

/// DVLA: the surname padded with nines, month (a woman's plus 50) and day of birth.
pub(super) fn uk_driving_licence(id: &[u8]) -> bool {
    let surname = part(id, 0, 5);
    let letters = surname.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let month = number(id, 6, 8);
    letters > 0
        && surname.iter().skip(letters).all(|byte| *byte == b'9')
        && is_date(if month > 50 { month - 50 } else { month }, number(id, 8, 10))
        && part(id, 11, 13).iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'9')
        && part(id, 14, 16).iter().all(u8::is_ascii_alphabetic)
}

/// Royal Mail: areas, and letters that an inward code does not use.
pub(super) fn uk_postcode(id: &[u8]) -> bool {
    const AREAS: &str = " AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN \
         EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP \
         NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC \
         WD WF WN WR WS WV YO ZE ";
    let area: String = id.iter().take_while(|byte| byte.is_ascii_alphabetic()).map(|byte| char::from(*byte)).collect();
    let inward = id.len().checked_sub(2).map(|from| part(id, from, id.len())).unwrap_or_default();
    AREAS.contains(&format!(" {area} ")) && !inward.iter().any(|byte| b"CIKMOV".contains(byte))
}

/// DVLA: letters that are not used, and ages from 2001 on.
pub(super) fn uk_vehicle(id: &[u8]) -> bool {
    id.first().is_some_and(|first| !b"IJQTXZ".contains(first))
        && id.get(1).is_some_and(|second| !b"IQZ".contains(second))
        && !part(id, 4, 7).iter().any(|byte| b"IQ".contains(byte))
        && matches!(number(id, 2, 4), 2..=27 | 51..=77)
}

/// BZSt: modulus 11,10; the first digit is none.
pub(super) fn de_tax_id(id: &[u8]) -> bool {
    at(id, 0) != 0 && mod11_10(id) && !is_filler(id)
}

pub(super) fn de_vat_id(id: &[u8]) -> bool {
    mod11_10(part(id, 2, 11)) && at(id, 2) != 0
}

/// BSI TR-03130: letters that are used, and the check digit of ICAO 9303.
pub(super) fn de_document(id: &[u8]) -> bool {
    id.iter().all(|byte| byte.is_ascii_digit() || b"CFGHJKLMNPRTVWXYZ".contains(byte)) && icao(id)
}

/// GKV-Spitzenverband, KVNR: the letter as two digits, weights 1 and 2, sums of digits.
pub(super) fn de_health_insurance(id: &[u8]) -> bool {
    let Some((letter, rest)) = id.split_first() else { return false };
    let letter = u32::from(*letter) - u32::from(b'A') + 1;
    let Some((last, rest)) = rest.split_last() else { return false };
    let all = [letter / 10, letter % 10].into_iter().chain(rest.iter().filter_map(|byte| digit(*byte)));
    let sum: u32 =
        all.zip([1, 2].into_iter().cycle()).map(|(digit, weight)| digit * weight).map(|n| n / 10 + n % 10).sum();
    digit(*last) == Some(sum % 10)
}

/// VKVV § 2: area, date of birth, letter of the name, serial, check digit.
pub(super) fn de_social_security(id: &[u8]) -> bool {
    const WEIGHTS: [u32; 12] = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
    let day = number(id, 2, 4);
    let letter = id.get(8).map_or(0, |byte| u32::from(byte.wrapping_sub(b'A')) + 1);
    let all = (0..8).map(|place| at(id, place)).chain([letter / 10, letter % 10]).chain([at(id, 9), at(id, 10)]);
    let sum: u32 = all.zip(WEIGHTS).map(|(digit, weight)| digit * weight).map(|n| n / 10 + n % 10).sum();
    is_date(number(id, 4, 6), if day > 50 { day - 50 } else { day }) && at(id, 11) == sum % 10
}

/// INSEE: sex, month, and 97 less the remainder; Corsica's departments are 19 and 18.
pub(super) fn fr_nir(id: &[u8]) -> bool {
    let corsica = match id.get(6) {
        Some(b'A') => 1_000_000,
        Some(b'B') => 2_000_000,
        _ => 0,
    };
    // `2A` and `2B` are read as 20, and 1 or 2 million taken away.
    let body = if corsica > 0 { (number(id, 0, 6) * 10) * 1_000_000 + number(id, 7, 13) } else { number(id, 0, 13) };
    matches!(at(id, 0), 1 | 2)
        && matches!(number(id, 3, 5), 1..=12 | 20..=42 | 50..=99)
        && 97 - body.saturating_sub(corsica) % 97 == number(id, 13, 15)
}

const SPANISH: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Ministerio del Interior: the remainder by 23 as a letter.
pub(super) fn es_nif(id: &[u8]) -> bool {
    ends_with(id, SPANISH, number(id, 0, id.len()) % 23)
}

pub(super) fn es_nie(id: &[u8]) -> bool {
    let first = match id.first() {
        Some(b'X') => 0,
        Some(b'Y') => 10_000_000,
        Some(b'Z') => 20_000_000,
        _ => return false,
    };
    ends_with(id, SPANISH, (first + number(id, 1, 8)) % 23)
}

/// Agenzia delle Entrate: digits may be letters where codes collide; values of the odd places.
pub(super) fn it_fiscal_code(id: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let Some((last, body)) = id.split_last() else { return false };
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(place, byte)| {
            let value = digit(*byte).unwrap_or_else(|| u32::from(byte.wrapping_sub(b'A')));
            if place % 2 == 0 { ODD.get(value as usize).copied().unwrap_or_default() } else { value }
        })
        .sum();
    sum % 26 == u32::from(last.wrapping_sub(b'A'))
}

pub(super) fn it_driver_license(id: &[u8]) -> bool {
    part(id, 2, 9).iter().any(u8::is_ascii_digit)
}

/// Month with the century in it, day, weights 1, 3, 7, 9.
pub(super) fn pl_pesel(id: &[u8]) -> bool {
    is_date(number(id, 2, 4) % 20, number(id, 4, 6))
        && weighted(id, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
}

/// The eleven test.
pub(super) fn nl_bsn(id: &[u8]) -> bool {
    // The last digit counts as -1: 10 in modulus 11.
    weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2, 10]).is_multiple_of(11) && !is_filler(id)
}

pub(super) fn pt_nif(id: &[u8]) -> bool {
    let check = 11 - weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    matches!(at(id, 0), 1 | 2 | 3 | 5 | 6 | 8 | 9) && at(id, 8) == if check > 9 { 0 } else { check }
}

/// Skatteverket: a date (a coordination number's day plus 60), Luhn over the last ten digits.
pub(super) fn se_personnummer(id: &[u8]) -> bool {
    let ten = part(id, id.len().saturating_sub(10), id.len());
    let day = number(ten, 4, 6);
    let century = number(id, 0, id.len().saturating_sub(10));
    matches!(century, 0 | 18..=20)
        && is_date(number(ten, 2, 4), if day > 60 { day - 60 } else { day })
        && luhn(&digits(ten))
}

/// Bolagsverket: the second pair is 20 or more, so that it is no month.
pub(super) fn se_organisationsnummer(id: &[u8]) -> bool {
    number(id, 2, 4) >= 20 && luhn(&digits(id))
}

/// Digital and Population Data Services Agency: date, and the remainder by 31.
pub(super) fn fi_hetu(id: &[u8]) -> bool {
    let body = number(id, 0, 6) * 1000 + number(id, id.len().saturating_sub(4), id.len().saturating_sub(1));
    is_date(number(id, 2, 4), number(id, 0, 2)) && ends_with(id, b"0123456789ABCDEFHJKLMNPRSTUVWXY", body % 31)
}

/// As [`fi_hetu`], with the letter of the century between: `Y`, `X`, `W`, `V`, `U` the last, `A` to `F` this one.
pub(super) fn fi_hetu_lettered(id: &[u8]) -> bool {
    id.get(6).is_some_and(|letter| b"YXWVUABCDEF".contains(letter)) && fi_hetu(id)
}

/// Skatteetaten: date (a D-number's day plus 40), two check digits.
pub(super) fn no_fodselsnummer(id: &[u8]) -> bool {
    let day = number(id, 0, 2);
    is_date(number(id, 2, 4) % 40, if day > 40 { day - 40 } else { day })
        && weighted(id, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted(id, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// The country's number, then the check digit of EAN-13.
pub(super) fn ch_ahv(id: &[u8]) -> bool {
    weighted(id, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

/// NVİ: two check digits.
pub(super) fn tr_national_id(id: &[u8]) -> bool {
    let odd = weighted(id, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(id, &[0, 1, 0, 1, 0, 1, 0, 1]);
    let first_ten = weighted(id, &[1; 10]);
    at(id, 0) != 0 && (odd * 7 + 90 - even) % 10 == at(id, 9) && first_ten % 10 == at(id, 10)
}

pub(super) fn tr_plate(id: &[u8]) -> bool {
    matches!(number(id, 0, 2), 1..=81)
}

/// One of the two check digits of Brazil's numbers.
fn brazilian(id: &[u8], weights: &[u32]) -> bool {
    let rest = weighted(id, weights) % 11;
    at(id, weights.len()) == if rest < 2 { 0 } else { 11 - rest }
}

pub(super) fn br_cpf(id: &[u8]) -> bool {
    brazilian(id, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) && brazilian(id, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) && !is_filler(id)
}

pub(super) fn br_cnpj(id: &[u8]) -> bool {
    brazilian(id, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
        && brazilian(id, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
        && !is_filler(id)
}

/// Verhoeff's check: the dihedral group of ten, as a permutation to the power of the place.
pub(super) fn in_aadhaar(id: &[u8]) -> bool {
    const PERMUTED: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    /// Rotations are 0 to 4, reflections 5 to 9.
    const fn multiply(a: u8, b: u8) -> u8 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => (a + b) % 5 + 5,
            (false, true) => (a + 5 - b) % 5 + 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    let permuted = |place: usize, digit: u8| {
        PERMUTED.get(place % 8).and_then(|row| row.get(usize::from(digit))).copied().unwrap_or_default()
    };
    let rest =
        digits(id).iter().rev().enumerate().fold(0, |rest, (place, digit)| multiply(rest, permuted(place, *digit)));
    rest == 0 && at(id, 0) > 1 && !is_filler(id)
}

/// GSTN: a state's code around a permanent account number.
pub(super) fn in_gstin(id: &[u8]) -> bool {
    matches!(number(id, 0, 2), 1..=38 | 97 | 99)
}

/// A date, and who it is that was born then: men and women of a century, `from` to `to`.
fn korean(id: &[u8], from: u32, to: u32) -> bool {
    is_date(number(id, 2, 4), number(id, 4, 6)) && (from..=to).contains(&at(id, 6))
}

/// Until October 2020 the last digit was a check digit; since then it is chance, so it proves nothing.
pub(super) fn kr_rrn(id: &[u8]) -> bool {
    korean(id, 1, 4)
}

pub(super) fn kr_frn(id: &[u8]) -> bool {
    korean(id, 5, 8)
}

pub(super) fn kr_brn(id: &[u8]) -> bool {
    let sum = weighted(id, &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + at(id, 8) * 5 / 10;
    (sum + at(id, 9)).is_multiple_of(10)
}

pub(super) fn kr_driver_license(id: &[u8]) -> bool {
    matches!(number(id, 0, 2), 11..=28)
}

pub(super) fn kr_passport(id: &[u8]) -> bool {
    id.first().is_some_and(|first| b"MSRODG".contains(first))
}

/// ICA: the remainder by 11 as a letter, in an order for each prefix.
pub(super) fn sg_nric(id: &[u8]) -> bool {
    let sum = weighted(part(id, 1, 8), &[2, 7, 6, 5, 4, 3, 2]);
    let (offset, alphabet): (u32, &[u8]) = match id.first() {
        Some(b'S') => (0, b"JZIHGFEDCBA"),
        Some(b'T') => (4, b"JZIHGFEDCBA"),
        Some(b'F') => (0, b"XWUTRQPNMLK"),
        Some(b'G') => (4, b"XWUTRQPNMLK"),
        Some(b'M') => (3, b"KLJNPQRTUWX"),
        _ => return false,
    };
    let place = (sum + offset) % 11;
    ends_with(id, alphabet, u64::from(if id.first() == Some(&b'M') { 10 - place } else { place }))
}

pub(super) fn sg_uen(id: &[u8]) -> bool {
    id.first().is_some_and(|first| first.is_ascii_digit() || b"TSR".contains(first))
}

/// ATO: the first digit less one, modulus 89.
pub(super) fn au_abn(id: &[u8]) -> bool {
    let sum = weighted(id, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    at(id, 0) != 0 && (sum + 890 - 10).is_multiple_of(89)
}

/// ASIC: weights 8 to 1.
pub(super) fn au_acn(id: &[u8]) -> bool {
    (10 - weighted(id, &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == at(id, 8) && !is_filler(id)
}

pub(super) fn au_tfn(id: &[u8]) -> bool {
    weighted(id, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && !is_filler(id)
}

pub(super) fn au_medicare(id: &[u8]) -> bool {
    matches!(at(id, 0), 2..=6) && weighted(id, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == at(id, 8)
}

/// A date, a citizenship (or a refugee), Luhn.
pub(super) fn za_id(id: &[u8]) -> bool {
    is_date(number(id, 2, 4), number(id, 4, 6)) && at(id, 10) < 3 && luhn(&digits(id))
}

/// MIC ordinance 85 of 2014: modulus 11.
pub(super) fn jp_my_number(id: &[u8]) -> bool {
    let rest = weighted(id, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    at(id, 11) == if rest < 2 { 0 } else { 11 - rest } && !is_filler(id)
}

/// GB 11643-1999: a date, and ISO 7064 modulus 11,2.
pub(super) fn cn_resident_id(id: &[u8]) -> bool {
    let sum = weighted(id, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    is_date(number(id, 10, 12), number(id, 12, 14))
        && matches!(number(id, 6, 8), 18..=20)
        && ends_with(id, b"10X98765432", u64::from(sum % 11))
}

/// DOPA: the kind of person, the province (ISO 3166-2:TH), weights 13 to 2, modulus 11.
pub(super) fn th_national_id(id: &[u8]) -> bool {
    let sum = weighted(id, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    matches!(at(id, 0), 1..=8)
        && matches!(number(id, 1, 3), 10..=27 | 30..=49 | 50..=58 | 60..=67 | 70..=77 | 80..=86 | 90..=96)
        && at(id, 12) == (11 - sum % 11) % 10
}

/// BIR: weights 9 to 2, modulus 11; behind it may stand the number of a branch.
pub(super) fn ph_tin(id: &[u8]) -> bool {
    at(id, 0) < 6 && weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == at(id, 8)
}
