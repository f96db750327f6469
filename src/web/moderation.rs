//! Offline moderation handed out.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    error::Result,
    guard::moderation::{self, Category, Passage, Thresholds, Verdict},
    json::{ToJson, Writer},
};

/// Finds what is to be moderated.
#[wasm_bindgen]
pub struct Moderator {
    moderator: moderation::Moderator,
}

/// The categories, in the order of thresholds and scores.
#[wasm_bindgen(js_name = moderationCategories)]
pub fn categories() -> Vec<String> {
    Category::ALL.iter().map(|category| category.as_str().to_owned()).collect()
}

struct Judged<'a> {
    verdict: Verdict,
    text: &'a str,
    edited: Option<String>,
}

impl ToJson for Judged<'_> {
    fn write(&self, to: &mut Writer) {
        let thousandths = |score: u16| f64::from(score) / 1000.0;
        to.open('{');
        to.key("scores");
        to.open('[');
        Category::ALL.iter().for_each(|category| to.number(thousandths(self.verdict.scores.get(*category))));
        to.close(']');
        to.key("flagged");
        to.open('[');
        self.verdict.flagged.iter().for_each(|category| to.text(category.as_str()));
        to.close(']');
        to.key("passages");
        to.open('[');
        let (mut at, mut units) = (0, 0);
        let mut unit = |end: usize| {
            units += self.text.get(at..end).unwrap_or_default().chars().map(char::len_utf16).sum::<usize>();
            at = end;
            units as f64
        };
        for Passage { start, end, category } in &self.verdict.passages {
            to.open('{');
            to.text_of("type", category.as_str());
            to.number_of("start", unit(*start));
            to.number_of("end", unit(*end));
            to.close('}');
        }
        to.close(']');
        if let Some(edited) = &self.edited {
            to.text_of("edited", edited);
        }
        to.close('}');
    }
}

#[wasm_bindgen]
impl Moderator {
    /// From a packed table.
    #[wasm_bindgen(constructor)]
    pub fn new(table: &[u8]) -> Result<Moderator> {
        Ok(Moderator { moderator: moderation::Moderator::new(table)? })
    }

    /// Judges a text: `{ scores, flagged, passages, edited? }` as JSON text. A threshold above 1 flags nothing; `replace` is
    /// what stands before the category in placeholders, `*` for masks, and empty where the text stays.
    pub fn judge(&self, text: &str, thresholds: &[f64], replace: &str) -> String {
        let set = Category::ALL.iter().zip(thresholds).fold(Thresholds::default(), |set, (category, least)| {
            set.with(*category, (0.0..=1.0).contains(least).then_some((least * 1000.0).ceil() as u16))
        });
        let verdict = self.moderator.judge(text, &set);
        let edited = (!replace.is_empty() && !verdict.flagged.is_empty()).then(|| {
            verdict.edit(text, |category, part| match replace {
                "*" => "*".repeat(part.chars().count()),
                before => format!("[{before}_{}]", category.label()),
            })
        });
        Judged { verdict, text, edited }.to_json()
    }
}
