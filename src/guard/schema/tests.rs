use proptest::prelude::*;

use super::*;

/// Each schema with texts that fit, and texts that don't.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const TABLE: &[Row] = &[
    ("true", &["1", "null", "{}"], &["", "nothing", "{", "1 2"]),
    ("false", &[], &["1", "null"]),
    ("{}", &["1", r#""x""#], &[]),
    (r#"{"type":"integer"}"#, &["1", "1.0", "-0", "1e3", "120e-1"], &["1.1", r#""1""#, "true", "null", "[]"]),
    (r#"{"type":"number"}"#, &["1", "1.1", "-1e-400"], &[r#""1""#, "true"]),
    (r#"{"type":"boolean"}"#, &["true", "false"], &["0", r#""true""#, "null"]),
    (r#"{"type":["string","null"]}"#, &[r#""""#, "null"], &["0", "{}"]),
    (r#"{"type":"object"}"#, &["{}"], &["[]", r#""{}""#]),
    (r#"{"type":"array"}"#, &["[]"], &["{}"]),
    // Values are equal by what they mean.
    (r#"{"const":{"a":[1,{"b":null}]}}"#, &[r#"{"a":[1.0,{"b":null}]}"#], &[r#"{"a":[1,{"b":0}]}"#, "null"]),
    (r#"{"const":false}"#, &["false"], &["0", "[]", r#""""#]),
    (r#"{"const":null}"#, &["null"], &["0", r#""null""#]),
    (r#"{"const":9007199254740993}"#, &["9007199254740993"], &["9007199254740992"]),
    (r#"{"enum":[1,"1",[true],{"x":1,"y":2}]}"#, &["1e0", r#""\u0031""#, "[true]", r#"{"y":2,"x":1}"#], &["[1]", "2"]),
    // Numbers are decimals.
    (r#"{"minimum":1.1}"#, &["1.1", "2.6", "1e400", r#""x""#], &["0.6", "-1e400", "1.0999999999999999999999"]),
    (r#"{"exclusiveMinimum":1.1}"#, &["1.2", "1.10000000000000000000001"], &["1.1", "1.10"]),
    (r#"{"maximum":300}"#, &["300.00", "-5", "{}"], &["300.5", "1e3"]),
    (r#"{"exclusiveMaximum":3.0}"#, &["2.2"], &["3", "3.5"]),
    (r#"{"multipleOf":0.01}"#, &["4.35", "1.1", "0", "-0.07"], &["0.001", "4.355"]),
    (r#"{"multipleOf":2}"#, &["10", r#""foo""#, "1e300"], &["7", "2.5"]),
    // Strings, by characters.
    (r#"{"minLength":2}"#, &[r#""fo""#, "1"], &[r#""f""#, r#""💩""#]),
    (r#"{"maxLength":2}"#, &[r#""💩\uD83D\uDCA9""#], &[r#""foo""#]),
    (r#"{"format":"email"}"#, &[r#""no address""#], &[]),
    // Objects.
    (
        r#"{"properties":{"foo":{"type":"integer"},"bar":{"type":"string"}}}"#,
        &[r#"{"foo":1,"bar":"baz"}"#, r#"{"quux":[]}"#, "[]", "12"],
        &[r#"{"foo":1,"bar":{}}"#, r#"{"foo":[],"bar":{}}"#],
    ),
    (
        r#"{"properties":{"foo":{}},"additionalProperties":false}"#,
        &[r#"{"foo":1}"#, "{}", r#""foobar""#],
        &[r#"{"foo":1,"quux":1}"#, r#"{"Foo":1}"#],
    ),
    (
        r#"{"properties":{"foo":{}},"additionalProperties":{"type":"boolean"}}"#,
        &[r#"{"foo":1,"x":true}"#],
        &[r#"{"foo":1,"x":1}"#],
    ),
    (r#"{"additionalProperties":{"type":"boolean"}}"#, &[r#"{"foo":true}"#], &[r#"{"foo":1}"#]),
    (r#"{"properties":{"__proto__":{"type":"number"}}}"#, &[r#"{"__proto__":1}"#], &[r#"{"__proto__":"x"}"#]),
    (r#"{"required":["a","a/b","\""]}"#, &[r#"{"a":null,"a/b":1,"\"":2}"#, "[]"], &["{}", r#"{"a":1,"b":2}"#]),
    (r#"{"required":["toString"]}"#, &[r#"{"toString":1}"#], &["{}"]),
    (r#"{"minProperties":1,"maxProperties":2}"#, &[r#"{"a":1}"#, "[]"], &["{}", r#"{"a":1,"b":2,"c":3}"#]),
    (r#"{"propertyNames":{"maxLength":3}}"#, &["{}", r#"{"foo":1}"#], &[r#"{"foo":1,"foobar":2}"#]),
    (r#"{"dependentRequired":{"a":["b"]}}"#, &["{}", r#"{"a":1,"b":2}"#, r#"{"b":2}"#], &[r#"{"a":1}"#]),
    (
        r#"{"dependentSchemas":{"a":{"properties":{"b":{"type":"integer"}}}}}"#,
        &[r#"{"b":"x"}"#, r#"{"a":1,"b":2}"#],
        &[r#"{"a":1,"b":"x"}"#],
    ),
    (r#"{}"#, &[], &[r#"{"a":1,"a":2}"#]),
    // Arrays.
    (r#"{"items":{"type":"integer"}}"#, &["[1,2,3]", "[]", r#"{"foo":"bar"}"#], &[r#"[1,"x"]"#]),
    (r#"{"items":false}"#, &["[]"], &["[1]"]),
    (
        r#"{"prefixItems":[{"type":"integer"},{"type":"string"}]}"#,
        &["[]", "[1]", r#"[1,"foo"]"#, r#"[1,"foo",true]"#],
        &[r#"["foo",1]"#],
    ),
    (r#"{"prefixItems":[{}],"items":false}"#, &["[1]"], &["[1,2]"]),
    (r#"{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}"#, &[r#"["x",2,3]"#], &[r#"["x",2,"y"]"#]),
    (r#"{"minItems":1,"maxItems":2}"#, &["[1]", "[1,2]", r#""""#], &["[]", "[1,2,3]"]),
    (
        r#"{"uniqueItems":true}"#,
        &["[1,2]", "[1,true]", "[0,false]", r#"[{"a":1},{"a":2}]"#, r#"[[1],["1"]]"#],
        &["[1,1]", "[1.0,1.00,1]", r#"[{"a":1,"b":2},{"b":2,"a":1}]"#, "[[1],[1]]"],
    ),
    (r#"{"uniqueItems":false}"#, &["[1,1]"], &[]),
    (r#"{"contains":{"minimum":5}}"#, &["[3,5]", "{}"], &["[]", "[2,3]"]),
    (r#"{"contains":{"const":1},"minContains":0}"#, &["[]", "[2]"], &[]),
    (r#"{"contains":{"const":1},"minContains":2,"maxContains":3}"#, &["[1,1]", "[1,2,1,1]"], &["[1]", "[1,1,1,1]"]),
    // Combined.
    (r#"{"allOf":[{"minimum":1},{"maximum":5}]}"#, &["3"], &["0", "6"]),
    (r#"{"anyOf":[{"type":"integer"},{"minimum":2}]}"#, &["1", "2.5", "3"], &["1.5"]),
    (r#"{"oneOf":[{"type":"integer"},{"minimum":2}]}"#, &["1", "2.5"], &["3", "1.5"]),
    (r#"{"not":{"type":"integer"}}"#, &[r#""foo""#], &["1"]),
    (r#"{"not":{}}"#, &[], &["1", "{}"]),
    (r#"{"not":{"not":{}}}"#, &["1"], &[]),
    (r#"{"if":{"exclusiveMaximum":0},"then":{"minimum":-10},"else":{"multipleOf":2}}"#, &["-1", "4"], &["-100", "3"]),
    (r#"{"then":{"const":0}}"#, &["1"], &[]),
    // References.
    (
        r##"{"properties":{"foo":{"$ref":"#"}},"additionalProperties":false}"##,
        &[r#"{"foo":{"foo":false}}"#],
        &[r#"{"bar":1}"#, r#"{"foo":{"bar":1}}"#],
    ),
    (
        r##"{"$defs":{"a":{"type":"integer"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/b","maximum":5}"##,
        &["5"],
        &[r#""a""#, "6"],
    ),
    (
        r##"{"$defs":{"tilde~f":{"type":"integer"},"sl/ash":{"type":"integer"},"per%cent":{"type":"integer"}},"properties":{"a":{"$ref":"#/$defs/tilde~0f"},"b":{"$ref":"#/$defs/sl~1ash"},"c":{"$ref":"#/$defs/per%25cent"}}}"##,
        &[r#"{"a":1,"b":2,"c":3}"#],
        &[r#"{"a":"x"}"#, r#"{"b":"x"}"#, r#"{"c":"x"}"#],
    ),
    (r##"{"$id":"https://example.com/s","$ref":"https://example.com/s#/$defs/a","$defs":{"a":false}}"##, &[], &["1"]),
    (
        r##"{"definitions":{"node":{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#/definitions/node"},{"type":"null"}]}},"required":["next"],"additionalProperties":false}},"$ref":"#/definitions/node"}"##,
        &[r#"{"next":{"next":{"next":null}}}"#],
        &[r#"{"next":{"next":{}}}"#, r#"{"next":1}"#],
    ),
];

#[test]
fn what_fits_and_what_does_not() {
    for (schema, fitting, others) in TABLE {
        let parsed = Schema::parse(schema, DEFAULT_DEPTH).unwrap_or_else(|error| panic!("{schema}: {error:?}"));
        for text in *fitting {
            assert_eq!(parsed.check(text, false), [], "{schema} {text}");
        }
        for text in *others {
            assert!(!parsed.check(text, false).is_empty(), "{schema} {text}");
        }
    }
}

fn problems(schema: &str, text: &str) -> Vec<String> {
    let found = Schema::parse(schema, DEFAULT_DEPTH).unwrap().check(text, false);
    found.into_iter().map(|one| format!("{} {}: {}, not {}", one.at, one.keyword, one.expected, one.found)).collect()
}

#[test]
fn problems_say_where_and_what_and_never_a_value() {
    let schema = r#"{"type":"object","required":["name","tags"],"additionalProperties":false,"properties":{
        "name":{"type":"string","maxLength":3},"tags":{"type":"array","items":{"enum":["a","b"]}},"n":{"type":"integer","minimum":5}}}"#;
    assert_eq!(
        problems(schema, r#"{"name":"secret","tagz":1,"tags":["a","hidden"],"n":1.5}"#),
        [
            r#"/n type: integer, not a number with a fraction"#,
            r#"/n minimum: a number of at least 5, not a number with a fraction"#,
            r#"/name maxLength: at most 3 characters, not 6"#,
            r#"/tags/1 enum: one of "a", "b", not a string"#,
            r#"/* additionalProperties: only names that the schema knows, not another"#,
        ]
    );
    assert_eq!(problems(schema, "{}"), ["/name required: a value, not none", "/tags required: a value, not none"]);
    assert_eq!(problems(schema, "[]"), [" type: object, not an array"]);
    assert_eq!(problems(schema, "{\n \"name\": oops}"), [" json: JSON, not a text with an error at line 2 column 10"]);
    assert_eq!(problems(schema, " "), [" json: JSON, not nothing"]);
}

#[test]
fn of_alternatives_the_one_that_was_meant_says_what_is_wrong() {
    let nullable = r#"{"properties":{"to":{"anyOf":[{"type":"object","required":["mail"]},{"type":"null"}]}}}"#;
    assert_eq!(problems(nullable, r#"{"to":{}}"#), ["/to/mail required: a value, not none"]);
    assert_eq!(problems(nullable, r#"{"to":5}"#), ["/to anyOf: one of 2 alternatives, not an integer"]);
    let tagged = r#"{"oneOf":[
        {"properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind"]},
        {"properties":{"kind":{"const":"b"},"y":{"type":"integer"}},"required":["kind","y"]}]}"#;
    assert_eq!(problems(tagged, r#"{"kind":"b","y":"z"}"#), ["/y type: integer, not a string"]);
    assert_eq!(problems(r#"{"oneOf":[{},{}]}"#, "1"), [" oneOf: exactly one of 2 alternatives, not 2 that fit"]);
}

#[test]
fn schemas_that_cannot_be_checked_are_refused() {
    for (schema, message) in [
        ("{oops", "cannot read schema: expected JSON, found an error at line 1 column 2"),
        ("5", "cannot read schema: expected a schema, found a number"),
        (
            r#"{"type":"text"}"#,
            "cannot read schema: expected one or more of null, boolean, integer, number, string, array, object at /type, found another",
        ),
        (
            r#"{"properties":{"a":{"minimun":1}}}"#,
            r#"cannot read schema: expected keywords that can be checked at /properties/a, found "minimun"; known are "#,
        ),
        (
            r#"{"pattern":"a(?=b)"}"#,
            "cannot read the pattern at /pattern: expected no look-around, which takes more than linear time (match what stands there as well, or use another pattern for it) at offset 1, found (?=",
        ),
        (
            r#"{"patternProperties":{"(":{}}}"#,
            "cannot read the pattern at /patternProperties/(: expected a group that is closed at offset 0, found one that is not",
        ),
        (r#"{"unevaluatedProperties":false}"#, "cannot read schema: expected keywords that can be checked"),
        (
            r#"{"items":[{}]}"#,
            "cannot read schema: expected one schema (a list is called prefixItems) at /items, found an array",
        ),
        (
            r#"{"minLength":-1}"#,
            "cannot read schema: expected a whole number of at least 0 at /minLength, found a negative number",
        ),
        (
            r#"{"multipleOf":0}"#,
            "cannot read schema: expected a number above 0 with at most 19 digits at /multipleOf, found another",
        ),
        (r#"{"enum":[]}"#, "cannot read schema: expected a list of values at /enum, found an array"),
        (r#"{"minimum":null}"#, "cannot read schema: expected a value at /minimum, found null"),
        (
            r##"{"$ref":"#/nowhere"}"##,
            "cannot read schema: expected a reference inside this schema, such as #/$defs/name at /$ref, found another",
        ),
        (r#"{"$ref":"https://example.com/other"}"#, "cannot read schema: expected a reference inside this schema"),
        (r##"{"$ref":"#"}"##, "cannot read schema: expected references that come to an end, found a circle of them"),
        (
            r##"{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}}"##,
            "cannot read schema: expected references that come to an end",
        ),
        (r#"{"$defs":{"unused":{"type":"x"}}}"#, "cannot read schema: expected one or more of"),
        (
            r#"{"$schema":"http://json-schema.org/draft-04/schema#"}"#,
            "cannot read schema: expected one of https://json-schema.org/draft/2020-12/schema",
        ),
        (
            r#"{"type":"object","type":"array"}"#,
            "cannot read schema: expected each name once in an object, found one twice",
        ),
    ] {
        let error = Schema::parse(schema, DEFAULT_DEPTH).unwrap_err();
        assert!(error.message().starts_with(message), "{schema}: {}", error.message());
    }
    let deep = format!("{}{}{}", r#"{"not":"#.repeat(70), "{}", "}".repeat(70));
    assert!(Schema::parse(&deep, DEFAULT_DEPTH).unwrap_err().message().contains("at most 64 levels"));
    assert!(Schema::parse("{}", 0).is_err() && Schema::parse("{}", 129).is_err());
}

#[test]
fn nothing_takes_for_ever() {
    // Each level doubles the ways: sixty of them were more than any machine has time for.
    let twice = r##"{"properties":{"x":{"anyOf":[{"$ref":"#/allOf/0"},{"$ref":"#/allOf/0"}]}},"required":["x"]}"##;
    let schema = Schema::parse(&format!(r##"{{"allOf":[{twice}]}}"##), DEFAULT_DEPTH).unwrap();
    let text = format!("{}{{}}{}", r#"{"x":"#.repeat(60), "}".repeat(60));
    assert!(!schema.check(&text, false).is_empty());
    // A long array is no deep one.
    let long = format!("[{}0]", "0,".repeat(200_000));
    assert_eq!(Schema::parse(r#"{"items":{"type":"integer"}}"#, 1).unwrap().check(&long, false), []);
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(Schema::parse("{}", DEFAULT_DEPTH).unwrap().check(&deep, false)[0].keyword, "maxDepth");
    // At most twenty are told.
    let many = format!("[{}\"\"]", "\"\",".repeat(500));
    assert_eq!(Schema::parse(r#"{"items":{"type":"integer"}}"#, 8).unwrap().check(&many, false).len(), 20);
}

#[test]
fn json_is_found_within_text() {
    for (text, found) in [
        ("Here you are:\n```json\n{\"a\": 1}\n```\nBye {", Some("{\"a\": 1}")),
        ("```\n[1]\n```", Some("[1]")),
        ("``` {\"a\":2} ```", Some("{\"a\":2}")),
        ("```js\nlet a;\n``` and\n```json\n{}\n```", Some("{}")),
        ("The answer is {\"a\":{\"b\":[1]}}. Fine?", Some("{\"a\":{\"b\":[1]}}")),
        ("[1, 2", None),
        ("none", None),
        ("} {", None),
    ] {
        assert_eq!(find(text).map(Raw::get), found, "{text}");
    }
    let schema = Schema::parse(r#"{"required":["a"]}"#, DEFAULT_DEPTH).unwrap();
    assert_eq!(schema.check("Sure: {\"a\":1}", true), []);
    assert_eq!(schema.check("Sure: {\"a\":1}", false)[0].keyword, "json");
    assert_eq!(schema.check("Sure: {\"b\":1}", true)[0].at, "/a");
}

/// Any JSON, small.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        (-1000i32..1000, 0u8..4).prop_map(|(digits, places)| format!("{digits}e-{places}")),
        "[a-z~/\"\\\\é]{0,5}".prop_map(|text| crate::json::quote(&text)),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..5).prop_map(|members| {
                let members = members.into_iter().map(|(name, value)| format!("{}:{value}", crate::json::quote(&name)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn laws_of_alternatives(a in json(), b in json()) {
        let fits = |schema: String, text: &str| Schema::parse(&schema, DEFAULT_DEPTH).unwrap().check(text, false).is_empty();
        let equal = fits(format!(r#"{{"const":{a}}}"#), &b);
        let same = fits(format!(r#"{{"const":{a}}}"#), &a);
        prop_assert!(same);
        prop_assert_eq!(fits(format!(r#"{{"enum":[{a}]}}"#), &b), equal);
        prop_assert_eq!(fits(format!(r#"{{"not":{{"const":{a}}}}}"#), &b), !equal);
        prop_assert_eq!(fits(r#"{"uniqueItems":true}"#.to_owned(), &format!("[{a},{b}]")), !equal);
        let either = fits(format!(r#"{{"anyOf":[{{"const":{a}}},{{"const":{b}}}]}}"#), &b);
        prop_assert!(either);
        prop_assert_eq!(fits(format!(r#"{{"oneOf":[{{"const":{a}}},{{"const":{b}}}]}}"#), &b), !equal);
        prop_assert_eq!(fits(format!(r#"{{"items":{{"const":{a}}}}}"#), &format!("[{b},{b}]")), equal);
        prop_assert_eq!(fits(format!(r##"{{"$defs":{{"a":{{"const":{a}}}}},"$ref":"#/$defs/a"}}"##), &b), equal);
    }

    #[test]
    fn any_schema_and_any_text_are_answered(schema in json(), text in ".{0,40}", value in json()) {
        if let Ok(schema) = Schema::parse(&schema, DEFAULT_DEPTH) {
            schema.check(&text, true);
            schema.check(&value, false);
        }
    }
}
