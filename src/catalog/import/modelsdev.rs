//! models.dev's table: providers by id, each with models by id; costs are US dollars for a million tokens.

use std::borrow::Cow;

use super::amount;
use super::draft::{Block, Draft, DraftRow, Drafts};
use super::litellm::{edge_of, reason_outside};
use crate::catalog::json::{check_name, refuse};
use crate::catalog::known::known;
use crate::error::Result;
use crate::json::Raw;

/// Its costs to our units.
static COSTS: &[(&str, &str)] = &[
    ("input", "input"),
    ("output", "output"),
    ("cache_read", "cacheRead"),
    ("cache_write", "cacheWrite"),
    ("reasoning", "reasoningOutside"),
    ("input_audio", "inputAudio"),
    ("output_audio", "outputAudio"),
];

/// Its kinds of input and output, and its flags, to what a model can do.
static INPUT: &[(&str, &str)] = &[("image", "vision"), ("audio", "audio"), ("video", "video"), ("pdf", "pdf")];
static OUTPUT: &[(&str, &str)] = &[("image", "imageOutput"), ("audio", "audioOutput")];
const FLAGS: [(&str, &str); 3] =
    [("tool_call", "tools"), ("structured_output", "jsonSchema"), ("reasoning", "reasoning")];

/// Reads the table into drafts.
pub fn read(table: &[(Cow<'_, str>, Raw<'_>)], drafts: &mut Drafts) -> Result<()> {
    for (provider, entry) in table {
        check_name(provider, "")?;
        let Some(models) = entry.member("models") else { continue };
        let path = format!("{provider}.models");
        let url = entry.member("doc").and_then(Raw::to_text).filter(|url| url.starts_with("https://"));
        for (id, model) in models.members().ok_or_else(|| refuse(&path, "an object", models.kind()))? {
            check_name(&id, &path)?;
            let path = format!("{path}.{id}");
            let mut draft = Draft { provider: known(provider).name, id: id.into_owned(), ..Draft::default() };
            read_facts(model, &mut draft);
            if let Some(cost) = model.member("cost") {
                let mut block = Block::default();
                read_costs(cost, None, &format!("{path}.cost"), &draft, &mut block, drafts)?;
                if draft.provider == "xai" {
                    reason_outside(&mut block);
                }
                block.follow();
                if block.is_price_of(&draft.id) {
                    draft.rows.push(DraftRow { from: None, url: url.clone().unwrap_or_default(), block });
                }
            }
            if draft.rows.is_empty() {
                drafts.skip(
                    &draft.provider,
                    &draft.id,
                    "no price, or one of zero that nothing says is meant: kept without a price",
                );
            }
            drafts.push(draft);
        }
    }
    Ok(())
}

fn read_facts(model: Raw<'_>, draft: &mut Draft) {
    let limit = |name: &str| model.member("limit").and_then(|all| all.member(name)).and_then(Raw::whole);
    draft.context = limit("input").or_else(|| limit("context")).filter(|count| *count > 0);
    draft.max_output = limit("output").filter(|count| *count > 0);
    for (list, names) in [("input", INPUT), ("output", OUTPUT)] {
        let kinds =
            model.member("modalities").and_then(|all| all.member(list)).and_then(Raw::items).unwrap_or_default();
        let has = |kind: &str| kinds.iter().any(|item| item.text().as_deref() == Some(kind));
        draft.capabilities.extend(names.iter().filter(|(kind, _)| has(kind)).map(|(_, name)| *name));
    }
    let is_set = |flag: &str| model.member(flag).and_then(Raw::bool) == Some(true);
    draft.capabilities.extend(FLAGS.iter().filter(|(flag, _)| is_set(flag)).map(|(_, name)| *name));
}

fn read_costs(
    cost: Raw<'_>,
    above: Option<(u64, &'static str)>,
    path: &str,
    draft: &Draft,
    block: &mut Block,
    drafts: &mut Drafts,
) -> Result<()> {
    for (key, value) in cost.members().ok_or_else(|| refuse(path, "an object", cost.kind()))? {
        let path = format!("{path}.{key}");
        let Some(value) = value.present() else { continue };
        let threshold = |tokens: u64| Some((tokens, edge_of(&draft.provider, tokens)));
        if let Some((_, unit)) = COSTS.iter().find(|(known, _)| *known == key) {
            let number = value.number().map(|_| value.get());
            let amount = number.and_then(|number| amount::rate(number, 6, true));
            let amount = amount.ok_or_else(|| refuse(&path, "a price", value.get()))?;
            drafts.note_rate(draft, unit, value.get(), &amount);
            block.tier(above).set(Cow::Borrowed(unit), amount.text);
        } else if key == "context_over_200k" && above.is_none() {
            read_costs(value, threshold(200_000), &path, draft, block, drafts)?;
        } else if key == "tiers" && above.is_none() {
            for tier in value.items().ok_or_else(|| refuse(&path, "a list", value.kind()))? {
                let size = tier.member("tier").and_then(|tier| tier.member("size")).and_then(Raw::whole);
                let size = size.ok_or_else(|| refuse(&path, "tiers with a size", tier.kind()))?;
                read_costs(tier, threshold(size), &path, draft, block, drafts)?;
            }
        } else if key != "tier" {
            drafts.leave(&key, "a key that this book does not know");
        }
    }
    Ok(())
}
