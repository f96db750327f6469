//! A value against the rules: what does not fit, and where.

use super::{
    compile::{Id, Measure, Rule, Rules, TYPES, join},
    decimal::Decimal,
    value::Value,
};
use crate::{
    collections::sort_by,
    json::{ToJson, Writer},
    regex::Regex,
};

/// The most that is reported; one is enough to refuse.
const MAX_PROBLEMS: usize = 20;
/// How deep the rules may go into a value, and into each other.
const MAX_CALLS: u32 = 384;
/// Steps for a value, and for each of its parts: alternatives within alternatives look at the same part again and again.
const STEPS: u64 = 100_000;
const STEPS_A_PART: u64 = 500;

/// Something that does not fit. It never holds a value, nor a name that the schema does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a JSON pointer; `*` stands for a name that the schema does not know.
    pub at: String,
    /// The keyword that it breaks.
    pub keyword: &'static str,
    /// What was expected.
    pub expected: String,
    /// What kind of thing was found.
    pub found: String,
}

impl ToJson for Problem {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("path", &self.at);
        to.text_of("keyword", self.keyword);
        to.text_of("expected", &self.expected);
        to.text_of("found", &self.found);
        to.close('}');
    }
}

/// What in a value does not fit.
pub(super) fn check(rules: &Rules, value: &Value<'_>) -> Vec<Problem> {
    let mut check = Check { rules, calls: 0, steps: 0, most: STEPS + STEPS_A_PART * parts(value) };
    let mut problems = Vec::new();
    check.schema(0, value, "", &mut problems);
    problems
}

/// The values in a value, it included.
fn parts(value: &Value<'_>) -> u64 {
    match value {
        Value::List(items) => items.iter().map(parts).sum::<u64>() + 1,
        Value::Object(members) => members.iter().map(|(_, value)| parts(value)).sum::<u64>() + 1,
        Value::Text(text) => 1 + text.len() as u64 / 256,
        _ => 1,
    }
}

struct Check<'s> {
    rules: &'s Rules,
    calls: u32,
    steps: u64,
    most: u64,
}

/// Adds a problem, and says that there is one.
fn problem(
    problems: &mut Vec<Problem>,
    at: &str,
    keyword: &'static str,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> bool {
    if problems.len() < MAX_PROBLEMS {
        problems.push(Problem { at: at.to_owned(), keyword, expected: expected.into(), found: found.into() });
    }
    false
}

