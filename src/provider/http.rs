//! What a provider's status says: the error it becomes, whether another try makes sense, whether anything can have been
//! billed.

use crate::{
    error::{Code, Error},
    json::Raw,
    provider::said::said,
};

/// What of a provider's answer decides how to go on, beside its body.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// `x-request-id`, or what else the provider calls it.
    pub request_id: Option<String>,
    /// `retry-after-ms` or `retry-after` in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// `x-should-retry`: the provider's own word.
    pub should_retry: Option<bool>,
    /// `content-type`, lower case.
    pub content_type: String,
}

/// Reads `retry-after-ms`, else `retry-after` (seconds, or an HTTP date), as milliseconds from `now_ms`.
pub fn retry_after_ms(
    milliseconds: Option<&str>,
    after: Option<&str>,
    date_ms: Option<f64>,
    now_ms: i64,
) -> Option<u64> {
    let number = |text: &str| Raw::parse(text).ok()?.number().filter(|n| *n >= 0.0);
    milliseconds
        .and_then(number)
        .or_else(|| after.and_then(number).map(|seconds| seconds * 1_000.0))
        .or_else(|| date_ms.filter(|ms| ms.is_finite()).map(|ms| (ms - now_ms as f64).max(0.0)))
        .map(|ms| ms.ceil() as u64)
}

impl Head {
    /// Whether the status is a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether an error status leaves open that the provider has run, and billed, the call: those by which a gateway says
    /// that it stopped waiting (504; 499 of nginx; 520 to 524 of Cloudflare).
    pub fn may_have_run(&self) -> bool {
        matches!(self.status, 499 | 504 | 520..=524)
    }

    /// Whether another try may succeed: 408, 409, 429 and 5xx, unless the provider says otherwise.
    pub fn is_retryable(&self) -> bool {
        self.should_retry.unwrap_or(matches!(self.status, 408 | 409 | 429 | 500..=599))
    }
}

/// Names under which hosts report that no connection was made, so that nothing can have been billed. Node's error codes
/// (`cause.code`), and undici's for a connect timeout.
pub fn never_connected(code: &str) -> bool {
    matches!(code, "ECONNREFUSED" | "ConnectionRefused" | "ENOTFOUND" | "EAI_AGAIN" | "UND_ERR_CONNECT_TIMEOUT")
        || code.starts_with("ERR_TLS_")
        || code.starts_with("CERT_")
        || matches!(
            code,
            "DEPTH_ZERO_SELF_SIGNED_CERT" | "SELF_SIGNED_CERT_IN_CHAIN" | "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
        )
}

/// How failed tries are spread over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The longest wait before the second try, in milliseconds.
    pub first_ms: f64,
    /// How much longer it may be before each further one.
    pub factor: f64,
    /// What it may never pass.
    pub most_ms: f64,
    /// The longest wait that a provider may ask for; for a longer one there is no further try.
    pub most_asked_ms: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first_ms: 500.0, factor: 2.0, most_ms: 8_000.0, most_asked_ms: 60_000.0 }
    }
}

impl Backoff {
    /// How long to wait before try number `attempt` + 1: what the provider asks for, else full jitter: any time up to a ceiling
    /// that grows with each try. `None` where the provider asks for longer than anybody waits: an earlier try would only be
    /// refused again. `random` is in 0..1.
    pub fn wait_ms(&self, attempt: u32, asked_ms: Option<u64>, random: f64) -> Option<u64> {
        match asked_ms {
            Some(ms) => (ms as f64 <= self.most_asked_ms).then_some(ms),
            None => {
                let ceiling = (1..attempt.min(64)).fold(self.first_ms, |ms, _| ms * self.factor).min(self.most_ms);
                Some((ceiling * random.clamp(0.0, 1.0)) as u64)
            }
        }
    }
}

