//! The table of forms. As their issuers document them; where they don't, as issued tokens are seen to be.

use super::{
    super::view::{Need, View},
    checksum,
    pattern::{self, Match},
    value,
};

/// What a token must have beyond its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// Some variety: no row of x, no sentence.
    Random,
    /// That, and a CRC-32 at its end says whether it is real.
    Crc,
    /// Some variety, and no base64 around it.
    Lone,
    /// A run of letters and digits mixed, long enough not to be words.
    Mixed,
    /// Nothing: the form says enough.
    Shape,
    /// Nothing: the form is proof.
    Form,
}

/// A form of token.
pub(super) struct Rule {
    /// The rule's name in findings.
    pub name: &'static str,
    /// What it begins with; nothing where a form has its mark behind its beginning.
    pub prefix: &'static str,
    /// What follows it; see [`pattern`].
    pattern: &'static str,
    check: Check,
}

const fn rule(name: &'static str, prefix: &'static str, pattern: &'static str) -> Rule {
    Rule { name, prefix, pattern, check: Random }
}

const fn checked(check: Check, name: &'static str, prefix: &'static str, pattern: &'static str) -> Rule {
    Rule { name, prefix, pattern, check }
}

use Check::{Crc, Form, Lone, Mixed, Random, Shape};

/// Every form; those that begin with the same byte stand together, and of two prefixes where one begins with the other,
/// the longer stands first.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    // Without a prefix.
    rule("telegram-bot-token", "", "d8-10`:A`u34"),
    rule("mailchimp-key", "", "x32`-us`d1-2"),
    rule("facebook-access-token", "", "d13-17`|`u27"),
    rule("google-refresh-token", "1//0", "u35+"),
    rule("asana-token", "1/", "d13-19`:`x32"),
    rule("asana-token", "2/", "d13-19`/`d13-19`:`x32"),
    rule("clickhouse-key", "4b1d", "a38"),
    rule("onepassword-secret-key", "A3-", "w6`-`w11`-`w5`-`w5`-`w5"),
    rule("onepassword-secret-key", "A3-", "w6`-`w6`-`w5`-`w5`-`w5`-`w5"),
    rule("aws-access-key-id", "A3T", "w1b16"),
    rule("twitter-bearer-token", "AAAAAAAAAAAAAAAAAAAAA", "e59+"),
    rule("aws-access-key-id", "ABIA", "b16"),
    rule("aws-bedrock-key", "ABSKQmVkcm9ja0FQSUtleS1", "e86+"),
    rule("aws-access-key-id", "ACCA", "b16"),
    checked(Form, "age-secret-key", "AGE-SECRET-KEY-1", "w58"),
    checked(Form, "age-secret-key", "AGE-SECRET-KEY-PQ-1", "w58+"),
    rule("google-api-key", "AIza", "u35"),
    rule("artifactory-key", "AKCp", "a69"),
    rule("aws-access-key-id", "AKIA", "b16"),
    rule("tencent-secret-id", "AKID", "a32"),
    rule("octopus-key", "API-", "w26"),
    rule("yandex-key", "AQVN", "u35-38"),
    rule("aws-access-key-id", "ASIA", "b16"),
    rule("bitbucket-token", "ATBB", "a32"),
    rule("atlassian-token", "ATATT3", "e180+"),
    rule("atlassian-token", "ATCTT3", "e180+"),
    rule("aiven-password", "AVNS_", "u19"),
    rule("circleci-token", "CCIPAT_", "a22`_`h40"),
    rule("circleci-token", "CCIPRJ_", "a22`_`h40"),
    rule("contentful-token", "CFPAT-", "u43"),
    rule("clojars-token", "CLOJARS_", "l60"),
    rule("square-token", "EAAA", "u60"),
    checked(Lone, "facebook-access-token", "EAA", "a100+"),
    rule("easypost-key", "EZAK", "a54"),
    rule("easypost-key", "EZTK", "a54"),
    rule("flutterwave-key", "FLWSECK-", "h32`-`a1"),
    rule("flutterwave-key", "FLWSECK_TEST-", "h12-32"),
    rule("fly-token", "FlyV1 fm1", "e60+"),
    rule("fly-token", "FlyV1 fm2", "e60+"),
    rule("google-oauth-secret", "GOCSPX-", "u28"),
    rule("gitlab-runner-token", "GR1348941", "u20+"),
    rule("heroku-key", "HRKU-", "u60"),
    rule("alibaba-access-key-id", "LTAI", "a12-20"),
    rule("discord-bot-token", "M", "a22-27`.`u6`.`u27-40"),
    rule("new-relic-key", "NRAK-", "w27"),
    rule("new-relic-key", "NRII-", "u32"),
    rule("new-relic-key", "NRJS-", "x19"),
    rule("new-relic-key", "NRRA-", "x42"),
    rule("discord-bot-token", "N", "a22-27`.`u6`.`u27-40"),
    rule("discord-bot-token", "O", "a22-27`.`u6`.`u27-40"),
    rule("postman-key", "PMAK-", "x24`-`x34"),
    // The lines of a PuTTY key that are secret.
    rule("private-key", "Private-Lines: ", "d1-3n1-2t40+"),
    rule("scaleway-key", "SCW", "w17"),
    rule("sendgrid-key", "SG.", "e22`.`e43"),
    rule("twilio-key", "SK", "x32"),
    checked(Form, "linkedin-client-secret", "WPL_AP1.", "a16`.`e6-12"),
    rule("yandex-key", "YC", "u38"),
    rule("plaid-token", "access-production-", "x8`-`x4`-`x4`-`x4`-`x12"),
    rule("plaid-token", "access-sandbox-", "x8`-`x4`-`x4`-`x4`-`x12"),
    rule("braintree-token", "access_token$production$", "l16`$`x32"),
    rule("braintree-token", "access_token$sandbox$", "l16`$`x32"),
    rule("hugging-face-token", "api_org_", "a34"),
    checked(Form, "aws-bedrock-key", "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t", "e0+"),
    rule("buildkite-token", "bkaj_", "x40"),
    rule("buildkite-token", "bkua_", "x40"),
    rule("crates-io-token", "cio", "a32"),
    rule("artifactory-token", "cmVmd", "a59"),
    rule("cerebras-key", "csk-", "a48"),
    rule("databricks-token", "dapi", "x32`-`d1"),
    rule("databricks-token", "dapi", "x32"),
    rule("docker-token", "dckr_oat_", "u32"),
    rule("docker-token", "dckr_pat_", "u27"),
    rule("discord-webhook", "discord.com/api/webhooks/", "d17-20`/`u60+"),
    rule("discord-webhook", "discordapp.com/api/webhooks/", "d17-20`/`u60+"),
    rule("defined-networking-token", "dnkey-", "e26-90"),
    rule("digitalocean-token", "doo_v1_", "x64"),
    rule("digitalocean-token", "dop_v1_", "x64"),
    rule("digitalocean-token", "dor_v1_", "x64"),
    rule("doppler-token", "dp.audit.", "a40-44"),
    rule("doppler-token", "dp.ct.", "a40-44"),
    rule("doppler-token", "dp.pt.", "a40-44"),
    rule("doppler-token", "dp.sa.", "a40-44"),
    rule("doppler-token", "dp.scim.", "a40-44"),
    rule("doppler-token", "dp.st.", "u2-35`.`a40-44"),
    rule("doppler-token", "dp.st.", "a40-44"),
    rule("dynatrace-token", "dt0c01.", "a24`.`a64"),
    rule("dynatrace-token", "dt0s01.", "a24`.`a64"),
    rule("dynatrace-token", "dt0s16.", "a8`.`a64"),
    rule("duffel-token", "duffel_live_", "e43"),
    rule("duffel-token", "duffel_test_", "e43"),
    rule("grafana-key", "eyJrIjoi", "s60+"),
    rule("firecrawl-key", "fc-", "x32"),
    rule("figma-token", "figd_", "u40+"),
    rule("figma-token", "figo_", "u40+"),
    rule("frameio-token", "fio-u-", "e64"),
    rule("fly-token", "fm1a_", "e60+"),
    rule("fly-token", "fm1r_", "e60+"),
    rule("fly-token", "fm2_", "e60+"),
    rule("fly-token", "fo1_", "u43"),
    rule("fireworks-key", "fw_", "a22-24"),
    checked(Crc, "github-token", "gho_", "a36"),
    checked(Crc, "github-token", "ghp_", "a36"),
    checked(Crc, "github-token", "ghr_", "a36"),
    checked(Crc, "github-token", "ghr_", "a76"),
    checked(Crc, "github-token", "ghs_", "a36"),
    checked(Crc, "github-token", "ghu_", "a36"),
    rule("github-fine-grained-token", "github_pat_", "u82"),
    rule("gitlab-token", "glagent-", "u50+"),
    rule("grafana-token", "glc_", "s32+"),
    rule("gitlab-token", "glcbt-", "u20+"),
    rule("gitlab-token", "gldt-", "u20+"),
    rule("gitlab-token", "glffct-", "u20+"),
    rule("gitlab-token", "glft-", "u20+"),
    rule("gitlab-token", "glimt-", "u25"),
    rule("gitlab-token", "gloas-", "u64"),
    rule("gitlab-token", "glpat-", "u27`.`l9"),
    rule("gitlab-token", "glpat-", "u20+"),
    rule("gitlab-token", "glptt-", "u40"),
    rule("gitlab-token", "glrt-", "u27-30`.`l9"),
    rule("gitlab-token", "glrt-", "u20+"),
    rule("grafana-token", "glsa_", "a32`_`h8"),
    rule("gitlab-token", "glsoat-", "u20+"),
    rule("groq-key", "gsk_", "a52"),
    rule("hugging-face-token", "hf_", "a34"),
    rule("slack-webhook", "hooks.slack.com/services/", "e40+"),
    rule("slack-webhook", "hooks.slack.com/triggers/", "e40+"),
    rule("slack-webhook", "hooks.slack.com/workflows/", "e40+"),
    rule("vault-token", "hvb.", "u90+"),
    rule("vault-token", "hvr.", "u90+"),
    rule("vault-token", "hvs.", "u24+"),
    rule("infracost-key", "ico-", "a32"),
    rule("jina-key", "jina_", "u60+"),
    rule("mailgun-key", "key-", "x32"),
    rule("linear-key", "lin_api_", "a40"),
    rule("linear-key", "lin_oauth_", "a40+"),
    rule("langsmith-key", "lsv2_pt_", "x32`_`x10"),
    rule("langsmith-key", "lsv2_sk_", "x32`_`x10"),
    rule("mongodb-atlas-secret", "mdb_sa_sk_", "u40"),
    rule("neon-key", "napi_", "l60+"),
    rule("netlify-token", "nfp_", "a36+"),
    rule("netlify-token", "nfc_", "a36+"),
    checked(Crc, "npm-token", "npm_", "a36"),
    rule("notion-token", "ntn_", "d11a35"),
    rule("nvidia-key", "nvapi-", "u64+"),
    rule("onepassword-token", "ops_eyJ", "e250+"),
    rule("nuget-key", "oy2", "l43"),
    rule("adobe-client-secret", "p8e-", "x32"),
    rule("hubspot-token", "pat-", "l2-3`-`x8`-`x4`-`x4`-`x4`-`x12"),
    rule("harness-key", "pat.", "u22`.`a24`.`a20"),
    rule("airtable-token", "pat", "a14`.`x64"),
    rule("pinecone-key", "pcsk_", "u60+"),
    rule("prefect-key", "pnu_", "a36"),
    rule("polar-token", "polar_oat_", "a43"),
    rule("perplexity-key", "pplx-", "a48"),
    rule("planetscale-token", "pscale_oauth_", "e32+"),
    rule("planetscale-token", "pscale_pw_", "e32+"),
    rule("planetscale-token", "pscale_tkn_", "e32+"),
    rule("pulumi-token", "pul-", "x40"),
    rule("pypi-token", "pypi-AgEIcHlwaS5vcmc", "u50+"),
    rule("pypi-token", "pypi-AgENdGVzdC5weXBpLm9yZw", "u50+"),
    rule("replicate-token", "r8_", "a37"),
    rule("readme-key", "rdme_", "l70"),
    rule("stripe-key", "rk_live_", "a16+"),
    rule("stripe-key", "rk_prod_", "a16+"),
    rule("stripe-key", "rk_test_", "a16+"),
    rule("render-key", "rnd_", "a28+"),
    rule("rubygems-key", "rubygems_", "x48"),
    rule("razorpay-key", "rzp_live_", "a14"),
    rule("razorpay-key", "rzp_test_", "a14"),
    rule("intra42-secret", "s-s4t2af-", "x64"),
    rule("intra42-secret", "s-s4t2ud-", "x64"),
    checked(Mixed, "vault-token", "s.", "a24"),
    rule("harness-key", "sat.", "u22`.`a24`.`a20"),
    rule("supabase-key", "sb_secret_", "u31+"),
    rule("supabase-token", "sbp_", "x40"),
    rule("authress-key", "sc_", "l5-30`.`l4-6`.acc_`u10-32`.`e30-120"),
    rule("launchdarkly-key", "sdk-", "x8`-`x4`-`x4`-`x4`-`x12"),
    rule("sourcegraph-token", "sgp_local_", "h40"),
    rule("sourcegraph-token", "sgp_", "h16`_`h40"),
    rule("sourcegraph-token", "sgp_", "h40"),
    rule("openshift-token", "sha256~", "u43"),
    rule("shippo-token", "shippo_live_", "x40"),
    rule("shippo-token", "shippo_test_", "x40"),
    rule("shopify-token", "shpat_", "h32"),
    rule("shopify-token", "shpca_", "h32"),
    rule("shopify-token", "shppa_", "h32"),
    rule("shopify-token", "shpss_", "h32"),
    rule("anthropic-key", "sk-ant-", "u24+"),
    rule("langfuse-key", "sk-lf-", "x8`-`x4`-`x4`-`x4`-`x12"),
    rule("openai-key", "sk-admin-", "u24+"),
    rule("openrouter-key", "sk-or-v1-", "x32+"),
    rule("openai-key", "sk-proj-", "u24+"),
    rule("openai-key", "sk-svcacct-", "u24+"),
    // The old form of OpenAI, with its mark ("OpenAI" in base64) in the middle; and the many that took the prefix over.
    checked(Form, "openai-key", "sk-", "a20`T3BlbkFJ`a20"),
    checked(Mixed, "api-key", "sk-", "u20+"),
    rule("mapbox-token", "sk.eyJ", "u60+"),
    rule("stripe-key", "sk_live_", "a16+"),
    rule("stripe-key", "sk_prod_", "a16+"),
    rule("stripe-key", "sk_test_", "a16+"),
    rule("elevenlabs-key", "sk_", "x48"),
    rule("dropbox-token", "sl.", "u130+"),
    rule("settlemint-token", "sm_aat_", "a16"),
    rule("settlemint-token", "sm_pat_", "a16"),
    rule("settlemint-token", "sm_sat_", "a16"),
    rule("sentry-token", "sntrys_eyJ", "e80+"),
    rule("sentry-token", "sntryu_", "x64"),
    rule("square-token", "sq0atp-", "u22"),
    rule("square-secret", "sq0csp-", "u43"),
    rule("sonar-token", "sqa_", "x40"),
    rule("sonar-token", "sqp_", "x40"),
    rule("sonar-token", "squ_", "x40"),
    rule("yandex-token", "t1.", "u1-200`.`u86"),
    rule("typeform-token", "tfp_", "e44-70"),
    rule("together-key", "tgp_v1_", "u43"),
    rule("scalingo-token", "tk-us-", "u48"),
    rule("tailscale-key", "tskey-", "a4-12`-`u20+"),
    rule("tavily-key", "tvly-", "u32+"),
    rule("cloudflare-origin-key", "v1.0-", "x24`-`x146"),
    rule("wakatime-key", "waka_", "x8`-`x4`-`x4`-`x4`-`x12"),
    rule("stripe-webhook-secret", "whsec_", "s32+"),
    rule("xai-key", "xai-", "a80"),
    checked(Shape, "slack-token", "xapp-", "d1`-`u20+"),
    rule("brevo-key", "xkeysib-", "x64`-`a16"),
    checked(Shape, "slack-token", "xoxa-", "d1-14`-`u16+"),
    checked(Shape, "slack-token", "xoxb-", "d8-14`-`u16+"),
    checked(Shape, "slack-token", "xoxe-", "d1`-`u60+"),
    checked(Shape, "slack-token", "xoxe.xoxb-", "d1`-`u60+"),
    checked(Shape, "slack-token", "xoxe.xoxp-", "d1`-`u60+"),
    checked(Shape, "slack-token", "xoxo-", "d5-14`-`u16+"),
    checked(Shape, "slack-token", "xoxp-", "d5-14`-`u16+"),
    checked(Shape, "slack-token", "xoxr-", "d5-14`-`u16+"),
    checked(Shape, "slack-token", "xoxs-", "d5-14`-`u16+"),
    rule("google-oauth-token", "ya29.", "u30+"),
];

