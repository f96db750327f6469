//! Numbers of documents, accounts and registers: one row for each way in which one is written.
//!
//! A rule fires by itself only where it can hardly be anything else: by two check digits, a date and a check digit, or a
//! shape that nothing else has. One check digit is not enough (of any ten numbers one passes), nor is a shape alone: those
//! need a word beside them that names what they are, or to be the whole text, as the value of a field is.

use std::sync::OnceLock;

use super::{
    super::{context::Terms, kind::Kind},
    checks,
};
use crate::collections::sort_by_key;

/// A number's shape, how it is written, and what proves it.
pub(in super::super) struct Rule {
    pub kind: Kind,
    /// `#` a digit, `@` a letter, `*` either, and letters and digits that stand for themselves. Behind a `^`, letters that are
    /// not upper case make the number less certain than it is otherwise.
    pub shape: &'static str,
    /// How it may be written, between `|`: `c` without separators, else the lengths of its groups with what stands between
    /// them. Before it, what that says: `!` nothing more is needed, `?` a
    /// word beside it or nothing else in the text, `+` a word beside it.
    pub forms: &'static str,
    pub check: fn(&[u8]) -> bool,
    /// Whether the check proves something beyond the shape.
    pub validated: bool,
    /// Words that name it: see [`Terms`].
    pub terms: &'static str,
}

impl Rule {
    /// The shape, and whether letters in lower case make the number less certain.
    pub fn classes(&self) -> (&'static [u8], bool) {
        match self.shape.as_bytes() {
            [b'^', classes @ ..] => (classes, true),
            classes => (classes, false),
        }
    }
}

/// How a group is written down in the signature of a number: how long it is, and what separates it from the next.
pub(super) const fn group(length: usize, separator: Option<u8>) -> u8 {
    let separator = match separator {
        None => 0,
        Some(b' ') => 1,
        Some(b'-') => 2,
        Some(b'.') => 3,
        Some(_) => 4,
    };
    (if length > 31 { 31 } else { length as u8 }) | separator << 5
}

/// As many groups as are told apart.
pub(super) const GROUPS: usize = 8;

/// A way in which a number of some rule is written.
pub(super) struct Written {
    /// Its groups, the first one in the highest byte.
    groups: u64,
    pub rule: &'static Rule,
    /// The words that name it.
    pub terms: Terms,
    /// What a number needs that is written so: see [`Rule::forms`].
    pub needs: u8,
    /// Where it has digits, and where letters, whatever else it has.
    pub places: Places,
}

/// Where a number has digits and where it has letters: a bit for each, the first one lowest.
#[derive(Clone, Copy, Default)]
pub(super) struct Places {
    pub digits: u64,
    pub letters: u64,
}

impl Places {
    /// The places of letters and digits, or of the classes of a shape.
    pub fn of(id: &[u8]) -> Self {
        id.iter().rev().fold(Self::default(), |places, byte| Self {
            digits: places.digits << 1 | u64::from(byte.is_ascii_digit() || *byte == b'#'),
            letters: places.letters << 1 | u64::from(byte.is_ascii_alphabetic() || *byte == b'@'),
        })
    }

    /// Whether there are digits and letters wherever a shape has them.
    pub fn have(self, shape: Self) -> bool {
        (shape.digits & !self.digits) | (shape.letters & !self.letters) == 0
    }
}

impl Written {
    /// The group at that place; 0 behind the last one.
    pub fn group(&self, place: usize) -> u8 {
        self.groups.to_be_bytes().get(place).copied().unwrap_or(0)
    }
}

/// Every way in which numbers are written, in order; of those that are the same, in the order of the rules.
struct Forms {
    all: Vec<Written>,
    /// Where those end that begin with a group, or with an earlier one.
    ends: [u16; 256],
}