impl Check<'_> {
    /// Whether a value fits a schema; what does not is added to the problems.
    fn schema(&mut self, id: Id, value: &Value<'_>, at: &str, problems: &mut Vec<Problem>) -> bool {
        let rules = self.rules;
        if self.calls >= MAX_CALLS {
            return problem(problems, at, "$ref", "a value that nests less deep", value.kind());
        }
        self.calls += 1;
        let mut fits = true;
        for rule in rules.get(id).into_iter().flatten() {
            self.steps += 1;
            if self.steps > self.most {
                fits = problem(problems, at, "anyOf", "a schema whose alternatives come to an end", "too many of them");
                break;
            }
            fits &= self.rule(rule, value, at, problems);
        }
        self.calls -= 1;
        fits
    }

    /// Whether a pattern matches in a text, as much as that costs.
    fn matches(&mut self, pattern: &Regex, text: &str) -> bool {
        self.steps += text.len() as u64 * pattern.steps() / 1024;
        pattern.is_match(text)
    }

    /// Whether it fits, without saying why not.
    fn fits(&mut self, id: Id, value: &Value<'_>, at: &str) -> bool {
        self.schema(id, value, at, &mut Vec::new())
    }

    fn rule(&mut self, rule: &Rule, value: &Value<'_>, at: &str, problems: &mut Vec<Problem>) -> bool {
        let mut no = |keyword, expected: String| problem(problems, at, keyword, expected, value.kind());
        match (rule, value) {
            (Rule::Never, _) => no("false", "nothing here".to_owned()),
            (Rule::Types(types), _) => {
                let fits = types & type_bits(value) != 0;
                fits || no("type", named_types(*types))
            }
            (Rule::Values { keyword, values, shown }, _) => {
                let mut text = String::new();
                value.canonical(&mut text);
                self.steps += values.len() as u64 / 8;
                values.contains(&text) || no(keyword, shown.clone())
            }
            (Rule::AtLeast { keyword, limit, exclusive, shown }, Value::Number(number)) => {
                let number = Decimal::parse(number);
                let fits = if *exclusive { number > *limit } else { number >= *limit };
                fits || no(keyword, format!("a number {} {shown}", if *exclusive { "above" } else { "of at least" }))
            }
            (Rule::AtMost { keyword, limit, exclusive, shown }, Value::Number(number)) => {
                let number = Decimal::parse(number);
                let fits = if *exclusive { number < *limit } else { number <= *limit };
                fits || no(keyword, format!("a number {} {shown}", if *exclusive { "below" } else { "of at most" }))
            }
            (Rule::MultipleOf(by, shown), Value::Number(number)) => {
                let fits = Decimal::parse(number).is_multiple_of(by).unwrap_or(false);
                fits || no("multipleOf", format!("a multiple of {shown}"))
            }
            (Rule::Least(keyword, measure, limit), _) => match size(*measure, value) {
                Some(size) if size < *limit => {
                    sized(problems, at, keyword, format!("at least {limit}"), *measure, size)
                }
                _ => true,
            },
            (Rule::Most(keyword, measure, limit), _) => match size(*measure, value) {
                Some(size) if size > *limit => sized(problems, at, keyword, format!("at most {limit}"), *measure, size),
                _ => true,
            },
            (Rule::Unique, Value::List(items)) => {
                let canonical = |item: &Value<'_>| {
                    let mut text = String::new();
                    item.canonical(&mut text);
                    text
                };
                let mut texts: Vec<String> = items.iter().map(canonical).collect();
                sort_by(&mut texts, Ord::cmp);
                let twice = texts.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
                !twice || no("uniqueItems", "items that differ".to_owned())
            }
            (Rule::Items { prefix, rest }, Value::List(items)) => {
                let mut fits = true;
                for (index, item) in items.iter().enumerate() {
                    let Some(id) = prefix.get(index).or(rest.as_ref()) else { break };
                    fits &= self.schema(*id, item, &join(at, &index.to_string()), problems);
                }
                fits
            }
            (Rule::Contains { schema, least, most }, Value::List(items)) => {
                let mut found = 0;
                for item in items {
                    found += u64::from(self.fits(*schema, item, at));
                }
                let fits = found >= *least && most.is_none_or(|most| found <= most);
                let most = most.map(|most| format!(" and at most {most}")).unwrap_or_default();
                let expected = || format!("at least {least}{most} items that fit");
                fits || problem(problems, at, "contains", expected(), format!("{found} that fit"))
            }
            (Rule::Members { properties, patterns, others }, Value::Object(members)) => {
                let mut fits = true;
                for (name, member) in members {
                    let mut known = false;
                    if let Some(id) = properties.get(name.as_ref()) {
                        known = true;
                        fits &= self.schema(*id, member, &join(at, name), problems);
                    }
                    for (pattern, id) in patterns {
                        if self.matches(pattern, name) {
                            known = true;
                            fits &= self.schema(*id, member, &join(at, "*"), problems);
                        }
                    }
                    let Some(id) = others.filter(|_| !known) else { continue };
                    fits &= if matches!(self.rules.get(id).map(Vec::as_slice), Some([Rule::Never])) {
                        let expected = "only names that the schema knows";
                        problem(problems, &join(at, "*"), "additionalProperties", expected, "another")
                    } else {
                        self.schema(id, member, &join(at, "*"), problems)
                    };
                }
                fits
            }
            (Rule::Pattern(pattern, shown), Value::Text(text)) => {
                self.matches(pattern, text) || problem(problems, at, "pattern", shown.as_str(), "another")
            }
            (Rule::Names(id), Value::Object(members)) => {
                let mut fits = true;
                for (name, _) in members {
                    fits &= self.schema(*id, &Value::Text(name.as_ref().into()), &join(at, "*"), problems);
                }
                fits
            }
            (Rule::Required(names), Value::Object(_)) => needs("required", names, value, at, problems),
            (Rule::NeedsNames(name, names), Value::Object(_)) => {
                value.member(name).is_none() || needs("dependentRequired", names, value, at, problems)
            }
            (Rule::NeedsSchema(name, id), Value::Object(_)) => {
                value.member(name).is_none() || self.schema(*id, value, at, problems)
            }
            (Rule::All(ids), _) => {
                let mut fits = true;
                for id in ids {
                    fits &= self.schema(*id, value, at, problems);
                }
                fits
            }
            (Rule::Any(ids), _) => self.alternatives("anyOf", ids, false, value, at, problems),
            (Rule::One(ids), _) => self.alternatives("oneOf", ids, true, value, at, problems),
            (Rule::Not(id), _) => !self.fits(*id, value, at) || no("not", "another value".to_owned()),
            (Rule::If { test, then, otherwise }, _) => {
                let branch = if self.fits(*test, value, at) { then } else { otherwise };
                branch.is_none_or(|id| self.schema(id, value, at, problems))
            }
            (Rule::Ref(id), _) => self.schema(*id, value, at, problems),
            // A keyword of another type says nothing.
            _ => true,
        }
    }

    /// Whether one of the alternatives fits, or only one. Where none does, the one that was meant says why, if that shows.
    fn alternatives(
        &mut self,
        keyword: &'static str,
        ids: &[Id],
        only: bool,
        value: &Value<'_>,
        at: &str,
        problems: &mut Vec<Problem>,
    ) -> bool {
        let mut fitting = 0;
        let mut meant = Vec::new();
        for id in ids {
            let mut found = Vec::new();
            if self.schema(*id, value, at, &mut found) {
                fitting += 1;
                if !only {
                    return true;
                }
            }
            // Of another type, or marked as another kind: it was not meant.
            let other =
                |one: &Problem| one.keyword == "const" || one.at == at && matches!(one.keyword, "type" | "enum");
            if !found.iter().any(other) {
                meant.push(found);
            }
        }
        match (fitting, meant.as_mut_slice()) {
            (1, _) => true,
            (0, [found]) => {
                problems.extend(found.drain(..).take(MAX_PROBLEMS.saturating_sub(problems.len())));
                false
            }
            (0, _) => problem(problems, at, keyword, format!("one of {} alternatives", ids.len()), value.kind()),
            _ => {
                let expected = format!("exactly one of {} alternatives", ids.len());
                problem(problems, at, keyword, expected, format!("{fitting} that fit"))
            }
        }
    }
}

