//! The table of prefixes. Forms as their issuers document them; where they don't, as issued tokens are seen to be.

use super::{
    super::view::{Need, View, is_word},
    Alphabet, checksum,
};

/// What a token must have beyond its alphabet and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// Some variety: no row of x, no sentence.
    Random,
    /// That, and a CRC-32 at its end says whether it is real.
    Crc,
    /// An underscore there.
    UnderscoreAt(usize),
    /// Digits, then a hyphen.
    DigitsFirst,
    /// A run of letters and digits mixed, long enough not to be words.
    MixedRun,
}

/// A form of token.
pub(super) struct Rule {
    /// The rule's name in findings.
    pub name: &'static str,
    /// What it begins with.
    pub prefix: &'static str,
    /// What follows it.
    pub alphabet: Alphabet,
    /// How much must follow.
    shortest: usize,
    /// How much may follow; `OPEN` where the beginning decides.
    longest: usize,
    check: Check,
}

const OPEN: usize = usize::MAX;

const fn rule(
    name: &'static str,
    prefix: &'static str,
    alphabet: Alphabet,
    shortest: usize,
    longest: usize,
    check: Check,
) -> Rule {
    Rule { name, prefix, alphabet, shortest, longest, check }
}

use Alphabet::{Alnum, Base32, Hex, Path, Url};
use Check::{Crc, DigitsFirst, MixedRun, Random, UnderscoreAt};

/// Every form; of two prefixes where one begins with the other, the longer stands first.
pub(super) const RULES: &[Rule] = &[
    rule("anthropic-key", "sk-ant-", Url, 24, OPEN, Random),
    rule("openai-key", "sk-proj-", Url, 24, OPEN, Random),
    rule("openai-key", "sk-svcacct-", Url, 24, OPEN, Random),
    rule("openai-key", "sk-admin-", Url, 24, OPEN, Random),
    rule("openrouter-key", "sk-or-v1-", Hex, 32, OPEN, Random),
    // The old form of OpenAI, with its mark in the middle; and the many providers that took the prefix over.
    rule("openai-key", "sk-", Alnum, 48, 48, Random),
    rule("api-key", "sk-", Url, 20, OPEN, MixedRun),
    rule("stripe-key", "sk_live_", Alnum, 16, OPEN, Random),
    rule("stripe-key", "rk_live_", Alnum, 16, OPEN, Random),
    rule("stripe-key", "sk_test_", Alnum, 16, OPEN, Random),
    rule("stripe-key", "rk_test_", Alnum, 16, OPEN, Random),
    rule("stripe-webhook-secret", "whsec_", Alnum, 32, OPEN, Random),
    rule("aws-access-key-id", "AKIA", Base32, 16, 16, Random),
    rule("aws-access-key-id", "ASIA", Base32, 16, 16, Random),
    rule("google-api-key", "AIza", Url, 35, 35, Random),
    rule("github-token", "ghp_", Alnum, 36, 36, Crc),
    rule("github-token", "gho_", Alnum, 36, 36, Crc),
    rule("github-token", "ghu_", Alnum, 36, 36, Crc),
    rule("github-token", "ghs_", Alnum, 36, 36, Crc),
    rule("github-token", "ghr_", Alnum, 36, 76, Crc),
    rule("github-fine-grained-token", "github_pat_", Url, 82, 82, UnderscoreAt(22)),
    rule("gitlab-token", "glpat-", Url, 20, OPEN, Random),
    rule("npm-token", "npm_", Alnum, 36, 36, Crc),
    rule("slack-token", "xoxb-", Url, 20, OPEN, DigitsFirst),
    rule("slack-token", "xoxp-", Url, 20, OPEN, DigitsFirst),
    rule("slack-token", "xoxa-", Url, 20, OPEN, DigitsFirst),
    rule("slack-token", "xoxo-", Url, 20, OPEN, DigitsFirst),
    rule("slack-token", "xoxr-", Url, 20, OPEN, DigitsFirst),
    rule("slack-token", "xoxs-", Url, 20, OPEN, DigitsFirst),
    rule("slack-token", "xoxe-", Url, 20, OPEN, DigitsFirst),
    rule("slack-token", "xoxe.xoxp-", Url, 20, OPEN, DigitsFirst),
    rule("slack-token", "xoxe.xoxb-", Url, 20, OPEN, DigitsFirst),
    rule("slack-token", "xapp-", Url, 20, OPEN, DigitsFirst),
    rule("slack-webhook", "hooks.slack.com/services/", Path, 40, OPEN, Random),
    rule("hugging-face-token", "hf_", Alnum, 34, 34, Random),
    rule("sendgrid-key", "SG.", Path, 66, 66, Random),
    rule("shopify-token", "shpat_", Hex, 32, 32, Random),
    rule("digitalocean-token", "dop_v1_", Hex, 64, 64, Random),
    rule("pypi-token", "pypi-AgEIcHlwaS5vcmc", Url, 50, OPEN, Random),
    rule("groq-key", "gsk_", Alnum, 52, 52, Random),
    rule("xai-key", "xai-", Alnum, 80, 80, Random),
];

