//! Values beside a name that makes them secret: `password = "..."`, `API_KEY=...`, `<token>...</token>`,
//! `Authorization: Bearer ...`, `--password ...`, `https://user:...@host`, and `my password is ...`.
//!
//! The name stands before the value and has been seen, so nothing waits for a value but what may be one. What decides is
//! the value: the more a name says, the less it must look like chance.

use super::{
    super::{
        context::opens_placeholder,
        view::{Need, View, is_word},
    },
    Alphabet,
    key::{self, Key},
    value::{self, Looks},
};

/// The longest value that is judged whole. Of a longer one, this much decides.
const LONGEST: usize = 120;
/// How much white space may stand between a name, a separator and a value.
const GAP: usize = 24;
/// The longest user's name in a link.
const LONGEST_USER: usize = 64;

/// Where a value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub start: usize,
    pub end: usize,
    pub rule: &'static str,
    pub confidence: u8,
    /// The alphabet of what follows, where a value is longer than what decides.
    pub open: Option<Alphabet>,
}

/// How a value stands in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// As a text: in quotes, in an element, `NAME=value` as in a file of settings.
    Text,
    /// Bare, where it may as well be code or prose.
    Bare,
}

/// Whether a value may begin at or behind that byte.
pub(super) fn may_precede(byte: u8) -> bool {
    matches!(byte, b'=' | b':' | b'"' | b'\'' | b'`' | b'>')
}

/// A value that begins at or behind the separator or quote at `at`.
pub(super) fn look(view: &View, at: usize) -> Result<Option<Found>, Need> {
    match view.seen(at) {
        Some(quote @ (b'"' | b'\'' | b'`')) => match before_quote(view, at) {
            Some(key) => quoted(view, at + 1, quote, key),
            None => Ok(None),
        },
        Some(b'>') => in_element(view, at),
        Some(separator) => {
            // `Token::new`
            if separator == b':' && (view.before(at) == Some(b':') || view.seen(at + 1) == Some(b':')) {
                return Ok(None);
            }
            let name = spaces_before(view, before_separator(view, at));
            if let Some(key) = key::ending_at(view, name) {
                return bare(view, at, name, separator, key);
            }
            if separator == b':' { in_address(view, at) } else { Ok(None) }
        }
        None => Ok(None),
    }
}

/// Where the separator begins whose last byte is at `at`: `:=`, `==`, `!=`, `=>`.
fn before_separator(view: &View, at: usize) -> usize {
    let mut start = at;
    while at - start < 3 && matches!(view.before(start), Some(b'=' | b':' | b'!' | b'+' | b'?')) {
        start -= 1;
    }
    start
}

fn spaces_before(view: &View, at: usize) -> usize {
    let mut start = at;
    while at - start < GAP && matches!(view.before(start), Some(b' ' | b'\t')) {
        start -= 1;
    }
    start
}

/// What is said before an opening quote.
fn before_quote(view: &View, at: usize) -> Option<Key> {
    let mut at = at;
    // `\"`, `b"`, `@"`.
    match view.before(at) {
        Some(b'\\' | b'@') => at -= 1,
        Some(b'b' | b'r' | b'u' | b'f' | b'L' | b'B' | b'R') if at < 2 || !view.before(at - 1).is_some_and(is_word) => {
            at -= 1
        }
        _ => {}
    }
    let end = spaces_before(view, at);
    match view.before(end)? {
        b'=' | b':' | b'>' => {
            let mut separator = end - 1;
            if view.seen(separator) == Some(b'>') {
                separator = separator.checked_sub(1).filter(|at| matches!(view.seen(*at), Some(b'=' | b'-')))?;
            }
            let name = spaces_before(view, before_separator(view, separator));
            key::ending_at(view, name).or_else(|| before_type(view, name))
        }
        // `pass("...")` hands something on, and what a name only begins with is a function's.
        b'(' => key::ending_in_term(view, end - 1),
        b',' => {
            let name = spaces_before(view, end - 1);
            let quoted = matches!(view.before(name), Some(b'"' | b'\'' | b'`'));
            key::ending_in_term(view, name).filter(|_| quoted)
        }
        byte if end < at && is_word(byte) => key::ending_in_term(view, end),
        _ => None,
    }
}

/// The name in `name: Type`, where `end` is behind the type.
fn before_type(view: &View, end: usize) -> Option<Key> {
    let mut start = end;
    while end - start < GAP
        && view.before(start).is_some_and(|byte| is_word(byte) || matches!(byte, b'_' | b'&' | b'<' | b'>'))
    {
        start -= 1;
    }
    let colon = spaces_before(view, start).checked_sub(1).filter(|at| *at + 1 < end && view.seen(*at) == Some(b':'))?;
    key::ending_at(view, spaces_before(view, colon))
}

/// What `Authorization` names before a token.
const SCHEMES: &[&str] = &["bearer ", "basic ", "token ", "apikey ", "api-key ", "key ", "bot ", "digest "];

