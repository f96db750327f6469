//! Words and phrases of the application's own.
//!
//! A trie over folded characters, walked from every place where a word may begin: each walk is bounded by the longest
//! phrase, so the time is linear, and a stream holds no more than one phrase.

use std::sync::Arc;

use super::{
    finding::Hit,
    kind::Kind,
    mark,
    pass::Pass,
    view::{Need, View},
};
use crate::error::{Error, Result};

/// The longest phrase, in bytes: a stream may have to hold as much.
const LONGEST: usize = 256;

/// What is added to twice the longest phrase for runs of spaces and characters that nobody sees.
const SLACK: usize = 64;

/// Phrases to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keywords {
    nodes: Arc<[Node]>,
    case_sensitive: bool,
    whole_word: bool,
    /// How far a walk goes.
    reach: usize,
    /// The ASCII bytes that a phrase may begin with, a bit for each, and whether one may begin with another character.
    first: (u128, bool),
    /// What a finding is, and the rule that it names.
    found: (Kind, &'static str),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    /// Sorted.
    edges: Vec<(char, u32)>,
    is_end: bool,
}

impl Keywords {
    /// The phrases. `whole_word`: only where no letter or digit stands beside them; scripts without spaces have no such
    /// places, there a phrase is found anywhere. A space stands for any white space.
    pub fn new(phrases: &[String], case_sensitive: bool, whole_word: bool) -> Result<Self> {
        let mut nodes = vec![Node::default()];
        let mut first = (0_u128, false);
        let mut longest = 0;
        if phrases.is_empty() {
            return Err(Error::config("cannot read keyword options: expected at least one of keywords, found none"));
        }
        for phrase in phrases {
            let phrase = phrase.trim();
            if !phrase.chars().any(char::is_alphanumeric) || phrase.len() > LONGEST {
                return Err(Error::config(format!(
                    "cannot read keyword options: expected each of keywords to be up to {LONGEST} bytes with a letter or digit, found another"
                )));
            }
            longest = longest.max(phrase.len());
            let mut at = 0;
            let mut was_space = false;
            for c in phrase.chars() {
                let sign = fold(c, case_sensitive);
                if sign == ' ' && was_space {
                    continue;
                }
                was_space = sign == ' ';
                if at == 0 {
                    // A folded letter stands for both of its forms.
                    for c in c.to_lowercase().chain(c.to_uppercase()) {
                        match u32::from(c) {
                            code @ 0..128 => first.0 |= 1 << code,
                            _ => first.1 = true,
                        }
                    }
                }
                at = step(&mut nodes, at, sign);
            }
            if let Some(node) = nodes.get_mut(at) {
                node.is_end = true;
            }
        }
        Ok(Self {
            nodes: nodes.into(),
            case_sensitive,
            whole_word,
            reach: 2 * longest + SLACK,
            first,
            found: (Kind::Keyword, "keyword"),
        })
    }

    /// Words that mark a system prompt: made up, so that wherever they turn up the prompt has come out. Found in any case
    /// and inside of other words.
    pub fn canaries(words: &[String]) -> Result<Self> {
        Ok(Self { found: (Kind::SystemPrompt, "canary"), ..Self::new(words, false, false)? })
    }

    /// At work for the guard at that place.
    pub(super) fn pass(&self, guard: usize) -> Box<dyn Pass> {
        Box::new(Walk { keywords: self.clone(), guard, at: 0 })
    }

    fn may_begin(&self, byte: u8) -> bool {
        if byte < 128 { self.first.0 >> byte & 1 == 1 } else { byte >= 0xC0 && self.first.1 }
    }

    /// The end of the longest phrase that begins there.
    fn look(&self, view: &View, start: usize) -> Result<Option<usize>, Need> {
        if self.whole_word && !self.is_edge(view, start, view.char_before(start).map(|(_, c)| c))? {
            return Ok(None);
        }
        let mut node = self.nodes.first();
        let (mut at, mut found, mut was_space) = (start, None, false);
        while at - start <= self.reach {
            let Some(c) = view.char_at(at)? else { break };
            let sign = fold(c, self.case_sensitive);
            let next = at + c.len_utf8();
            let is_skipped = at > start && (is_invisible(c) || sign == ' ' && was_space);
            if !is_skipped {
                let edges = node.map(|node| node.edges.as_slice()).unwrap_or_default();
                let Ok(edge) = edges.binary_search_by_key(&sign, |(sign, _)| *sign) else { break };
                node = edges.get(edge).and_then(|(_, to)| self.nodes.get(*to as usize));
                was_space = sign == ' ';
                if node.is_some_and(|node| node.is_end) && self.ends(view, next, c)? {
                    found = Some(next);
                }
            }
            at = next;
        }
        Ok(found)
    }

    /// Whether a phrase may end there, behind that character.
    fn ends(&self, view: &View, at: usize, last: char) -> Result<bool, Need> {
        if !self.whole_word || !is_letter(last) {
            return Ok(true);
        }
        if view.byte(at)? == Some(b'[') && mark::opens(view, at)? > 0 {
            // What stood there was glued to it.
            return Ok(false);
        }
        Ok(view.char_at(at)?.is_none_or(|next| !is_letter(next)))
    }

