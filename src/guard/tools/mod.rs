//! Which tools a model may call, how often, and what with.
//!
//! A call is what a model's answer turns into an action, so the rules are closed: what can't be read breaks every rule that
//! would look at it.

mod host;
mod read;

use self::host::{host, is_of};
use crate::{
    error::Result,
    json::{ToJson, Writer},
    regex::Regex,
    schema::{Decimal, Schema, Tree, tree},
};

pub use self::read::KEYS;

/// A policy, ready to judge calls.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Only these, where there is a list.
    allow: Option<Vec<String>>,
    /// Never these.
    deny: Vec<String>,
    /// Calls in one answer.
    most: Option<u64>,
    tools: Vec<Tool>,
}

/// The rules of the tools that a pattern stands for.
#[derive(Clone, Debug)]
struct Tool {
    glob: String,
    most: Option<u64>,
    schema: Option<Schema>,
    rules: Vec<Rule>,
}

/// What an argument must be.
#[derive(Clone, Debug)]
struct Rule {
    /// Names on the way to it; `*` is every item or member.
    steps: Vec<String>,
    /// As it is written in the options.
    shown: String,
    wanted: Wanted,
}

#[derive(Clone, Debug)]
enum Wanted {
    Present,
    /// Canonical texts.
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
    Prefixes(Vec<String>),
    NotPrefixes(Vec<String>),
    /// All of a text.
    Matches(Regex),
    /// Nothing in it.
    NotMatches(Regex),
    Min(Decimal),
    Max(Decimal),
    Hosts(Vec<String>),
    NotHosts(Vec<String>),
}

impl Wanted {
    const fn as_str(&self) -> &'static str {
        match self {
            Wanted::Present => "required",
            Wanted::OneOf(_) => "oneOf",
            Wanted::NoneOf(_) => "noneOf",
            Wanted::Prefixes(_) => "prefixes",
            Wanted::NotPrefixes(_) => "notPrefixes",
            Wanted::Matches(_) => "matches",
            Wanted::NotMatches(_) => "notMatches",
            Wanted::Min(_) => "min",
            Wanted::Max(_) => "max",
            Wanted::Hosts(_) => "hosts",
            Wanted::NotHosts(_) => "notHosts",
        }
    }
}

/// A call of a tool.
#[derive(Clone, Copy, Debug)]
pub struct ToolCall<'a> {
    /// The tool's name.
    pub name: &'a str,
    /// Its arguments: JSON.
    pub arguments: &'a str,
}

/// A rule that a call breaks. It holds what the options hold, and nothing of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which call, from 0.
    pub call: usize,
    /// The option that is broken.
    pub rule: &'static str,
    /// The pattern of the tool that the option belongs to, where it belongs to one.
    pub tool: Option<String>,
    /// The argument, as the options name it, or as a pointer.
    pub path: Option<String>,
}

impl ToJson for Violation {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.number_of("call", self.call as f64);
        to.text_of("rule", self.rule);
        to.optional_text_of("tool", self.tool.as_deref());
        to.optional_text_of("path", self.path.as_deref());
        to.close('}');
    }
}

/// How deep arguments may nest.
const MAX_DEPTH: u32 = 64;

impl Policy {
    /// Reads the options of a policy: [`KEYS`], as JSON.
    pub fn parse(options: &str) -> Result<Self> {
        read::policy(options)
    }