impl Rule {
    /// Whether that byte may be there, of the first three of a token.
    pub fn may_have(&self, place: usize, byte: u8) -> bool {
        match self.prefix.as_bytes().get(place) {
            Some(known) => *known == byte,
            None => pattern::first(self.pattern).is_none_or(|alphabet| alphabet.has(byte)),
        }
    }

    /// How sure a token of this form is one, where no check confirms it: an issuer's mark is hard to come by, a prefix that
    /// many share less so.
    pub fn confidence(&self) -> u8 {
        if self.check == Mixed { 75 } else { 90 }
    }

    /// Where a token of this form that begins at `at` ends, or is recognised; and whether a check confirmed it.
    pub fn look(&self, view: &View, at: usize) -> Result<Option<(Match, bool)>, Need> {
        if !view.starts_with(at, self.prefix.as_bytes())? {
            return Ok(None);
        }
        let body = at + self.prefix.len();
        let Some(found) = pattern::look(view, body, self.pattern)? else { return Ok(None) };
        let token = view.bytes(body, found.end);
        let passes = match self.check {
            Random | Crc => value::is_varied(token),
            Lone => value::is_varied(token) && view.before(at) != Some(b'/'),
            Mixed => value::has_mixed_run(token),
            Shape | Form => true,
        };
        let validated = match self.check {
            Crc => checksum::is_sealed(token),
            Form => true,
            _ => false,
        };
        Ok(passes.then_some((found, validated)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        let first = |rule: &Rule| rule.prefix.bytes().next();
        for (place, rule) in RULES.iter().enumerate() {
            assert!(pattern::is_sound(rule.pattern), "{}", rule.name);
            for (earlier_place, earlier) in RULES.iter().enumerate().take(place) {
                let together = RULES[earlier_place..place].iter().all(|between| first(between) == first(rule));
                assert!(
                    first(earlier) != first(rule) || together,
                    "{} stands apart from {}",
                    rule.prefix,
                    earlier.prefix
                );
                let covered = !earlier.prefix.is_empty() && rule.prefix.starts_with(earlier.prefix);
                assert!(rule.prefix == earlier.prefix || !covered, "{} after {}", rule.prefix, earlier.prefix);
            }
        }
    }
}