/// Where a value begins behind its scheme, if it has one; and whether it has.
fn behind_scheme(view: &View, at: usize) -> Result<(usize, bool), Need> {
    // Most values are told apart by their first letter, and none has to wait.
    let first = view.byte(at)?.unwrap_or(0).to_ascii_lowercase();
    for scheme in SCHEMES.iter().filter(|scheme| scheme.bytes().next() == Some(first)) {
        let mut same = 0;
        for expected in scheme.bytes() {
            if view.byte(at + same)?.map(|byte| byte.to_ascii_lowercase()) != Some(expected) {
                break;
            }
            same += 1;
        }
        if same == scheme.len() {
            return Ok((at + same, true));
        }
    }
    Ok((at, false))
}

/// The value in quotes that begins at `at`.
fn quoted(view: &View, at: usize, quote: u8, key: Key) -> Result<Option<Found>, Need> {
    let (start, has_scheme) = behind_scheme(view, at)?;
    let mut end = start;
    let mut open = None;
    loop {
        match view.byte(end)? {
            None => break,
            Some(byte) if byte == quote => break,
            Some(b'\\') if view.byte(end + 1)?.is_some_and(|next| next == quote || next == b'n') => break,
            // A sentence, or several lines.
            Some(byte) if byte <= b' ' => return Ok(None),
            // What JavaScript puts together is elsewhere.
            Some(b'$') if quote == b'`' && view.byte(end + 1)? == Some(b'{') => return Ok(None),
            Some(_) if end - start == LONGEST => {
                open = Some(Alphabet::Value);
                break;
            }
            Some(_) => end += 1,
        }
    }
    judge(view, start, end, if has_scheme { Key::Credentials } else { key }, Style::Text, open)
}

/// The value without quotes behind the separator at `at`, of the name that ends at `name`.
fn bare(view: &View, at: usize, name: usize, separator: u8, key: Key) -> Result<Option<Found>, Need> {
    let mut start = at + 1;
    while start - at <= GAP && matches!(view.byte(start)?, Some(b' ' | b'\t')) {
        start += 1;
    }
    let tight = separator == b'=' && start == at + 1 && name == at;
    let (start, has_scheme) = behind_scheme(view, start)?;
    let key = if has_scheme { Key::Credentials } else { key };
    run(view, start, key, if tight { Style::Text } else { Style::Bare })
}

/// A run of what values consist of, that begins at `start`.
fn run(view: &View, start: usize, key: Key, style: Style) -> Result<Option<Found>, Need> {
    let mut end = start;
    let mut open = None;
    while view.byte(end)?.is_some_and(|byte| Alphabet::Value.has(byte)) {
        if end - start == LONGEST {
            open = Some(Alphabet::Value);
            break;
        }
        end += 1;
    }
    if open.is_none() && matches!(view.byte(end)?, Some(b'(' | b'[' | b'{' | b')' | b']' | b'}')) {
        return brackets(view, start, end, key);
    }
    if open.is_none() {
        if opens_placeholder(view, end)? {
            return Ok(None);
        }
        let whole = end;
        while end > start && matches!(view.before(end), Some(b'.' | b':' | b'!' | b'?')) {
            end -= 1;
        }
        // What is cut off opens nothing.
        if view.bytes(end, whole).starts_with(b"..") {
            return Ok(None);
        }
    }
    judge(view, start, end, key, style, open)
}

/// A value that goes on with a bracket at `end`: a call, an index, a block. A password only where brackets don't match.
fn brackets(view: &View, start: usize, end: usize, key: Key) -> Result<Option<Found>, Need> {
    if start == end || matches!(view.seen(end), Some(b'(' | b'[')) {
        return Ok(None);
    }
    let mut last = end;
    while last - start < LONGEST && view.byte(last)?.is_some_and(|byte| byte.is_ascii_graphic()) {
        last += 1;
    }
    while last > end && matches!(view.before(last), Some(b'"' | b'\'' | b'`' | b',' | b';' | b'.')) {
        last -= 1;
    }
    // In code and prose a bracket closes behind the value what was opened before it.
    let mut inner = last;
    loop {
        if inner == end {
            return judge(view, start, end, key, Style::Bare, None);
        }
        let text = view.bytes(start, inner);
        if value::is_balanced(text) || text.iter().any(|byte| matches!(byte, b'"' | b'\'' | b'`')) {
            return Ok(None);
        }
        match view.before(inner) {
            Some(b')' | b']' | b'}' | b';' | b',') => inner -= 1,
            _ => break,
        }
    }
    if value::is_of_signs(view.bytes(start, last)) {
        judge(view, start, last, key, Style::Text, None)
    } else {
        Ok(None)
    }
}

