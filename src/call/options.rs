//! What a call is made from, beside its request.

use crate::{
    error::{Error, Result},
    json::Json,
    ledger::Scope,
    provider::{format::Format, http::Backoff},
};

/// What bounds the output of a request that names no maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputBound {
    /// A maximum is written into the request, where a budget applies that can refuse.
    #[default]
    Inject,
    /// The request goes as it is; the model's own maximum is reserved.
    Model,
    /// As [`OutputBound::Model`]; where a budget refuses that, the maximum is lowered to what the budget can pay for.
    Clamp,
}

impl OutputBound {
    /// The bound of that name.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "inject" => Ok(Self::Inject),
            "model" => Ok(Self::Model),
            "clamp" => Ok(Self::Clamp),
            _ => {
                Err(Error::config("cannot read outputBound: expected one of inject, model, clamp, found another text"))
            }
        }
    }
}

/// What a call is made from, beside its request.
#[derive(Debug, Clone)]
pub struct Options {
    /// The request's id: the caller's own word for what may be several calls.
    pub request_id: String,
    /// What the reservations of this call's tries are named after: `<this>#<n>`. No two calls share it, whatever ids their
    /// callers give.
    pub reservation_id: String,
    /// Whose call it is.
    pub agent_id: String,
    /// In what request and answer are written.
    pub format: Format,
    /// The model, where the request does not name it: its URL does.
    pub model: Option<String>,
    /// Whether that is what a deployment is of, as the application says: then it is what is priced, whatever the answer says.
    pub is_mapped: bool,
    /// Whether the URL asks for a stream, where it says so and the request does not.
    pub stream: Option<bool>,
    /// Whether the answer goes on as it came, to who asked for a `fetch`: then a whole answer is as good as the stream that was
    /// asked for.
    pub raw: bool,
    /// Who answers.
    pub provider: String,
    /// The region that serves; `None` where nobody says, and so the dearest is reserved.
    pub region: Option<String>,
    /// Whose money it spends.
    pub scopes: Vec<Scope>,
    /// The caller's own notes for the record: a JSON object as text.
    pub metadata: Option<Json>,
    /// Whether guardrails look at input and output.
    pub guard: bool,
    /// Whether costs are estimated and recorded.
    pub costs: bool,
    /// Whether a reservation is made.
    pub budgets: bool,
    /// Whether records are stored.
    pub records: bool,
    /// The maximum that [`OutputBound::Inject`] writes.
    pub default_max_output: u64,
    /// What bounds an output that the request does not.
    pub output_bound: OutputBound,
    /// Whether a request that nothing bounds is sent all the same, where a budget can refuse: what it is expected to cost is
    /// reserved, and more as its stream goes on.
    pub allow_unbounded: bool,
    /// How many times a failed try is repeated.
    pub max_retries: u32,
    /// How those tries are spread.
    pub backoff: Backoff,
    /// The call's total timeout; a reservation's lease is a minute longer.
    pub timeout_ms: u64,
    /// Who is asked where this target fails: what is held covers the dearest of all.
    pub fallbacks: Vec<Fallback>,
}

/// Another target of the same request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// The model that answers there.
    pub model: String,
    /// Who answers.
    pub provider: String,
}
