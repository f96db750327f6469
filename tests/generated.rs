//! What is generated from the core's tables is committed, and this compares it. `TOLLGATE_UPDATE=1 cargo test --test
//! generated` writes it anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use tollgate::error::{Code, WarningCode};

const HEADER: &str =
    "Generated from the tables in src/base/error.rs by `TOLLGATE_UPDATE=1 cargo test --test generated`. Do not edit.";

fn check(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("TOLLGATE_UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{} is not what the tables say: run TOLLGATE_UPDATE=1 cargo test --test generated",
        path.display()
    );
}

#[test]
fn the_typescript_codes_are_those_of_the_table() {
    let mut text = format!("// {HEADER}\n");
    text += "\n/** The stable code of an error. Rows are only ever added. */\nexport type TollgateErrorCode =\n";
    for code in Code::ALL {
        writeln!(text, "  | \"{code}\"").unwrap();
    }
    text.truncate(text.trim_end().len());
    text += ";\n\n/** The stable code of a warning. Rows are only ever added. */\nexport type WarningCode =\n";
    for code in WarningCode::ALL {
        writeln!(text, "  | \"{code}\"").unwrap();
    }
    text.truncate(text.trim_end().len());
    text += ";\n\n/** The class that carries a code. */\nexport const CLASS_OF_CODE = {\n";
    for code in Code::ALL {
        writeln!(text, "  {code}: \"{}\",", code.class()).unwrap();
    }
    text += "} as const satisfies Record<TollgateErrorCode, string>;\n";
    check("js/codes.generated.ts", &text);
}

#[test]
fn the_page_of_errors_is_the_table() {
    let mut text = format!("<!-- {HEADER} -->\n# Errors and warnings\n\n");
    text += "Every error is a `TollgateError` with a stable `code`. Codes are only ever added.\n\n| code | class | meaning |\n|---|---|---|\n";
    for code in Code::ALL {
        writeln!(text, "| `{code}` | `{}` | {} |", code.class(), code.doc()).unwrap();
    }
    text += "\nA warning is `{ code, message }`; it stops nothing.\n\n| code | area | meaning |\n|---|---|---|\n";
    for code in WarningCode::ALL {
        writeln!(text, "| `{code}` | {} | {} |", code.class(), code.doc()).unwrap();
    }
    check("docs/errors.md", &text);
}

#[test]
fn every_code_has_a_class_that_ends_in_error() {
    let classes: BTreeSet<_> = Code::ALL.iter().map(|code| code.class()).collect();
    assert!(classes.iter().all(|class| class.ends_with("Error")), "{classes:?}");
}
