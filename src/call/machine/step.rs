//! What the host has to do, and what it tells of it.

use crate::{
    budget::Unit,
    error::Error,
    guard,
    json::{Json, ToJson, Writer},
    ledger::{Record, Scope},
    money::Usd,
    price::Estimate,
    provider::text::{Role, Seam, Segments, ToolText},
    time::Instant,
    usage::Usage,
};

/// What the host has to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Run the guardrails over these texts, then [`Call::guarded`](super::Call::guarded).
    Guard {
        /// That of the request, or of the answer.
        stage: guard::Stage,
        /// What is to be judged.
        texts: ToGuard,
    },
    /// Say whether a budget binds that can refuse, by [`Call::budgeted`](super::Call::budgeted).
    Budgets {
        /// Whose money the call spends.
        scopes: Vec<Scope>,
    },
    /// Reserve, then [`Call::reserved`](super::Call::reserved).
    Reserve {
        /// The reservation's id.
        id: String,
        /// Whose money the call spends.
        scopes: Vec<Scope>,
        /// The upper bound.
        usd: Usd,
        /// That of its tokens, where there is one.
        tokens: Option<u64>,
        /// How many requests it is: a stream that asks for more is none.
        requests: u64,
        /// How long it lives.
        lease_ms: u64,
    },
    /// Call [`Call::sent`](super::Call::sent), send [`Call::body`](super::Call::body), then [`Call::responded`](super::Call::responded) or [`Call::failed`](super::Call::failed).
    Fetch,
    /// Read the whole answer, then [`Call::received`](super::Call::received) or [`Call::failed`](super::Call::failed).
    Body,
    /// Hand out the stream; feed it to [`Call::chunk`](super::Call::chunk) until it ends, then [`Call::finish`](super::Call::finish).
    Stream,
    /// Wait, then go on.
    Wait {
        /// Milliseconds.
        ms: u64,
    },
    /// Settle, and go on whatever comes of it.
    Settle {
        /// The reservation's id.
        id: String,
        /// What was spent.
        usd: Usd,
        /// The tokens that were used, where they are known.
        tokens: Option<u64>,
        /// Why it is an estimate, if it is.
        mark: Option<&'static str>,
    },
    /// Release, and go on whatever comes of it.
    Release {
        /// The reservation's id.
        id: String,
    },
    /// Store the record, and go on whatever comes of it.
    Store {
        /// The record.
        record: Box<Record>,
        /// Whether the budgets must be told: no reservation stands for it.
        charge: bool,
    },
    /// The call is over; [`Call::answer`](super::Call::answer) has the body.
    Done,
    /// The call is over with this error.
    Fail(Error),
}

/// What the guardrails are to judge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToGuard {
    /// The texts with their roles.
    pub texts: Vec<Text>,
    /// The calls of tools that an answer asks for, whole. Their arguments are among the texts too.
    pub calls: Vec<ToolText>,
    /// There is more than is held for guardrails outside: they can't judge, and each fails by its own rule.
    pub is_too_long: bool,
}

impl ToGuard {
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.calls.is_empty()
    }
}

/// A text for the guardrails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// `system`, `user`, `assistant` or `tool`.
    pub role: &'static str,
    /// The stage its detectors are chosen by.
    pub stage: guard::Stage,
    /// Whether it is not the answer itself: a refusal, or what the model thought aloud.
    pub is_aside: bool,
    /// How it stands to the text before it.
    pub seam: Seam,
}

impl ToJson for Text {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("text", &self.text);
        to.text_of("role", self.role);
        to.text_of("stage", self.stage.as_str());
        if self.is_aside {
            to.bool_of("aside", true);
        }
        match self.seam {
            Seam::Apart => {}
            // What stands behind media is read as a line of its own.
            Seam::Message | Seam::Media => to.text_of("seam", "message"),
            Seam::Part => to.text_of("seam", "part"),
        }
        to.close('}');
    }
}

impl ToJson for ToolText {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("name", &self.name);
        to.text_of("arguments", &self.arguments);
        to.close('}');
    }
}

impl Text {
    /// As the built-in detectors take it.
    pub fn source(&self) -> guard::Source<'_> {
        guard::Source {
            text: &self.text,
            stage: self.stage,
            is_system: self.role == Role::System.as_str(),
            seam: match self.seam {
                Seam::Apart => guard::Seam::Apart,
                Seam::Message => guard::Seam::Message,
                Seam::Media => guard::Seam::Media,
                Seam::Part => guard::Seam::Part,
            },
        }
    }
}

/// What the guardrails said.
#[derive(Debug, Clone, Default)]
pub struct Guarded {
    /// Whether the call may go on.
    pub passed: bool,
    /// Names of the guardrails that failed.
    pub failed: Vec<String>,
    /// The highest risk, 0 to 100.
    pub risk: f64,
    /// The texts after redaction; `None` keeps one.
    pub texts: Vec<Option<String>>,
}

/// What the budgets said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reserved {
    /// Whether the money is held.
    pub allowed: bool,
    /// For a refusal: the budget as configured, which becomes a field of the error.
    pub budget: Option<Json>,
    /// For a refusal: what the budget has left, in its unit.
    pub remaining: Usd,
    /// For a refusal: when its window ends.
    pub resets_at: Option<String>,
    /// For a refusal by a throttling budget: when to try again.
    pub retry_after_ms: Option<f64>,
}

impl Reserved {
    /// What the budget that refused counts.
    pub(super) fn unit(&self) -> Unit {
        let unit = self.budget.as_ref().and_then(|budget| budget.raw().member("unit")?.text());
        unit.map_or(Unit::Usd, |name| Unit::of(&name))
    }
}

/// What a call is expected to cost.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The model as asked for.
    pub model: String,
    /// What it is expected to use: the request as sent, the output up to its maximum.
    pub usage: Usage,
    /// The cost of that.
    pub estimate: Estimate,
    /// When it was made.
    pub at: Instant,
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The host's `fetch` rejected, with this code of its cause, if it has one.
    Network {
        /// As in Node's `error.cause.code`.
        code: String,
        /// What it said.
        message: String,
    },
    /// The time was up.
    Timeout,
    /// The time was up that a try has until its answer begins.
    Late {
        /// That time.
        ms: u64,
    },
    /// The caller gave up.
    Aborted,
}

/// The texts of a body for the guardrails.
pub(super) fn to_guard(segments: &Segments, stage: guard::Stage) -> ToGuard {
    let texts = segments.list().iter().map(|segment| Text {
        text: segment.text.clone(),
        role: segment.role.as_str(),
        stage: match segment.role {
            _ if segment.in_arguments => guard::Stage::ToolCall,
            Role::Tool => guard::Stage::ToolResult,
            _ => stage,
        },
        is_aside: segment.is_aside,
        seam: segment.seam,
    });
    ToGuard { texts: texts.collect(), calls: segments.calls().to_vec(), ..ToGuard::default() }
}
