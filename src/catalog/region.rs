//! The regions that providers' names of models begin with.

/// The groups of regions that Bedrock's inference profiles are named after.
const PROFILES: [&str; 9] = ["us", "eu", "apac", "au", "jp", "ca", "in", "us-gov", "global"];

/// Azure's kinds of deployment that are bound to a place.
const ZONES: [&str; 6] = ["eu", "us", "apac", "us-gov", "global", "global-standard"];

/// The region that a model's id begins with, and the rest: `us.anthropic.claude-opus-4-7` at Bedrock, `eu/gpt-5` at Azure,
/// `eu-west-1/anthropic.claude-v2` at either. `*` is any region but the global one.
pub(super) fn split_region<'a>(provider: &str, id: &'a str) -> Option<(&'a str, &'a str)> {
    let of = |known: &[&str], part: &str| known.iter().any(|region| region.eq_ignore_ascii_case(part));
    let split = match provider {
        "azure-openai" | "azure-ai" => {
            let (zone, rest) = id.split_once('/')?;
            let zone = if zone.eq_ignore_ascii_case("global-standard") { zone.get(..6)? } else { zone };
            of(&ZONES, zone).then_some((zone, rest))
        }
        "bedrock" | "bedrock-mantle" => id
            .split_once('/')
            .filter(|(region, _)| is_region(region))
            .or_else(|| id.split_once('.').filter(|(profile, _)| of(&PROFILES, profile)))
            .or_else(|| Some(("*", id.strip_prefix("regional.")?))),
        _ => None,
    }?;
    (!split.1.is_empty()).then_some(split)
}

/// `eu-west-1`, `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let last = parts.next_back().unwrap_or("");
    let words = parts.clone().count();
    (2..=3).contains(&words)
        && last.len() == 1
        && last.bytes().all(|b| b.is_ascii_digit())
        && parts.all(|part| part.len() >= 2 && part.bytes().all(|b| b.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_stand_before_the_id() {
        for (provider, id, split) in [
            ("bedrock", "us.anthropic.claude-opus-4-7", Some(("us", "anthropic.claude-opus-4-7"))),
            ("bedrock", "us-gov.nvidia.nemotron", Some(("us-gov", "nvidia.nemotron"))),
            ("bedrock", "eu-west-1/anthropic.claude-v2", Some(("eu-west-1", "anthropic.claude-v2"))),
            ("bedrock", "us-gov-east-1/a.b", Some(("us-gov-east-1", "a.b"))),
            ("bedrock", "regional.openai.gpt-5.6-sol", Some(("*", "openai.gpt-5.6-sol"))),
            ("bedrock", "anthropic.claude-v2", None),
            ("bedrock", "us.", None),
            ("bedrock", "eu-west/a", None),
            ("bedrock", "claude_platform/x", None),
            ("azure-openai", "eu/gpt-5", Some(("eu", "gpt-5"))),
            ("azure-openai", "EU/gpt-5", Some(("EU", "gpt-5"))),
            ("azure-openai", "global-standard/gpt-5", Some(("global", "gpt-5"))),
            ("azure-openai", "speech/azure-tts", None),
            ("openai", "eu/gpt-5", None),
        ] {
            assert_eq!(split_region(provider, id), split, "{provider} {id}");
        }
    }
}
