use proptest::prelude::*;

use super::*;

fn broken(options: &str, calls: &[(&str, &str)]) -> Vec<String> {
    let calls: Vec<_> = calls.iter().map(|(name, arguments)| ToolCall { name, arguments }).collect();
    let found = Policy::parse(options).unwrap_or_else(|error| panic!("{options}: {error:?}")).check(&calls);
    let shown = |one: Violation| {
        let path = one.path.unwrap_or_default();
        format!("{} {} {} {path}", one.call, one.rule, one.tool.unwrap_or_default()).trim_end().to_owned()
    };
    found.into_iter().map(shown).collect()
}

#[test]
fn names() {
    let options = r#"{"allow":["get_*","search"],"deny":["*_secret"]}"#;
    assert_eq!(broken(options, &[("get_weather", ""), ("search", "{}")]), Vec::<String>::new());
    assert_eq!(
        broken(options, &[("searching", ""), ("get_secret", ""), ("", ""), ("Search", "")]),
        ["0 allow", "1 deny *_secret", "2 allow", "3 allow"]
    );
    assert_eq!(broken(r#"{"allow":[]}"#, &[("any", "")]), ["0 allow"]);
    assert_eq!(broken("{}", &[("any", "no JSON")]), Vec::<String>::new());
    for (glob, name, expected) in [
        ("*", "", true),
        ("a*", "a", true),
        ("a*b*c", "a__b__c", true),
        ("a*b*c", "acb", false),
        ("a*bc*c", "abcbc", true),
        ("a*a", "a", false),
        ("**x", "x", true),
        ("a", "ab", false),
        ("", "", true),
    ] {
        assert_eq!(matches(glob, name), expected, "{glob} {name}");
    }
}

#[test]
fn counts() {
    let options = r#"{"maxCalls":3,"tools":{"send_*":{"maxCalls":1}}}"#;
    assert_eq!(
        broken(options, &[("a", ""), ("send_mail", ""), ("send_sms", ""), ("b", "")]),
        ["2 maxCalls send_*", "3 maxCalls"]
    );
    assert_eq!(broken(r#"{"maxCalls":0}"#, &[("a", "")]), ["0 maxCalls"]);
}

#[test]
fn arguments() {
    let rule = |rule: &str| format!(r#"{{"tools":{{"t":{{"arguments":{{"x":{rule}}}}}}}}}"#);
    for (wanted, fitting, others) in [
        (r#"{"required":true}"#, &[r#"{"x":0}"#, r#"{"x":""}"#][..], &["", "{}", r#"{"x":null}"#][..]),
        (
            r#"{"oneOf":["a",1,null]}"#,
            &[r#"{"x":"a"}"#, r#"{"x":1.0}"#, r#"{"x":null}"#, "{}"],
            &[r#"{"x":"A"}"#, r#"{"x":"1"}"#, r#"{"x":["a","b"]}"#],
        ),
        (r#"{"noneOf":["root"]}"#, &[r#"{"x":"me"}"#, "{}"], &[r#"{"x":"r\u006fot"}"#, r#"{"x":["me","root"]}"#]),
        (
            r#"{"prefixes":["/data/","s3://mine/"]}"#,
            &[r#"{"x":"/data/a"}"#, r#"{"x":["/data/a","s3://mine/b"]}"#, r#"{"x":"/data/a..b"}"#],
            &[
                r#"{"x":"/etc"}"#,
                r#"{"x":"/data/../etc"}"#,
                r#"{"x":"/data/%2e%2E%2fetc"}"#,
                r#"{"x":"/data/..\\x"}"#,
                r#"{"x":5}"#,
                r#"{"x":{}}"#,
            ],
        ),
        (r#"{"notPrefixes":["/etc"]}"#, &[r#"{"x":"/data"}"#], &[r#"{"x":"/etc/passwd"}"#, r#"{"x":1}"#]),
        (
            r#"{"matches":"[a-z]+|7"}"#,
            &[r#"{"x":"abc"}"#, r#"{"x":"7"}"#],
            &[
                r#"{"x":"abc;"}"#,
                r#"{"x":"a
b"}"#,
                r#"{"x":""}"#,
                r#"{"x":7}"#,
            ],
        ),
        (
            r#"{"notMatches":"[;|&]"}"#,
            &[r#"{"x":"ls"}"#],
            &[r#"{"x":"ls; rm"}"#, r#"{"x":["a","b|c"]}"#, r#"{"x":{}}"#],
        ),
        (
            r#"{"min":1,"max":10.5}"#,
            &[r#"{"x":1}"#, r#"{"x":10.50}"#],
            &[r#"{"x":0.99}"#, r#"{"x":1e2}"#, r#"{"x":"5"}"#, r#"{"x":null}"#],
        ),
        (
            r#"{"hosts":["API.example.com","*.example.org"]}"#,
            &[r#"{"x":"https://api.example.com/a"}"#, r#"{"x":"http://a.example.org:1/"}"#],
            &[
                r#"{"x":"https://example.com"}"#,
                r#"{"x":"https://api.example.com@evil.com"}"#,
                r#"{"x":"api.example.com"}"#,
                r#"{"x":["https://evil.com"]}"#,
            ],
        ),
        (
            r#"{"notHosts":["evil.com"]}"#,
            &[r#"{"x":"https://good.com"}"#],
            &[r#"{"x":"https://EVIL.com./"}"#, r#"{"x":"evil.com"}"#],
        ),
    ] {
        for text in fitting {
            assert_eq!(broken(&rule(wanted), &[("t", text)]), Vec::<String>::new(), "{wanted} {text}");
        }
        for text in others {
            assert!(!broken(&rule(wanted), &[("t", text)]).is_empty(), "{wanted} {text}");
        }
        // What can't be read breaks every rule that looks at it; of another tool it is nobody's business.
        for text in ["{", "[]", "5", r#"{"x":1,"x":2}"#] {
            assert_eq!(broken(&rule(wanted), &[("t", text)]), ["0 arguments t"], "{wanted} {text}");
        }
        assert_eq!(broken(&rule(wanted), &[("u", "{")]), Vec::<String>::new());
    }
}

#[test]
fn paths() {
    let options = r#"{"tools":{"t":{"arguments":{"/to/*/mail":{"required":true,"oneOf":["a"]},"/o~1p":{"max":1},"/l/0":{"max":1}}}}}"#;
    assert_eq!(broken(options, &[("t", r#"{"to":[{"mail":"a"}],"o/p":1,"l":[1,5]}"#)]), Vec::<String>::new());
    assert_eq!(
        broken(options, &[("t", r#"{"to":[{"mail":"a"},{"mail":"b"}],"o/p":2,"l":[2]}"#)]),
        ["0 oneOf t /to/*/mail", "0 max t /o~1p", "0 max t /l/0"]
    );
    assert_eq!(broken(options, &[("t", r#"{"to":[{"mail":"a"},{}]}"#)]), ["0 required t /to/*/mail"]);
    assert_eq!(broken(options, &[("t", "{}")]), ["0 required t /to/*/mail"]);
}

#[test]
fn schemas() {
    let options =
        r#"{"tools":{"t":{"schema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}}}"#;
    assert_eq!(broken(options, &[("t", r#"{"n":1}"#)]), Vec::<String>::new());
    assert_eq!(
        broken(options, &[("t", r#"{"n":"secret"}"#), ("t", ""), ("t", "x")]),
        ["0 schema t /n", "1 schema t /n", "2 schema t"]
    );
}

#[test]
fn options_that_are_wrong_are_refused() {
    for (options, message) in [
        (
            r#"{"allowed":[]}"#,
            r#"cannot read tool policy options: expected one of allow, deny, maxCalls, tools, found unknown option "allowed""#,
        ),
        (
            r#"{"allow":"a"}"#,
            "cannot read tool policy options: expected allow to be a list of names or patterns, found a string",
        ),
        (
            r#"{"deny":[""]}"#,
            "cannot read tool policy options: expected deny to be a list of names or patterns, found an array",
        ),
        (r#"{"maxCalls":null}"#, "cannot read tool policy options: expected maxCalls to be a value, found null"),
        (
            r#"{"maxCalls":1.5}"#,
            "cannot read tool policy options: expected maxCalls to be a whole number of at least 0, found a number",
        ),
        (
            r#"{"tools":{"t":{"args":{}}}}"#,
            r#"cannot read the rules of tool t: expected one of maxCalls, schema, arguments, found unknown option "args""#,
        ),
        (r#"{"tools":{"t":{"schema":{"type":"x"}}}}"#, "cannot read schema: expected one or more of"),
        (
            r#"{"tools":{"t":{"arguments":{"x":{"minimum":1}}}}}"#,
            "cannot read the rules of argument x: expected one of required, oneOf",
        ),
        (
            r#"{"tools":{"t":{"arguments":{"x":{"max":"1"}}}}}"#,
            "cannot read tool policy options: expected max of argument x to be a number, found a string",
        ),
        (
            r#"{"tools":{"t":{"arguments":{"x":{"oneOf":[]}}}}}"#,
            "cannot read tool policy options: expected oneOf of argument x to be a list of values, found an array",
        ),
        (
            r#"{"tools":{"t":{"arguments":{"x":{"hosts":["https://a.com/"]}}}}}"#,
            "cannot read tool policy options: expected hosts of argument x to be a list of hosts, without scheme and path, found an array",
        ),
        ("[]", "cannot read tool policy options: expected tool policy options to be an object, found an array"),
    ] {
        let error = Policy::parse(options).unwrap_err();
        assert!(error.message().starts_with(message), "{options}: {}", error.message());
    }
}

proptest! {
    #[test]
    fn a_pattern_fits_what_it_was_made_from(parts in prop::collection::vec("[ab]{0,3}", 1..5), filling in prop::collection::vec("[ab]{0,3}", 4)) {
        let glob = parts.join("*");
        let mut name = String::new();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                name.push_str(&filling[at - 1]);
            }
            name.push_str(part);
        }
        prop_assert!(matches(&glob, &name), "{} {}", glob, name);
    }

    #[test]
    fn any_call_is_judged(name in ".{0,8}", arguments in ".{0,40}") {
        let options = r#"{"allow":["a*"],"maxCalls":1,"tools":{"*":{"schema":{"type":"object"},"arguments":{"/a/*":{"hosts":["x.y"]}}}}}"#;
        Policy::parse(options).unwrap().check(&[ToolCall { name: &name, arguments: &arguments }]);
    }
}