impl Rule {
    /// Whether the length is known, so that the whole token decides.
    pub fn is_fixed(&self) -> bool {
        self.longest != OPEN
    }

    /// Where a token of this form that begins at `at` ends, or is recognised; and whether a check confirmed it.
    pub fn look(&self, view: &View, at: usize) -> Result<Option<(usize, bool)>, Need> {
        if !view.starts_with(at, self.prefix.as_bytes())? {
            return Ok(None);
        }
        let body = at + self.prefix.len();
        let most = if self.is_fixed() { self.longest } else { self.shortest };
        let mut end = body;
        while end - body < most && view.byte(end)?.is_some_and(|byte| self.alphabet.has(byte)) {
            end += 1;
        }
        if end - body < self.shortest {
            return Ok(None);
        }
        // A longer word is something else: an identifier, or a piece of base64.
        if self.is_fixed()
            && view.byte(end)?.is_some_and(|byte| is_word(byte) || self.alphabet.has(byte) && byte != b'.')
        {
            return Ok(None);
        }
        let token = view.bytes(body, end);
        let passes = match self.check {
            Random | Crc => is_varied(token),
            UnderscoreAt(place) => token.get(place) == Some(&b'_') && is_varied(token),
            DigitsFirst => token.iter().position(|byte| *byte == b'-').is_some_and(|hyphen| {
                hyphen > 0 && token.get(..hyphen).is_some_and(|head| head.iter().all(u8::is_ascii_digit))
            }),
            MixedRun => has_mixed_run(token),
        };
        let validated = match (self.check, self.name) {
            (Crc, _) => checksum::is_sealed(token),
            // "OpenAI" in base64, in the middle of every key of the old form.
            (_, "openai-key") if self.is_fixed() => {
                if token.get(20..28) != Some(b"T3BlbkFJ") {
                    return Ok(None);
                }
                true
            }
            _ => false,
        };
        Ok(passes.then_some((end, validated)))
    }
}

/// Whether a text has eight different characters or more in it: placeholders rarely do.
fn is_varied(text: &[u8]) -> bool {
    let seen = text.iter().fold(0_u128, |seen, byte| seen | 1 << (byte & 127));
    seen.count_ones() >= 8
}

/// Sixteen letters and digits in a row, with two of each at least and eight different ones.
fn has_mixed_run(text: &[u8]) -> bool {
    text.split(|byte| !byte.is_ascii_alphanumeric()).any(|run| {
        let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
        run.len() >= 16 && digits >= 2 && run.len() - digits >= 2 && is_varied(run)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_prefix_stands_before_the_one_it_begins_with() {
        for (place, rule) in RULES.iter().enumerate() {
            for earlier in RULES.iter().take(place) {
                assert!(
                    rule.prefix == earlier.prefix || !rule.prefix.starts_with(earlier.prefix),
                    "{} after {}",
                    rule.prefix,
                    earlier.prefix
                );
            }
        }
    }

    #[test]
    fn what_is_varied() {
        assert!(is_varied(b"abcdefgh"));
        assert!(!is_varied(b"abcabcabcabcabc"));
        assert!(has_mixed_run(b"abcdefghijklmn12"));
        assert!(!has_mixed_run(b"abcdefghijklmnop"));
        assert!(!has_mixed_run(b"abcdefgh-ijklmn12"));
    }
}