/// The error of an answer with an error status. The body may be anything: JSON in the provider's shape, HTML, nothing.
pub fn error_from_response(provider: &str, head: &Head, body: &str) -> Error {
    let detail = Raw::parse(body).ok().and_then(|body| body.member("error"));
    let field = |name: &str| detail?.member(name)?.to_text();
    let code = match head.status {
        400 => Code::BadRequest,
        401 => Code::Authentication,
        403 => Code::PermissionDenied,
        404 if field("code").as_deref() == Some("model_not_found") => Code::ModelNotFound,
        404 => Code::NotFound,
        409 => Code::Conflict,
        422 => Code::Unprocessable,
        429 => Code::RateLimit,
        500..=599 => Code::ServerError,
        _ => Code::ApiError,
    };
    let message = field("message").or_else(|| detail?.to_text()).map_or_else(
        || {
            if body.is_empty() {
                "no body".to_owned()
            } else {
                format!("a body of {} bytes without an error message", body.len())
            }
        },
        |message| said(&message),
    );
    let mut error =
        Error::new(code, format!("{} {message}", head.status)).with("status", head.status).with("provider", provider);
    if let Some(id) = &head.request_id {
        error = error.with("requestId", id.as_str());
    }
    if let Some(ms) = head.retry_after_ms {
        error = error.with("retryAfter", ms as f64 / 1_000.0);
    }
    for (from, to) in [("type", "providerType"), ("code", "providerCode"), ("param", "param")] {
        if let Some(text) = field(from) {
            error = error.with(to, said(&text));
        }
    }
    if code == Code::ModelNotFound {
        error = error.with("resourceType", "model");
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16) -> Head {
        Head { status, ..Head::default() }
    }

    #[test]
    fn every_status_has_its_error() {
        for (status, code) in [
            (400, "bad_request"),
            (401, "authentication"),
            (403, "permission_denied"),
            (404, "not_found"),
            (409, "conflict"),
            (418, "api_error"),
            (422, "unprocessable"),
            (429, "rate_limit"),
            (500, "server_error"),
            (529, "server_error"),
        ] {
            let error = error_from_response("openai", &head(status), r#"{"error":{"message":"no"}}"#);
            assert_eq!((error.code().as_str(), error.message()), (code, format!("{status} no").as_str()));
            assert_eq!(error.context().get("status").unwrap().get(), status.to_string());
        }
        let body = r#"{"error":{"message":"no such model","code":"model_not_found","type":"invalid_request_error"}}"#;
        assert_eq!(error_from_response("openai", &head(404), body).code(), Code::ModelNotFound);
    }

    #[test]
    fn odd_bodies_say_what_they_were() {
        assert_eq!(error_from_response("openai", &head(502), "").message(), "502 no body");
        assert_eq!(
            error_from_response("openai", &head(502), "<html></html>").message(),
            "502 a body of 13 bytes without an error message"
        );
    }

    #[test]
    fn waits_as_told_or_with_jitter() {
        assert_eq!(retry_after_ms(Some("1500"), Some("9"), None, 0), Some(1_500));
        assert_eq!(retry_after_ms(None, Some("2"), None, 0), Some(2_000));
        assert_eq!(retry_after_ms(None, Some("Sat, 21 Nov 2026 06:15:30 GMT"), Some(3_000.0), 1_000), Some(2_000));
        assert_eq!(retry_after_ms(None, Some("soon"), None, 0), None);
        let usual = Backoff::default();
        assert_eq!(usual.wait_ms(1, Some(700), 0.5), Some(700));
        assert_eq!(usual.wait_ms(1, None, 0.5), Some(250));
        assert_eq!(usual.wait_ms(2, None, 1.0), Some(1_000));
        assert_eq!(usual.wait_ms(9, None, 1.0), Some(8_000));
        assert_eq!(usual.wait_ms(u32::MAX, None, 1.0), Some(8_000));
        assert_eq!(usual.wait_ms(1, Some(60_000), 1.0), Some(60_000));
        assert_eq!(usual.wait_ms(1, Some(60_001), 1.0), None);
        let slow = Backoff { first_ms: 100.0, factor: 3.0, most_ms: 60_000.0, most_asked_ms: 10.0 };
        assert_eq!(slow.wait_ms(3, None, 1.0), Some(900));
        assert_eq!(slow.wait_ms(3, Some(11), 1.0), None);
    }
}