/// The text of an XML element whose opening tag ends at `at`.
fn in_element(view: &View, at: usize) -> Result<Option<Found>, Need> {
    let mut start = at;
    while at - start < GAP * 2
        && view.before(start).is_some_and(|byte| is_word(byte) || matches!(byte, b'_' | b'-' | b'.' | b':'))
    {
        start -= 1;
    }
    if view.before(start) != Some(b'<') {
        return Ok(None);
    }
    match key::ending_at(view, at) {
        Some(key) => run(view, at + 1, key, Style::Text),
        None => Ok(None),
    }
}

/// The password in `scheme://user:password@host`, and in `-u user:password`, where the colon is at `at`.
fn in_address(view: &View, at: usize) -> Result<Option<Found>, Need> {
    // Most colons end a phrase.
    if matches!(view.seen(at + 1), Some(b' ' | b'\n' | b':')) {
        return Ok(None);
    }
    let mut user = at;
    while at - user < LONGEST_USER
        && view
            .before(user)
            .is_some_and(|byte| is_word(byte) || matches!(byte, b'_' | b'-' | b'.' | b'%' | b'+' | b'@'))
    {
        user -= 1;
    }
    let is_link = view.bytes(user.saturating_sub(3), user) == b"://";
    if !is_link {
        return if is_user_option(view, user) { run(view, at + 1, Key::Password, Style::Text) } else { Ok(None) };
    }
    let start = at + 1;
    let mut end = start;
    loop {
        match view.byte(end)? {
            Some(b'@') => break,
            Some(byte)
                if end - start < LONGEST
                    && byte > b' '
                    && byte < 0x7F
                    && !matches!(byte, b'/' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\') =>
            {
                end += 1
            }
            _ => return Ok(None),
        }
    }
    let (name, password) = (view.bytes(user, at), view.bytes(start, end));
    let host = view.byte(end + 1)?.is_some_and(|byte| is_word(byte) || byte == b'[');
    // `postgres:postgres` is how a database is set up to be tried.
    if !host || name == password || password.contains(&b':') || !value::is_password(password) {
        return Ok(None);
    }
    Ok(Some(Found { start, end, rule: "url-password", confidence: 80, open: None }))
}

/// Whether `-u ` or `--user ` stands before `end`, and maybe a quote between.
fn is_user_option(view: &View, end: usize) -> bool {
    let end = if matches!(view.before(end), Some(b'"' | b'\'')) { end - 1 } else { end };
    let option = spaces_before(view, end);
    let option = if option == end && view.before(end) == Some(b'=') { end - 1 } else { option };
    option < end
        && (view.bytes(option.saturating_sub(3), option) == b" -u"
            || view.bytes(option.saturating_sub(6), option) == b"--user")
}

/// The value of an option of a command, whose dashes begin at `at`: `--password value`.
pub(super) fn look_option(view: &View, at: usize) -> Result<Option<Found>, Need> {
    if view.before(at).is_some_and(|byte| !byte.is_ascii_whitespace()) || !view.starts_with(at, b"--")? {
        return Ok(None);
    }
    let mut end = at + 2;
    while view.byte(end)?.is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'-') {
        end += 1;
        if end - at > GAP * 2 {
            return Ok(None);
        }
    }
    if view.byte(end)? != Some(b' ') {
        return Ok(None);
    }
    match key::of_name(view.bytes(at + 2, end)) {
        Some(key) => run(view, end + 1, key, Style::Text),
        None => Ok(None),
    }
}

/// The value behind `is`, in `my password is value`.
pub(super) fn look_is(view: &View, at: usize) -> Result<Option<Found>, Need> {
    if view.before(at) != Some(b' ') || !view.starts_with(at, b"is ")? {
        return Ok(None);
    }
    match key::ending_at(view, at + 2) {
        Some(key) => run(view, at + 3, key, Style::Bare),
        None => Ok(None),
    }
}

/// Whether the value at `start..end` is secret enough for its name.
fn judge(
    view: &View,
    start: usize,
    end: usize,
    key: Key,
    style: Style,
    open: Option<Alphabet>,
) -> Result<Option<Found>, Need> {
    let text = view.bytes(start, end);
    if value::holds_placeholder(text) || opens_placeholder(view, end)? {
        return Ok(None);
    }
    let looks = value::judge(text);
    // `SyntaxKind.EndOfFile`, `TLS13_AES_128`: bare, a name in code.
    if style == Style::Bare && value::is_name(text) {
        return Ok(None);
    }
    let (rule, confidence) = match (key, looks) {
        (_, Looks::Ordinary) => return Ok(None),
        (Key::Password, _) if style != Style::Bare || looks == Looks::Random || value::is_unlike_code(text) => {
            ("password", 60)
        }
        (Key::Credentials, _) if looks == Looks::Random || text.len() >= 12 => ("authorization", 85),
        (Key::Token, Looks::Random) => ("assigned-secret", 75),
        _ => return Ok(None),
    };
    // A token of a known form is found by its form, which says more.
    if super::look_token(view, start)?.is_some() {
        return Ok(None);
    }
    Ok(Some(Found { start, end, rule, confidence, open }))
}
