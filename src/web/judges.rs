//! Guards that judge a text or a call as a whole, handed out.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    error::{Error, Result},
    guard::{
        schema::Schema,
        tools::{Policy, ToolCall},
    },
    json::{Raw, ToJson, Writer},
};

/// A JSON Schema.
#[wasm_bindgen]
pub struct JsonSchema {
    schema: Schema,
}

#[wasm_bindgen]
impl JsonSchema {
    /// Reads a schema as JSON text.
    #[wasm_bindgen(constructor)]
    pub fn new(schema: &str, max_depth: f64) -> Result<JsonSchema> {
        // What is no whole number in the range becomes one that is refused.
        let depth = if max_depth.fract() == 0.0 { max_depth as u32 } else { 0 };
        Ok(JsonSchema { schema: Schema::parse(schema, depth)? })
    }

    /// What of a text does not fit: `{ path, keyword, expected, found }[]` as JSON text.
    pub fn check(&self, text: &str, extract: bool) -> String {
        list(self.schema.check(text, extract))
    }
}

/// A policy for calls of tools.
#[wasm_bindgen]
pub struct ToolPolicy {
    policy: Policy,
}

#[wasm_bindgen]
impl ToolPolicy {
    /// Reads a policy as JSON text.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str) -> Result<ToolPolicy> {
        Ok(ToolPolicy { policy: Policy::parse(options)? })
    }

    /// What the calls of an answer, `{ name, arguments }[]` as JSON text, break: `{ call, rule, tool?, path? }[]` as JSON text.
    pub fn check(&self, calls: &str) -> Result<String> {
        let wrong = || Error::input("cannot judge: expected calls with a name and arguments as strings");
        let read = |call: Raw<'_>| {
            let text = |key| call.member(key).and_then(Raw::to_text);
            Some((text("name")?, text("arguments")?))
        };
        let items = Raw::parse(calls).ok().and_then(Raw::items).ok_or_else(wrong)?;
        let calls = items.into_iter().map(read).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
        let calls: Vec<_> = calls.iter().map(|(name, arguments)| ToolCall { name, arguments }).collect();
        Ok(list(self.policy.check(&calls)))
    }
}

fn list<T: ToJson>(items: Vec<T>) -> String {
    let mut to = Writer::new();
    to.list(items);
    to.end()
}
