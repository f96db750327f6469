//! Names that a table would take from another provider's models.
//!
//! A table may bring providers and models that nobody has asked for, but not the meaning of a name that programs use: with a
//! provider `models` that has a `gemini-2.5-pro`, Google's `models/gemini-2.5-pro` would be billed at somebody else's price.
//! Within one provider a name may get a model of its own, as a dated snapshot does; there the prices are compared.

use super::book::{Book, Handle};
use super::find::{RESOURCES, find_spelling};
use super::model::Model;
use crate::collections::Set;

/// More than this are not compared: names, times the providers among which one without a provider is looked for.
const MAX_LOOKED_AT: usize = 4_000_000;

/// What a name may end with and mean the same model, unless one is called just so: a provider that has no model of the name itself
/// before another may have one of these.
const ENDS: [&str; 5] = ["", "-latest", "@default", ":0", "-20991231"];

/// A name that would find another provider's model.
#[derive(Debug)]
pub(super) struct Taken {
    pub name: String,
    /// The model that it has found, and the one that it would find, each as `provider/id`.
    pub from: String,
    pub to: String,
}

/// Tells each name that finds a model of another provider in a book that was put over another. Says whether it could look at
/// all of them.
pub(super) fn taken(book: &Book, merged: &Book, mut tell: impl FnMut(Taken)) -> bool {
    // Names stay with the providers that have them: without new ones nothing is found anywhere else.
    let count = merged.count_names();
    if count == book.count_names() {
        return true;
    }
    let ranked = merged.providers().iter().filter(|provider| provider.is_ranked).count();
    if count.saturating_mul(ranked) > MAX_LOOKED_AT {
        return false;
    }
    // The names that are new to their providers: what finds another model is one of them, or is spelled otherwise.
    let mut news = Set::new();
    for model in merged.models() {
        for name in std::iter::once(&model.id).chain(&model.aliases).map(|name| name.to_ascii_lowercase()) {
            if book.provider(&model.provider).and_then(|own| book.find_name(own, &name)).is_none() {
                news.insert(name);
            }
        }
    }
    let is_news = |name: &str| {
        let mut look = |name: &str| news.contains(name).then_some((Handle(0), false));
        // Behind a provider, a resource or a region, too.
        let ends = name.match_indices(['/', '.']).filter_map(|(at, _)| name.get(at + 1..));
        std::iter::once(name).chain(ends).any(|name| find_spelling(name, &mut look).is_some())
    };
    let mut told = Set::new();
    for model in merged.models() {
        for name in spellings(merged, model).into_iter().filter(|name| is_news(name)) {
            let taken = ENDS.into_iter().find_map(|end| {
                let name = format!("{name}{end}");
                // A name that one provider alone has stays with it, or is nobody's once two have it.
                let now = merged.find_ahead(&name).and_then(|found| merged.name_of(found.handle))?;
                let was = book.find(&name, None).and_then(|found| book.name_of(found.handle))?;
                let shown = |(provider, id): (&str, &str)| format!("{provider}/{id}");
                (was.0 != now.0).then(|| Taken { from: shown(was), to: shown(now), name })
            });
            if let Some(taken) = taken.filter(|taken| told.insert(taken.name.clone())) {
                tell(taken);
            }
        }
    }
    true
}

/// How a model is asked for by those who don't say beside it whose it is: by its names, behind each of its provider's, and as
/// resource names have them.
fn spellings(book: &Book, model: &Model) -> Vec<String> {
    let mut prefixes = vec![String::new()];
    if let Some(provider) = book.provider(&model.provider) {
        let names = std::iter::once(&*provider.name).chain(provider.aliases.iter().map(String::as_str));
        prefixes.extend(names.map(|name| format!("{name}/")));
    }
    prefixes.extend(RESOURCES.iter().filter(|(of, _)| *of == &*model.provider).map(|(_, resource)| (*resource).into()));
    let names = std::iter::once(&model.id).chain(&model.aliases);
    names.flat_map(|name| prefixes.iter().map(move |prefix| format!("{prefix}{name}").to_ascii_lowercase())).collect()
}