/// Every way in which a number is written that begins with such a group.
pub(super) fn written(first: u8) -> &'static [Written] {
    static FORMS: OnceLock<Forms> = OnceLock::new();
    let forms = FORMS.get_or_init(|| {
        let mut all: Vec<Written> = RULES.iter().enumerate().flat_map(forms).collect();
        sort_by_key(&mut all, |written| written.groups);
        let mut ends = [0; 256];
        for (first, end) in (0..=u8::MAX).zip(ends.iter_mut()) {
            *end = all.partition_point(|written| written.group(0) <= first) as u16;
        }
        Forms { all, ends }
    });
    let end = |first: u8| forms.ends.get(usize::from(first)).copied().map_or(0, usize::from);
    forms.all.get(first.checked_sub(1).map_or(0, end)..end(first)).unwrap_or_default()
}

fn forms((place, rule): (usize, &'static Rule)) -> impl Iterator<Item = Written> {
    let places = Places::of(rule.classes().0);
    rule.forms.split('|').map(move |form| {
        let (needs, lengths) = form.as_bytes().split_first().map_or((0, &[][..]), |(needs, form)| (*needs, form));
        let mut groups = [0; GROUPS];
        let mut slots = groups.iter_mut();
        let mut length = if lengths == b"c" { rule.classes().0.len() } else { 0 };
        for byte in lengths.iter().filter(|byte| **byte != b'c') {
            if byte.is_ascii_digit() {
                length = length * 10 + usize::from(byte - b'0');
            } else {
                slots.next().into_iter().for_each(|slot| *slot = group(length, Some(*byte)));
                length = 0;
            }
        }
        slots.next().into_iter().for_each(|slot| *slot = group(length, None));
        Written { groups: u64::from_be_bytes(groups), rule, terms: Terms::of_rule(place), needs, places }
    })
}

macro_rules! rules {
    ($($kind:ident $shape:literal $forms:literal $check:ident $validated:literal $terms:literal;)*) => {
        /// Every rule; where two fit equally well, the first counts.
        pub(in super::super) const RULES: &[Rule] = &[$(Rule {
            kind: Kind::$kind,
            shape: $shape,
            forms: $forms,
            check: checks::$check,
            validated: $validated,
            terms: $terms,
        }),*];
    };
}

rules! {
    Imei "###############" "?c|?2-6-6-1|?8-6-1" imei true "imei";
    Vin "*****************" "?c" vin true "vin chassis vehicle";
    UsItin "9########" "!3-2-4|+3 2 4|+3-6|+5-4|+c" us_itin false "itin tax taxpayer tin";
    UsEin "#########" "+2-7|+c" us_ein false "ein fein employer_identification employer_id tax_id federal_tax";
    UsRoutingNumber "#########" "?c|!4-4-1" us_routing true "aba routing rtn routing_number transit";
    UsBankAccount "########" "+c" any false "account_number bank_account account acct";
    UsBankAccount "#########" "+c" any false "account_number bank_account account acct";
    UsBankAccount "##########" "+c" any false "account_number bank_account account acct";
    UsBankAccount "###########" "+c" any false "account_number bank_account account acct";
    UsBankAccount "############" "+c" any false "account_number bank_account account acct";
    UsBankAccount "#################" "+c" any false "account_number bank_account account acct";
    UsPassport "@########" "+c" any false "passport passports";
    UsPassport "#########" "+c" any false "passport passports";
    UsDriverLicense "@#######" "+c|+1-3-4|+1-7" any false "driver_license driver_licence drivers_license dl driver driving license_number licence";
    UsDriverLicense "@########" "+c" any false "driver_license driver_licence drivers_license dl driver driving license_number licence";
    UsDriverLicense "@############" "+c|+4-3-2-3-1|+1-4-4-4" any false "driver_license driver_licence drivers_license dl driver driving license_number licence";
    UsNpi "##########" "?c|!4-3-3" us_npi true "npi provider_identifier";
    UsDea "@@#######" "?c" us_dea true "dea";
    UsMbi "^#@*#@*#@@##" "!c|!4-3-4" us_mbi false "mbi medicare";
    CaSin "#########" "?c|?3 3 3|!3-3-3" ca_sin true "sin social_insurance nas assurance_sociale";
    UkNhs "##########" "?c|?3 3 4|?3-3-4" uk_nhs true "nhs national_health";
    UkNino "^@@######@" "!c|!2 2 2 2 1|!2 6 1|!2-6-1|!2 7|!8 1|!2-2-2-2-1" uk_nino false "nino national_insurance ni insurance";
    UkPassport "@@#######" "+c" any false "passport passports";
    UkDrivingLicence "@****######***@@" "!c|!5 6 5|!5 6 3 2" uk_driving_licence false "licence driving";
    UkPostcode "^GIR0AA" "!3 3|?c" any false "postcode post_code postal address";
    UkPostcode "^@##@@" "!2 3|?c" uk_postcode false "postcode post_code postal address";
    UkPostcode "^@###@@" "!3 3|?c" uk_postcode false "postcode post_code postal address";
    UkPostcode "^@@##@@" "!3 3|?c" uk_postcode false "postcode post_code postal address";
    UkPostcode "^@@###@@" "!4 3|?c" uk_postcode false "postcode post_code postal address";
    UkPostcode "^@#@#@@" "!3 3|?c" uk_postcode false "postcode post_code postal address";
    UkPostcode "^@@#@#@@" "!4 3|?c" uk_postcode false "postcode post_code postal address";
    UkVehicle "^@@##@@@" "?4 3|?c" uk_vehicle false "registration plate vehicle vehicles car reg number_plate vrm";
    DeTaxId "###########" "?c|?2 3 3 3" de_tax_id true "steuer steuernummer steueridentifikationsnummer steuerid idnr tin identifikationsnummer tax_id steuer_id";
    DeTaxNumber "###########" "!3/3/5|!2/3/5|+c" any false "steuernummer steuer st_nr stnr";
    DeTaxNumber "##########" "!2/3/5|!3/4/4|!2/4/4|+c" any false "steuernummer steuer st_nr stnr";
    DeTaxNumber "#############" "+c" any false "steuernummer steuer st_nr stnr";
    DeVatId "DE#########" "!c|!2 9|!2-9|!2 3 3 3|!2-3-3-3" de_vat_id true "ust ustid vat mwst";
    DePassport "*********" "+c" de_document true "reisepass pass passport passnummer passnr";
    DeIdCard "*########" "?c" de_document true "ausweis personalausweis ausweisnummer perso id_card identity_card";
    DeIdCard "@********" "?c" de_document true "ausweis personalausweis ausweisnummer perso id_card identity_card";
    DeIdCard "T########" "+c" any false "ausweis personalausweis ausweisnummer perso";
    DeHealthInsurance "@#########" "?c" de_health_insurance true "kvnr krankenkasse krankenversicherung krankenversichertennummer versichertennummer gesundheitskarte";
    DeSocialSecurity "########@###" "!c|!2 6 1 3|!8 1 3" de_social_security true "rvnr svnr";
    FrNir "#############" "+c" any false "nir";
    FrNir "###############" "!c|!1 2 2 2 3 3 2|!13 2" fr_nir true "nir";
    FrNir "######@########" "!c|!1 2 2 2 3 3 2|!13 2" fr_nir true "nir";
    EsNif "########@" "!c|!8-1|!8 1|!2.3.3-1" es_nif true "nif dni";
    EsNif "#######@" "?c|!7-1" es_nif true "nif dni";
    EsNie "@#######@" "!c|!8-1|!1-7-1" es_nie true "nie";
    EsPassport "@@@######" "+c" any false "pasaporte passport";
    ItFiscalCode "@@@@@@##@##@###@" "!c|!3 3 5 5" it_fiscal_code true "fiscale";
    ItVat "###########" "+c" luhn_digits true "iva piva partita vat";
    ItDriverLicense "U1*******@" "!c" it_driver_license false "patente";
    PlPesel "###########" "!c" pl_pesel true "pesel";
    NlBsn "#########" "?c|?4.2.3|?3.3.3" nl_bsn true "bsn burgerservicenummer sofi sofinummer";
    PtNif "#########" "?c|?3 3 3" pt_nif true "nif contribuinte nipc";
    SePersonnummer "##########" "!6-4|?c" se_personnummer true "personnummer pnr personnr samordningsnummer";
    SePersonnummer "############" "!8-4|!c" se_personnummer true "personnummer pnr personnr samordningsnummer";
    SeOrganisationsnummer "##########" "!6-4|?c" se_organisationsnummer true "organisationsnummer orgnr orgnummer";
    FiHetu "######@###*" "!c" fi_hetu_lettered true "hetu henkilötunnus";
    FiHetu "#########*" "!6-4" fi_hetu true "hetu henkilötunnus";
    NoFodselsnummer "###########" "!c|!6 5" no_fodselsnummer true "fødselsnummer personnummer";
    ChAhv "756##########" "!c|!3.4.4.2" ch_ahv true "ahv avs";
    TrNationalId "###########" "!c" tr_national_id true "kimlik tckn tc";
    TrPlate "^##@####" "?2 1 4|+c" tr_plate false "plaka plakası plate";
    TrPlate "^##@###" "?2 1 3|+c" tr_plate false "plaka plakası plate";
    TrPlate "^##@@##" "?2 2 2|+c" tr_plate false "plaka plakası plate";
    TrPlate "^##@@###" "?2 2 3|+c" tr_plate false "plaka plakası plate";
    TrPlate "^##@@####" "?2 2 4|+c" tr_plate false "plaka plakası plate";
    TrPlate "^##@@@##" "?2 3 2|+c" tr_plate false "plaka plakası plate";
    TrPlate "^##@@@###" "?2 3 3|+c" tr_plate false "plaka plakası plate";
    TrPlate "^##@@@####" "?2 3 4|?c" tr_plate false "plaka plakası plate";
    BrCpf "###########" "!3.3.3-2|!c" br_cpf true "cpf";
    BrCnpj "##############" "!2.3.3/4-2|?c" br_cnpj true "cnpj";
    InAadhaar "############" "!4 4 4|!4-4-4|?c" in_aadhaar true "aadhaar aadhar uidai";
    InPan "^@@@@@####@" "!c" any false "pan permanent_account";
    InGstin "##@@@@@####@*Z*" "!c" in_gstin false "gstin gst";
    InPassport "@#######" "+c" any false "passport";
    InVoter "^@@@#######" "?c" any false "voter epic";
    KrRrn "#############" "!6-7|?c" kr_rrn false "rrn 주민등록번호 주민번호";
    KrFrn "#############" "!6-7|?c" kr_frn false "frn 외국인등록번호";
    KrBrn "##########" "?3-2-5|?c" kr_brn true "brn 사업자등록번호 사업자";
    KrPassport "@########" "+c" kr_passport false "passport 여권번호 여권";
    KrPassport "@###@####" "!c" kr_passport false "passport 여권번호 여권";
    KrDriverLicense "############" "!2-2-6-2|!2 2 6 2|?c" kr_driver_license false "driver license 운전면허 면허번호";
    SgNric "@#######@" "!c" sg_nric true "nric fin";
    SgUen "########@" "+c" sg_uen false "uen";
    SgUen "#########@" "?c" sg_uen false "uen";
    SgUen "^@##@@####@" "!c" sg_uen false "uen";
    AuAbn "###########" "!2 3 3 3|?c" au_abn true "abn business_number";
    AuAcn "#########" "?3 3 3|?c" au_acn true "acn company_number";
    AuTfn "#########" "?3 3 3|?c" au_tfn true "tfn tax_file";
    AuMedicare "##########" "?4 5 1|?c" au_medicare true "medicare";
    ZaId "#############" "!c|!6 4 3|!6 4 2 1" za_id true "rsa id_number south_african";
    JpMyNumber "############" "?4 4 4|?4-4-4|?c" jp_my_number true "マイナンバー 個人番号 my_number mynumber";
    CnResidentId "#################*" "!c" cn_resident_id true "身份证 身份证号";
    ThNationalId "#############" "!1-4-5-2-1|!1 4 5 2 1|?c" th_national_id true "thai ประชาชน national_id";
    PhTin "#########" "+3-3-3|+c" ph_tin false "tin taxpayer";
    PhTin "############" "+3-3-3-3|+c" ph_tin false "tin taxpayer";
    NgPlate "^@@@###@@" "!3-5|?3 5|?c" any false "plate plates registration vehicle";
    NgNin "###########" "+c" any false "nin national_identification national_identity nimc";
}
