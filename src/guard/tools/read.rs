//! A policy out of its options.

use super::{Policy, Rule, Tool, Wanted, is_glob};
use crate::{
    error::{Error, Result, check_keys},
    json::Raw,
    object::Object,
    regex::Regex,
    schema::{DEFAULT_DEPTH, Schema, canonical, decimal},
};

const WHAT: &str = "tool policy options";

/// The keys of a policy.
pub const KEYS: &[&str] = &["allow", "deny", "maxCalls", "tools"];
const TOOL_KEYS: &[&str] = &["maxCalls", "schema", "arguments"];
const ARGUMENT_KEYS: &[&str] = &[
    "required",
    "oneOf",
    "noneOf",
    "prefixes",
    "notPrefixes",
    "matches",
    "notMatches",
    "min",
    "max",
    "hosts",
    "notHosts",
];

/// Reads the options of a policy.
pub(super) fn policy(text: &str) -> Result<Policy> {
    let raw = Raw::parse(text).map_err(|_| Error::config(format!("cannot read {WHAT}: expected JSON")))?;
    let options = object(raw, WHAT)?;
    check_keys(WHAT, options.keys(), KEYS)?;
    let mut tools = Vec::new();
    if let Some(all) = options.get("tools") {
        for (name, tool) in object(all, "tools")?.entries() {
            tools.push(read_tool(name, tool)?);
        }
    }
    Ok(Policy {
        allow: options.get("allow").map(|list| globs(list, "allow")).transpose()?,
        deny: options.get("deny").map(|list| globs(list, "deny")).transpose()?.unwrap_or_default(),
        most: options.get("maxCalls").map(|most| whole(most, "maxCalls")).transpose()?,
        tools,
    })
}

fn read_tool(name: &str, raw: Raw<'_>) -> Result<Tool> {
    if !is_glob(name) {
        return Err(wrong("each name in tools", "a name or a pattern", "an empty one"));
    }
    let what = format!("the rules of tool {name}");
    let tool = object(raw, &what)?;
    check_keys(&what, tool.keys(), TOOL_KEYS)?;
    let schema = tool.get("schema").map(|schema| Schema::parse(schema.get(), DEFAULT_DEPTH)).transpose()?;
    let mut rules = Vec::new();
    if let Some(arguments) = tool.get("arguments") {
        for (path, argument) in object(arguments, &what)?.entries() {
            read_argument(path, argument, &mut rules)?;
        }
    }
    let most = tool.get("maxCalls").map(|most| whole(most, "maxCalls")).transpose()?;
    Ok(Tool { glob: name.to_owned(), most, schema, rules })
}

fn read_argument(path: &str, raw: Raw<'_>, rules: &mut Vec<Rule>) -> Result<()> {
    let what = format!("the rules of argument {path}");
    let argument = object(raw, &what)?;
    check_keys(&what, argument.keys(), ARGUMENT_KEYS)?;
    // A pointer, or for short the name of an argument.
    let steps: Vec<String> = match path.strip_prefix('/') {
        Some(pointer) => pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect(),
        None => vec![path.to_owned()],
    };
    for (keyword, value) in argument.entries() {
        let expected = |expected: &str| wrong(&format!("{keyword} of argument {path}"), expected, value.kind());
        let texts = || {
            let texts = value.items().and_then(|items| items.into_iter().map(Raw::to_text).collect::<Option<Vec<_>>>());
            texts.filter(|texts| !texts.is_empty()).ok_or_else(|| expected("a list of strings"))
        };
        let values = || {
            let items = value.items().filter(|items| !items.is_empty()).ok_or_else(|| expected("a list of values"))?;
            items
                .into_iter()
                .map(|item| canonical(item).ok_or_else(|| expected("a list of values")))
                .collect::<Result<Vec<_>>>()
        };
        let hosts = || {
            let lower = texts()?.into_iter().map(|host| host.to_ascii_lowercase()).collect::<Vec<_>>();
            let fits = |host: &String| {
                host.bytes().all(|byte| byte > b' ' && !matches!(byte, b'/' | b'@' | b'\\' | b'?' | b'#'))
            };
            if lower.iter().all(fits) { Ok(lower) } else { Err(expected("a list of hosts, without scheme and path")) }
        };
        let pattern = || value.to_text().ok_or_else(|| expected("a pattern"));
        let of = format!("{keyword} of argument {path}");
        let number = || decimal(value).ok_or_else(|| expected("a number"));
        let wanted = match keyword {
            "required" => match value.bool() {
                Some(true) => Wanted::Present,
                Some(false) => continue,
                None => return Err(expected("true or false")),
            },
            "oneOf" => Wanted::OneOf(values()?),
            "noneOf" => Wanted::NoneOf(values()?),
            "prefixes" => Wanted::Prefixes(texts()?),
            "notPrefixes" => Wanted::NotPrefixes(texts()?),
            "matches" => Wanted::Matches(Regex::whole(&pattern()?, "", &of)?),
            "notMatches" => Wanted::NotMatches(Regex::new(&pattern()?, "", &of)?),
            "min" => Wanted::Min(number()?),
            "max" => Wanted::Max(number()?),
            "hosts" => Wanted::Hosts(hosts()?),
            _ => Wanted::NotHosts(hosts()?),
        };
        rules.push(Rule { steps: steps.clone(), shown: path.to_owned(), wanted });
    }
    Ok(())
}

fn object<'a>(raw: Raw<'a>, what: &str) -> Result<Object<'a>> {
    let object = Object::of(raw).ok_or_else(|| wrong(what, "an object", raw.kind()))?;
    // A limit that is null, as JSON writes NaN, would be no limit at all.
    if let Some((key, _)) = object.entries().find(|(_, value)| value.is_null()) {
        return Err(wrong(key, "a value", "null"));
    }
    Ok(object)
}

fn globs(raw: Raw<'_>, key: &str) -> Result<Vec<String>> {
    let globs = raw.items().and_then(|items| items.into_iter().map(Raw::to_text).collect::<Option<Vec<_>>>());
    globs
        .filter(|globs| globs.iter().all(|glob| is_glob(glob)))
        .ok_or_else(|| wrong(key, "a list of names or patterns", raw.kind()))
}

fn whole(raw: Raw<'_>, key: &str) -> Result<u64> {
    raw.whole().ok_or_else(|| wrong(key, "a whole number of at least 0", raw.kind()))
}

fn wrong(key: &str, expected: &str, found: &str) -> Error {
    Error::config(format!("cannot read {WHAT}: expected {key} to be {expected}, found {found}"))
}
