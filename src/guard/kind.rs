//! What kinds of things can be found: one row for each.

/// Defines [`Kind`] with its names. A row: variant, name in configurations and results, label in placeholders, risk where a
/// configuration sets no other (0 to 100), what it is.
macro_rules! kinds {
    (pii { $($pii:ident $pii_name:literal $pii_label:literal $pii_risk:literal $pii_doc:literal;)* }
     others { $($other:ident $name:literal $label:literal $risk:literal $category:literal $doc:literal;)* }) => {
        /// What kind of thing was found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $(#[doc = $pii_doc] $pii,)*
            $(#[doc = $doc] $other,)*
        }

        impl Kind {
            /// The kinds of personal data.
            pub const PII: &'static [Kind] = &[$(Kind::$pii),*];
            const OTHERS: &'static [Kind] = &[$(Kind::$other),*];

            const fn row(self) -> &'static Row {
                match self {
                    $(Kind::$pii => &Row { name: $pii_name, label: $pii_label, risk: $pii_risk, category: "LLM02" },)*
                    $(Kind::$other => &Row { name: $name, label: $label, risk: $risk, category: $category },)*
                }
            }
        }
    };
}

struct Row {
    name: &'static str,
    label: &'static str,
    risk: u8,
    category: &'static str,
}

kinds! {
    pii {
        Email "email" "EMAIL" 30 "An e-mail address.";
        Phone "phone" "PHONE" 40 "A telephone number.";
        Ssn "ssn" "SSN" 90 "A social security number of the USA.";
        CreditCard "creditCard" "CREDIT_CARD" 95 "The number of a payment card.";
        Iban "iban" "IBAN" 90 "An international bank account number (ISO 13616).";
        IpAddress "ipAddress" "IP_ADDRESS" 30 "An IPv4 or IPv6 address.";
        MacAddress "macAddress" "MAC_ADDRESS" 30 "A hardware address of a network interface.";
        CryptoAddress "cryptoAddress" "CRYPTO_ADDRESS" 70 "An address of Bitcoin or Ethereum.";
        DateOfBirth "dateOfBirth" "DATE_OF_BIRTH" 60 "A date beside a word that makes it one of birth.";
        Imei "imei" "IMEI" 50 "The number of a mobile device.";
        Vin "vin" "VIN" 40 "The number of a vehicle's frame (ISO 3779).";
        UsItin "usItin" "US_ITIN" 90 "USA: individual taxpayer identification number.";
        UsEin "usEin" "US_EIN" 50 "USA: employer identification number.";
        UsRoutingNumber "usRoutingNumber" "US_ROUTING_NUMBER" 50 "USA: ABA routing number of a bank.";
        UsBankAccount "usBankAccount" "US_BANK_ACCOUNT" 80 "USA: number of a bank account.";
        UsPassport "usPassport" "US_PASSPORT" 80 "USA: passport.";
        UsDriverLicense "usDriverLicense" "US_DRIVER_LICENSE" 70 "USA: driver's license.";
        UsNpi "usNpi" "US_NPI" 50 "USA: national provider identifier.";
        UsDea "usDea" "US_DEA" 60 "USA: registration number of the Drug Enforcement Administration.";
        UsMbi "usMbi" "US_MBI" 90 "USA: Medicare beneficiary identifier.";
        CaSin "caSin" "CA_SIN" 90 "Canada: social insurance number.";
        UkNhs "ukNhs" "UK_NHS" 80 "United Kingdom: NHS number.";
        UkNino "ukNino" "UK_NINO" 90 "United Kingdom: national insurance number.";
        UkPassport "ukPassport" "UK_PASSPORT" 80 "United Kingdom: passport.";
        UkDrivingLicence "ukDrivingLicence" "UK_DRIVING_LICENCE" 80 "United Kingdom: driving licence.";
        UkPostcode "ukPostcode" "UK_POSTCODE" 30 "United Kingdom: postcode.";
        UkVehicle "ukVehicle" "UK_VEHICLE" 40 "United Kingdom: registration mark of a vehicle.";
        DeTaxId "deTaxId" "DE_TAX_ID" 80 "Germany: tax identification number.";
        DeTaxNumber "deTaxNumber" "DE_TAX_NUMBER" 60 "Germany: tax number of an office.";
        DeVatId "deVatId" "DE_VAT_ID" 40 "Germany: VAT identification number.";
        DeIdCard "deIdCard" "DE_ID_CARD" 80 "Germany: identity card.";
        DePassport "dePassport" "DE_PASSPORT" 80 "Germany: passport.";
        DeHealthInsurance "deHealthInsurance" "DE_HEALTH_INSURANCE" 80 "Germany: number of a health insurance.";
        DeSocialSecurity "deSocialSecurity" "DE_SOCIAL_SECURITY" 90 "Germany: number of the pension insurance.";
        FrNir "frNir" "FR_NIR" 90 "France: social security number.";
        EsNif "esNif" "ES_NIF" 80 "Spain: national identity number.";
        EsNie "esNie" "ES_NIE" 80 "Spain: identity number of foreigners.";
        EsPassport "esPassport" "ES_PASSPORT" 80 "Spain: passport.";
        ItFiscalCode "itFiscalCode" "IT_FISCAL_CODE" 80 "Italy: fiscal code.";
        ItVat "itVat" "IT_VAT" 40 "Italy: VAT number.";
        ItDriverLicense "itDriverLicense" "IT_DRIVER_LICENSE" 70 "Italy: driving licence.";
        PlPesel "plPesel" "PL_PESEL" 90 "Poland: PESEL.";
        NlBsn "nlBsn" "NL_BSN" 90 "Netherlands: citizen service number.";
        PtNif "ptNif" "PT_NIF" 70 "Portugal: tax number.";
        SePersonnummer "sePersonnummer" "SE_PERSONNUMMER" 90 "Sweden: personal identity number.";
        SeOrganisationsnummer "seOrganisationsnummer" "SE_ORGANISATIONSNUMMER" 40 "Sweden: organisation number.";
        FiHetu "fiHetu" "FI_HETU" 90 "Finland: personal identity code.";
        NoFodselsnummer "noFodselsnummer" "NO_FODSELSNUMMER" 90 "Norway: national identity number.";
        ChAhv "chAhv" "CH_AHV" 90 "Switzerland: AHV number.";
        TrNationalId "trNationalId" "TR_NATIONAL_ID" 90 "Turkey: national identity number.";
        TrPlate "trPlate" "TR_PLATE" 40 "Turkey: registration mark of a vehicle.";
        BrCpf "brCpf" "BR_CPF" 90 "Brazil: number of a natural person.";
        BrCnpj "brCnpj" "BR_CNPJ" 40 "Brazil: number of a legal person.";
        InAadhaar "inAadhaar" "IN_AADHAAR" 90 "India: Aadhaar number.";
        InPan "inPan" "IN_PAN" 80 "India: permanent account number.";
        InGstin "inGstin" "IN_GSTIN" 40 "India: goods and services tax number.";
        InPassport "inPassport" "IN_PASSPORT" 80 "India: passport.";
        InVoter "inVoter" "IN_VOTER" 70 "India: voter's identity card.";
        KrRrn "krRrn" "KR_RRN" 90 "Korea: resident registration number.";
        KrFrn "krFrn" "KR_FRN" 90 "Korea: registration number of foreigners.";
        KrBrn "krBrn" "KR_BRN" 40 "Korea: business registration number.";
        KrPassport "krPassport" "KR_PASSPORT" 80 "Korea: passport.";
        KrDriverLicense "krDriverLicense" "KR_DRIVER_LICENSE" 70 "Korea: driver's license.";
        SgNric "sgNric" "SG_NRIC" 80 "Singapore: identity number of residents and foreigners.";
        SgUen "sgUen" "SG_UEN" 40 "Singapore: number of an entity.";
        AuAbn "auAbn" "AU_ABN" 40 "Australia: business number.";
        AuAcn "auAcn" "AU_ACN" 40 "Australia: company number.";
        AuTfn "auTfn" "AU_TFN" 90 "Australia: tax file number.";
        AuMedicare "auMedicare" "AU_MEDICARE" 80 "Australia: Medicare number.";
        ZaId "zaId" "ZA_ID" 90 "South Africa: identity number.";
        JpMyNumber "jpMyNumber" "JP_MY_NUMBER" 90 "Japan: individual number.";
        CnResidentId "cnResidentId" "CN_RESIDENT_ID" 90 "China: resident identity number.";
        ThNationalId "thNationalId" "TH_NATIONAL_ID" 90 "Thailand: national identity number.";
        PhTin "phTin" "PH_TIN" 70 "Philippines: taxpayer identification number.";
        NgPlate "ngPlate" "NG_PLATE" 40 "Nigeria: registration mark of a vehicle.";
        NgNin "ngNin" "NG_NIN" 80 "Nigeria: national identification number.";
    }
    others {
        Keyword "keyword" "KEYWORD" 50 "LLM02" "A word or phrase of the application's own list.";
        Pattern "pattern" "PATTERN" 50 "LLM02" "What a pattern of the application's own matches.";
        Url "url" "URL" 60 "LLM05" "A URL that must not be there.";
        SystemPrompt "systemPrompt" "SYSTEM_PROMPT" 95 "LLM07" "A part of the system prompt, or a word that marks it.";
        Length "length" "LENGTH" 40 "LLM10" "Where a text becomes too long; or a text that is too short.";
        Language "language" "LANGUAGE" 40 "LLM01" "Letters of another script than the ones that are allowed.";
        Secret "secret" "SECRET" 95 "LLM02" "A key, token or password of a known form.";
        InstructionInjection "instructionInjection" "INJECTION" 90 "LLM01" "Words that set instructions aside.";
        RolePlaying "rolePlaying" "INJECTION" 70 "LLM01" "A persona that is to break rules.";
        SystemLeakage "systemLeakage" "INJECTION" 95 "LLM07" "Words that ask for the system prompt.";
        Jailbreak "jailbreak" "INJECTION" 100 "LLM01" "A known jailbreak.";
        Encoding "encoding" "INJECTION" 80 "LLM01" "A payload to be decoded and followed.";
        Delimiter "delimiter" "INJECTION" 85 "LLM01" "Delimiters of a chat template.";
        Hate "hate" "HATE" 70 "S10" "Contempt for a group of people.";
        HateThreatening "hate/threatening" "HATE" 90 "S10" "The same with harm wished or threatened.";
        Harassment "harassment" "HARASSMENT" 60 "-" "Insults and contempt for somebody.";
        SelfHarm "self-harm" "SELF_HARM" 85 "S11" "Hurting oneself, or wanting to die.";
        Sexual "sexual" "SEXUAL" 60 "S12" "What is to arouse, or advertises it.";
        SexualMinors "sexual/minors" "SEXUAL" 100 "S4" "The same with somebody under 18.";
        Violence "violence" "VIOLENCE" 70 "S1" "Violence that is threatened, wished or praised.";
        ViolenceGraphic "violence/graphic" "VIOLENCE" 85 "S1" "Death and injury in detail.";
        HarassmentThreatening "harassment/threatening" "HARASSMENT" 80 "S1" "Violence threatened or wished to whom one speaks to.";
    }
}