    /// What the calls of one answer break.
    pub fn check(&self, calls: &[ToolCall<'_>]) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut counts = vec![0; self.tools.len()];
        for (call, ToolCall { name, arguments }) in calls.iter().enumerate() {
            let mut add = |rule, tool: Option<&str>, path: Option<&str>| {
                let (tool, path) = (tool.map(str::to_owned), path.map(str::to_owned));
                found.push(Violation { call, rule, tool, path });
            };
            if let Some(glob) = self.deny.iter().find(|glob| matches(glob, name)) {
                add("deny", Some(glob), None);
            } else if self.allow.as_ref().is_some_and(|allow| !allow.iter().any(|glob| matches(glob, name))) {
                add("allow", None, None);
            }
            if self.most.is_some_and(|most| call as u64 >= most) {
                add("maxCalls", None, None);
            }
            // Read once, and only where somebody asks.
            let mut read = None;
            for (tool, count) in self.tools.iter().zip(&mut counts).filter(|(tool, _)| matches(&tool.glob, name)) {
                *count += 1;
                let glob = Some(tool.glob.as_str());
                if tool.most.is_some_and(|most| *count > most) {
                    add("maxCalls", glob, None);
                }
                // A tool without parameters is called with nothing at all.
                let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
                for problem in tool.schema.iter().flat_map(|schema| schema.check(arguments, false)) {
                    add("schema", glob, Some(&problem.at));
                }
                if tool.rules.is_empty() {
                    continue;
                }
                let Some(arguments @ Tree::Object(_)) = read.get_or_insert_with(|| tree(arguments, MAX_DEPTH)) else {
                    add("arguments", glob, None);
                    continue;
                };
                for rule in &tool.rules {
                    let mut values = Vec::new();
                    let all = at(arguments, &rule.steps, &mut values);
                    let fits = match &rule.wanted {
                        Wanted::Present => all && !values.is_empty() && !values.iter().any(|v| matches!(v, Tree::Null)),
                        wanted => values.iter().all(|value| fits(wanted, value)),
                    };
                    if !fits {
                        add(rule.wanted.as_str(), glob, Some(&rule.shown));
                    }
                }
            }
        }
        found
    }
}

/// Collects the values that a path leads to; of a list at its end, every item. Says whether it led somewhere on every way.
fn at<'t, 'a>(value: &'t Tree<'a>, steps: &[String], values: &mut Vec<&'t Tree<'a>>) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        match value {
            Tree::List(items) if !items.is_empty() => {
                for item in items {
                    at(item, &[], values);
                }
            }
            _ => values.push(value),
        }
        return true;
    };
    // Every one is looked at, also behind one that leads nowhere.
    let mut all = true;
    match value {
        Tree::List(items) if step == "*" => {
            for item in items {
                all &= at(item, rest, values);
            }
            all
        }
        Tree::Object(members) if step == "*" => {
            for (_, member) in members {
                all &= at(member, rest, values);
            }
            all
        }
        Tree::List(items) => match step.parse::<usize>().ok().and_then(|index| items.get(index)) {
            Some(item) => at(item, rest, values),
            None => false,
        },
        _ => value.member(step).is_some_and(|member| at(member, rest, values)),
    }
}

fn fits(wanted: &Wanted, value: &Tree<'_>) -> bool {
    let canonical = || {
        let mut text = String::new();
        value.canonical(&mut text);
        text
    };
    match (wanted, value) {
        (Wanted::Present, _) => true,
        (Wanted::OneOf(texts), _) => texts.contains(&canonical()),
        (Wanted::NoneOf(texts), _) => !texts.contains(&canonical()),
        (Wanted::Prefixes(prefixes), Tree::Text(text)) => {
            !climbs(text) && prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()))
        }
        (Wanted::NotPrefixes(prefixes), Tree::Text(text)) => {
            !prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()))
        }
        (Wanted::Matches(pattern), Tree::Text(text)) => pattern.is_match(text),
        (Wanted::NotMatches(pattern), Tree::Text(text)) => !pattern.is_match(text),
        (Wanted::Min(least), Tree::Number(number)) => Decimal::parse(number) >= *least,
        (Wanted::Max(most), Tree::Number(number)) => Decimal::parse(number) <= *most,
        (Wanted::Hosts(hosts), Tree::Text(url)) => {
            host(url).is_some_and(|host| hosts.iter().any(|pattern| is_of(&host, pattern)))
        }
        (Wanted::NotHosts(hosts), Tree::Text(url)) => {
            host(url).is_some_and(|host| !hosts.iter().any(|pattern| is_of(&host, pattern)))
        }
        // Of another type: the rule is about something that it is not.
        _ => false,
    }
}

/// Whether a path leaves the folder that it begins with: `..` between slashes of either kind, also percent-encoded.
fn climbs(path: &str) -> bool {
    let plain = path.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%2F", "/");
    plain.replace("%5c", "/").replace("%5C", "/").split(['/', '\\']).any(|part| part == "..")
}

fn is_glob(text: &str) -> bool {
    !text.is_empty()
}

/// Whether a name fits a pattern, in which `*` stands for any characters.
fn matches(glob: &str, name: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    // The first place where a part fits leaves the most to the others.
    for part in parts.filter(|part| !part.is_empty()) {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