    /// Whether a word may begin there, behind that character.
    fn is_edge(&self, view: &View, at: usize, before: Option<char>) -> Result<bool, Need> {
        let first_is_letter = view.char_at(at)?.is_some_and(is_letter);
        let is_glued = before == Some(']') && mark::closes(view, at);
        Ok(!first_is_letter || !(is_glued || before.is_some_and(is_letter)))
    }
}

/// The node behind an edge, made where it is not there.
fn step(nodes: &mut Vec<Node>, at: usize, sign: char) -> usize {
    let fresh = nodes.len() as u32;
    let Some(node) = nodes.get_mut(at) else { return at };
    match node.edges.binary_search_by_key(&sign, |(sign, _)| *sign) {
        Ok(edge) => node.edges.get(edge).map_or(at, |(_, to)| *to as usize),
        Err(place) => {
            node.edges.insert(place, (sign, fresh));
            nodes.push(Node::default());
            fresh as usize
        }
    }
}

fn fold(c: char, case_sensitive: bool) -> char {
    if c.is_whitespace() {
        ' '
    } else if case_sensitive {
        c
    } else {
        c.to_lowercase().next().unwrap_or(c)
    }
}

/// Whether a character makes one word with its neighbours. Those of scripts without spaces don't.
fn is_letter(c: char) -> bool {
    (c.is_alphanumeric() || c == '_')
        && !matches!(c, '\u{E00}'..='\u{EFF}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

struct Walk {
    keywords: Keywords,
    guard: usize,
    /// Everything before was looked at.
    at: usize,
}

impl Pass for Walk {
    fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize {
        let mut at = self.at.saturating_sub(base);
        while let Some(byte) = view.seen(at) {
            let answer = match byte {
                b'[' => mark::opens(view, at).map(|length| if length > 0 { Err(length) } else { Ok(()) }),
                _ => Ok(Ok(())),
            };
            let answer = match answer {
                // What a mark says is nobody's text.
                Ok(Err(length)) => {
                    at += length;
                    continue;
                }
                Ok(Ok(())) if self.keywords.may_begin(byte) => self.keywords.look(view, at),
                Ok(Ok(())) => Ok(None),
                Err(Need) => Err(Need),
            };
            match answer {
                Ok(Some(end)) => {
                    let (kind, rule) = self.keywords.found;
                    let hit = Hit::new(kind, base + at, base + end, true, rule);
                    hits.push(hit.of_guard(self.guard));
                    at = end;
                }
                Ok(None) => at += 1,
                Err(Need) => break,
            }
        }
        self.at = base + at;
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(phrases: &[&str], text: &'a str, case_sensitive: bool, whole_word: bool) -> Vec<&'a str> {
        let phrases: Vec<String> = phrases.iter().map(|phrase| (*phrase).to_owned()).collect();
        let mut hits = Vec::new();
        let keywords = Keywords::new(&phrases, case_sensitive, whole_word).unwrap();
        keywords.pass(0).run(&View::new(text, true), 0, &mut hits);
        hits.iter().map(|hit| &text[hit.start..hit.end]).collect()
    }

    #[test]
    fn whole_words_of_any_script() {
        let phrases = ["Project X", "acme", "c++", "проект", "秘密", "naïve", "straße"];
        let cases: &[(&str, &[&str])] = &[
            ("The project  X plan", &["project  X"]),
            ("PROJECT\nx.", &["PROJECT\nx"]),
            ("projectx and acmes, macme, ac-me", &[]),
            ("acme-corp (ACME) acme_1", &["acme", "ACME"]),
            ("use C++ or c++11", &["C++", "c++"]),
            ("мой ПРОЕКТ, проекты", &["ПРОЕКТ"]),
            ("これは秘密です", &["秘密"]),
            ("a NAÏVE one", &["NAÏVE"]),
            ("ac\u{200B}me", &["ac\u{200B}me"]),
            ("[REDACTED_ACME] [REDACTED_EMAIL]acme", &[]),
            ("acme acme", &["acme", "acme"]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(&phrases, text, false, true), *expected, "{text}");
        }
    }

    #[test]
    fn parts_of_words_and_case() {
        assert_eq!(found(&["bad"], "forbadden BAD", false, false), ["bad", "BAD"]);
        assert_eq!(found(&["bad"], "bad BAD", true, true), ["bad"]);
        assert_eq!(found(&["a b", "a b c d"], "a b c e a b c d", false, true), ["a b", "a b c d"], "the longest");
        assert_eq!(found(&["redacted"], "[REDACTED_EMAIL] redacted", false, false), ["redacted"]);
    }

    #[test]
    fn what_would_match_everything_is_refused() {
        for (phrases, message) in [
            (vec![], "cannot read keyword options: expected at least one of keywords, found none"),
            (
                vec!["*".to_owned()],
                "cannot read keyword options: expected each of keywords to be up to 256 bytes with a letter or digit, found another",
            ),
        ] {
            assert_eq!(Keywords::new(&phrases, false, true).unwrap_err().message(), message);
        }
    }
}