impl Kind {
    /// The families of injection.
    pub const INJECTION: &'static [Kind] = &[
        Kind::InstructionInjection,
        Kind::RolePlaying,
        Kind::SystemLeakage,
        Kind::Jailbreak,
        Kind::Encoding,
        Kind::Delimiter,
    ];

    /// The categories of offline moderation, in their order.
    pub const MODERATION: &'static [Kind] = &[
        Kind::Hate,
        Kind::HateThreatening,
        Kind::Harassment,
        Kind::SelfHarm,
        Kind::Sexual,
        Kind::SexualMinors,
        Kind::Violence,
        Kind::ViolenceGraphic,
        Kind::HarassmentThreatening,
    ];

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Kind> {
        Kind::PII.iter().chain(Kind::OTHERS).copied()
    }

    /// The name in configurations and results.
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// What stands in placeholders.
    pub const fn label(self) -> &'static str {
        self.row().label
    }

    /// The risk, 0 to 100, where a configuration sets no other.
    pub const fn risk(self) -> u8 {
        self.row().risk
    }

    /// The entry of the OWASP list for LLM applications, 2025: LLM01 prompt injection, LLM02 sensitive information
    /// disclosure, LLM07 system prompt leakage. Of what is moderated the hazard of Llama Guard 3, as `S10`; `-` has none.
    pub const fn category(self) -> &'static str {
        self.row().category
    }
}