/// Whether all these names are there.
fn needs(keyword: &'static str, names: &[String], value: &Value<'_>, at: &str, problems: &mut Vec<Problem>) -> bool {
    let mut fits = true;
    for name in names.iter().filter(|name| value.member(name).is_none()) {
        fits = problem(problems, &join(at, name), keyword, "a value", "none");
    }
    fits
}

fn type_bits(value: &Value<'_>) -> u8 {
    match value {
        Value::Null => 1,
        Value::Bool(_) => 2,
        Value::Number(text) if Decimal::parse(text).is_whole() => 4 + 8,
        Value::Number(_) => 8,
        Value::Text(_) => 16,
        Value::List(_) => 32,
        Value::Object(_) => 64,
    }
}

fn named_types(types: u8) -> String {
    let names = TYPES.iter().enumerate().filter(|(at, _)| types & (1 << at) != 0).map(|(_, name)| *name);
    names.collect::<Vec<_>>().join(" or ")
}

fn size(measure: Measure, value: &Value<'_>) -> Option<u64> {
    Some(match (measure, value) {
        (Measure::Characters, Value::Text(text)) => text.chars().count() as u64,
        (Measure::Items, Value::List(items)) => items.len() as u64,
        (Measure::Members, Value::Object(members)) => members.len() as u64,
        _ => return None,
    })
}

fn sized(
    problems: &mut Vec<Problem>,
    at: &str,
    keyword: &'static str,
    expected: String,
    measure: Measure,
    found: u64,
) -> bool {
    let what = match measure {
        Measure::Characters => "characters",
        Measure::Items => "items",
        Measure::Members => "members",
    };
    problem(problems, at, keyword, format!("{expected} {what}"), found.to_string())
}
