//! A stream between provider and caller: events come in, are metered and scanned, and go out when nothing in them can
//! become a finding any more.
//!
//! Events are held whole and in order, never cut up: an event waits while any text in it is undecided, and what waits
//! behind it waits too. So an event that no guard changed leaves with the bytes it came with. An event's text is a token or
//! so; a scanner holds back only from the start of a candidate that is still alive, so ordinary text does not wait at all.

mod judge;
mod lane;
mod leave;

use std::collections::VecDeque;

use lane::{HeldPiece, LaneState, is_call, stage};

pub use judge::{Judge, Waiting};

use crate::{
    collections::Map,
    error::{Code, Error, Result, Warning},
    guard::{self, Cover, Way},
    json::Raw,
    provider::{
        chunk::{Chunk, Lane},
        format::Format,
        said::error_in_stream,
        sse::{Event, Parser},
        template::Template,
        text::{Segments, ToolText},
        usage::UsageStream,
    },
    usage::Usage,
};

/// What goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Out {
    /// The bytes of the event.
    pub raw: Vec<u8>,
    /// Its data; `None` for comments, and for the `[DONE]` that ends the stream.
    pub data: Option<String>,
}

/// How a stream came to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Every choice finished.
    Complete,
    /// It broke off: cut, malformed, or an error that the provider reported.
    Broken(Error),
    /// A guardrail stopped it.
    Blocked(Error),
}

/// The relay of one stream.
pub struct Relay {
    format: Format,
    parser: Parser,
    template: Template,
    scanner: Option<guard::Scanner>,
    vault: Option<guard::Vault>,
    judge: Judge,
    /// The texts whose judgement is under way, and whether it is about too much of them.
    asked: Option<(Vec<Lane>, bool)>,
    /// The caller did not ask for the usage chunk.
    strip_usage: bool,
    lanes: Map<Lane, LaneState>,
    queue: VecDeque<Held>,
    /// What several events tell of the bill.
    told: UsageStream,
    /// How many texts came whole and not in pieces before.
    unannounced: u64,
    /// The event by which the provider reports an error: what comes last.
    error_event: Option<Event>,
    end: Option<End>,
    done: bool,
    started: Map<u64, bool>,
    meter: Meter,
    /// After so many bytes of text, or a usage, somebody wants to look before it goes on. `None`: nobody.
    pause_at: Option<usize>,
    paused: bool,
    /// Events behind a pause, and what came after them.
    pending: VecDeque<Event>,
    failed: Option<Error>,
    /// Whether it is no stream of events, and every byte leaves as it comes.
    passes: bool,
}

/// What was seen of the stream, for the bill.
#[derive(Debug, Default, Clone)]
pub struct Meter {
    /// The model that answers.
    pub model: Option<String>,
    /// The service tier that serves.
    pub service_tier: Option<String>,
    /// The last usage reported.
    pub usage: Option<Usage>,
    /// How often one was.
    pub reports: usize,
    /// Bytes of text received in all lanes.
    pub text_bytes: usize,
    /// Whether any text came.
    pub has_text: bool,
    /// What was odd about a usage.
    pub warnings: Vec<Warning>,
}

#[derive(Default)]
struct Held {
    event: Event,
    pieces: Vec<HeldPiece>,
    /// Log probabilities, by choice: they repeat its text.
    logprobs: Vec<(u64, std::ops::Range<usize>)>,
    /// Texts that stand in it whole, each the text of a lane.
    wholes: Segments,
    /// Those lanes.
    lanes: Vec<Lane>,
}

impl Relay {
    /// A relay of a provider's stream that scans with `scanner`, if there is one.
    pub fn new(
        (format, provider): (Format, &str),
        scanner: Option<guard::Scanner>,
        judge: Judge,
        strip_usage: bool,
    ) -> Self {
        Self {
            format,
            parser: Parser::new(),
            template: Template::default(),
            scanner,
            vault: None,
            judge,
            asked: None,
            strip_usage,
            lanes: Map::new(),
            queue: VecDeque::new(),
            told: UsageStream::new(Some(provider)),
            unannounced: 0,
            error_event: None,
            end: None,
            done: false,
            started: Map::new(),
            meter: Meter::default(),
            pause_at: None,
            paused: false,
            pending: VecDeque::new(),
            failed: None,
            passes: false,
        }
    }

    /// Lets every byte pass as it comes: sound has no events, and no text.
    pub fn pass_bytes(&mut self) {
        self.passes = true;
    }

    /// Stops after the event by which more text than that has come, or that tells of a usage: then [`Relay::resume`].
    pub fn pause_at(&mut self, text_bytes: usize) {
        self.pause_at = Some(text_bytes);
    }

    /// Whether it has stopped to be looked at.
    pub fn is_paused(&self) -> bool {
        self.paused && self.end.is_none()
    }

    /// Goes on after a pause; gives the events that may leave.
    pub fn resume(&mut self) -> Vec<Out> {
        self.paused = false;
        self.go_on()
    }

    /// The same, putting back what a vault keeps, after all guards.
    pub fn restoring(self, vault: Option<guard::Vault>) -> Self {
        Self { vault, ..self }
    }

    /// How many values were put back, and the placeholders that stand for nothing known.
    pub fn restored(&self) -> (usize, Vec<String>) {
        let mut all = (0, Vec::new());
        for lane in self.lanes.values() {
            let said = lane.restore.as_ref().map(|said| (said.restored(), said.unknown()));
            let whole = lane.whole.as_ref().map(|whole| (whole.restored, whole.unknown.as_slice()));
            for (restored, unknown) in said.into_iter().chain(whole) {
                all.0 += restored;
                all.1.extend_from_slice(unknown);
            }
        }
        all
    }

    /// What was seen so far.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Whether the usage that was reported is that of the whole answer.
    pub fn is_told(&self) -> bool {
        self.format.asks_for_usage() || self.done || self.started.values().all(|finished| *finished)
    }

    /// The texts that came so far.
    pub fn spoken(&self) -> impl Iterator<Item = &str> {
        self.lanes.values().map(|lane| lane.text.as_str())
    }

    /// How the stream ended, once it has.
    pub fn ended(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Takes bytes, gives the events that may leave. After an end nothing is taken.
    pub fn chunk(&mut self, bytes: &[u8]) -> Vec<Out> {
        if self.end.is_some() || self.done {
            return Vec::new();
        }
        if self.passes {
            return vec![Out { raw: bytes.to_vec(), data: None }];
        }
        match self.parser.push(bytes) {
            Ok(events) => self.pending.extend(events),
            Err(error) => self.failed = Some(error),
        }
        self.go_on()
    }

    /// Takes the events that have come, up to a pause.
    fn go_on(&mut self) -> Vec<Out> {
        while !self.paused
            && !self.done
            && let Some(event) = self.pending.pop_front()
        {
            let seen = (self.meter.text_bytes, self.meter.reports);
            if let Err(end) = self.take(event) {
                return self.finish_with(end);
            }
            let (bytes, reports) = (self.meter.text_bytes, self.meter.reports);
            self.paused = self.pause_at.is_some_and(|most| reports > seen.1 || (bytes > seen.0 && bytes > most))
                && !self.done
                // What is whole is not cut any more.
                && !self.started.values().all(|finished| *finished);
        }
        let failed = if self.paused { None } else { self.failed.take() };
        match failed {
            // After it a connection may stay open, or be reset: that is nobody's business any more.
            _ if self.done => self.finish_with(End::Complete),
            Some(error) => self.finish_with(End::Broken(error)),
            None => self.release(),
        }
    }

    /// The provider's bytes have ended. Gives what was still held.
    pub fn eof(&mut self) -> Vec<Out> {
        if self.end.is_some() {
            return Vec::new();
        }
        // One whose last empty line was left out is an event, as SDKs have it; one that was cut off is not.
        if let Some(event) = self.parser.end()
            && event.data.as_deref().is_some_and(is_whole)
            && let Err(end) = self.take(event)
        {
            return self.finish_with(end);
        }
        let finished =
            self.done || self.passes || (!self.started.is_empty() && self.started.values().all(|finished| *finished));
        self.finish_with(if finished {
            End::Complete
        } else {
            End::Broken(Error::new(
                Code::StreamTruncated,
                "cannot read stream: expected it to go on to its finish reason, found its end",
            ))
        })
    }

    /// The stream ends here for another reason: the caller or the network. Gives what was held and is clean.
    pub fn stop(&mut self, error: Error) -> Vec<Out> {
        // Whole, and not judged yet: that is not its end.
        if self.end == Some(End::Complete) && self.lanes.values().any(|lane| lane.waits) {
            self.queue.clear();
            self.end = Some(End::Broken(error));
            return Vec::new();
        }
        if self.end.is_some() { Vec::new() } else { self.finish_with(End::Broken(error)) }
    }

    /// What the built-in guards found, once the stream has ended; `None` where none scanned it.
    pub fn reports(&self) -> Option<guard::Reports> {
        let mut reports = self.scanner.as_ref()?.no_reports();
        for (segment, (lane, state)) in self.lanes.iter().enumerate() {
            // One that blocks leaves its scan where it stopped.
            let open = state.scan.as_ref().map(|scan| (state.text_from_base(), scan.result()));
            for (text, scan) in state.scanned.iter().chain(&open) {
                reports.add(segment, stage(*lane), text, scan);
            }
        }
        Some(reports)
    }

    /// Reads one event into the queue.
    fn take(&mut self, event: Event) -> Result<(), End> {
        let Some(data) = event.data.as_deref() else {
            self.queue.push_back(Held { event, ..Held::default() });
            return Ok(());
        };
        if data.trim() == "[DONE]" {
            self.end_lanes(|_| true)?;
            self.done = true;
            self.queue.push_back(Held { event, ..Held::default() });
            return Ok(());
        }
        let chunk = match self.template.read(data) {
            Some(chunk) => chunk,
            None => {
                let chunk = Chunk::parse(self.format, data, &mut self.meter.warnings).map_err(End::Broken)?;
                self.template.learn(data, &chunk);
                chunk
            }
        };
        if let Some(error) = chunk.error {
            self.error_event = Some(event);
            return Err(End::Broken(error_in_stream(&error)));
        }
        if chunk.tells {
            self.told.event(data);
            if let Some(told) = self.told.so_far() {
                self.meter.model = told.model.or(self.meter.model.take());
                self.meter.service_tier = told.service_tier.or(self.meter.service_tier.take());
                self.meter.usage = Some(told.usage);
                self.meter.reports += 1;
            }
        }
        chunk.begun.iter().for_each(|choice| {
            self.started.get_or_default(*choice);
        });
        self.meter.model = chunk.model.or(self.meter.model.take());
        self.meter.service_tier = chunk.service_tier.or(self.meter.service_tier.take());
        let is_usage = chunk.usage.is_some() && chunk.without_choices;
        self.meter.reports += usize::from(chunk.usage.is_some());
        self.meter.usage = chunk.usage.or(self.meter.usage.take());
        if is_usage && self.strip_usage {
            return Ok(());
        }
        let mut pieces = Vec::with_capacity(chunk.pieces.len());
        let mut blocked = Ok(());
        for (lane, name) in chunk.names {
            self.started.get_or_default(lane.choice());
            let start = self.lane(lane).length;
            self.lane(lane).name.push_str(&name);
            // Without a text of its own; but an event that opens a call waits like the call.
            pieces.push(HeldPiece { lane, start, text: String::new(), range: 0..0 });
        }
        for piece in chunk.pieces {
            self.meter.has_text = true;
            self.meter.text_bytes += piece.text.len();
            self.started.get_or_default(piece.lane.choice());
            let start = self.lane(piece.lane).length;
            let lane = self.lanes.get_or_default(piece.lane);
            if blocked.is_ok() {
                blocked = lane.push(&piece.text, piece.lane, self.scanner.as_ref());
            }
            pieces.push(HeldPiece { lane: piece.lane, start, text: piece.text, range: piece.range });
        }
        self.queue.push_back(Held { event, pieces, logprobs: chunk.logprobs, ..Held::default() });
        blocked.map_err(|finding| self.blocked_by(&finding))?;
        for choice in chunk.finished {
            self.started.insert(choice, true);
            self.end_lanes(|lane| lane.choice() == choice)?;
        }
        if !chunk.wholes.list().is_empty() || !chunk.wholes.calls().is_empty() {
            self.take_wholes(chunk.wholes)?;
        }
        if chunk.done {
            self.end_lanes(|_| true)?;
            self.done = true;
        }
        Ok(())
    }

    /// Texts that stand whole in the last event of the queue. One that came in pieces before is the text of its lane, and is
    /// changed as that is; any other is a lane of its own, and ends at once.
    fn take_wholes(&mut self, wholes: Segments) -> Result<(), End> {
        let mut lanes: Vec<Lane> = Vec::new();
        let mut taken = Ok(());
        for ToolText { name, arguments } in wholes.calls() {
            let known = self.lanes.iter().find(|(lane, state)| is_call(**lane) && state.text == *arguments);
            lanes.push(match known {
                Some((lane, _)) => *lane,
                None => self.announce(|place| Lane::Arguments(place, 0), name, arguments, &mut taken),
            });
        }
        for segment in wholes.list().iter().filter(|segment| !segment.in_arguments) {
            let known = self.lanes.iter().find(|(_, state)| state.text == segment.text);
            lanes.push(match known {
                Some((lane, _)) => *lane,
                None => {
                    let lane = if segment.is_aside { Lane::Reasoning } else { Lane::Content };
                    self.announce(lane, "", &segment.text, &mut taken)
                }
            });
        }
        if let Some(held) = self.queue.back_mut() {
            (held.wholes, held.lanes) = (wholes, lanes);
        }
        taken.map_err(|finding| self.blocked_by(&finding))
    }

    /// A text that nothing announced: a lane that is whole at once.
    fn announce(
        &mut self,
        lane: impl Fn(u64) -> Lane,
        name: &str,
        text: &str,
        taken: &mut Result<(), guard::Finding>,
    ) -> Lane {
        self.unannounced += 1;
        self.meter.has_text = true;
        self.meter.text_bytes += text.len();
        let lane = lane(UNANNOUNCED + self.unannounced);
        self.started.insert(lane.choice(), true);
        self.lane(lane).name.push_str(name);
        if let Some(state) = self.lanes.get_mut(&lane)
            && taken.is_ok()
        {
            let scanner = self.scanner.as_ref();
            *taken = state.push(text, lane, scanner).and_then(|()| state.end(lane, scanner));
        }
        lane
    }

    /// The state of a lane, which may be a new one.
    fn lane(&mut self, lane: Lane) -> &mut LaneState {
        let judge = self.judge;
        let vault = &self.vault;
        self.lanes.get_or_insert_with(lane, || LaneState {
            waits: judge.holds(lane),
            cover: vault.clone().map(|vault| Cover { vault, way: Way::Back }),
            restore: vault.clone().filter(|_| !is_call(lane)).map(guard::RestoreStream::new),
            ..LaneState::default()
        })
    }

    fn end_lanes(&mut self, which: impl Fn(Lane) -> bool) -> Result<(), End> {
        let ended = self
            .lanes
            .iter_mut()
            .filter(|(lane, _)| which(**lane))
            .try_for_each(|(lane, state)| state.end(*lane, self.scanner.as_ref()));
        ended.map_err(|finding| self.blocked_by(&finding))
    }

    /// The end of a stream that a built-in guardrail stopped.
    fn blocked_by(&self, finding: &guard::Finding) -> End {
        let name = self
            .scanner
            .as_ref()
            .and_then(|scanner| scanner.guards().get(finding.guard))
            .map_or("guardrail", |guard| &guard.name);
        End::Blocked(
            Error::new(Code::GuardrailBlocked, format!("Output guardrail check failed: {name}"))
                .with("stage", "output")
                .with("failedGuardrails", vec![name])
                .with("riskScore", finding.score),
        )
    }

    /// Ends the stream: what is clean leaves, the rest is gone.
    fn finish_with(&mut self, mut end: End) -> Vec<Out> {
        if !matches!(end, End::Blocked(_))
            && let Err(blocked) = self.end_lanes(|_| true)
        {
            end = blocked;
        }
        let blocked = matches!(end, End::Blocked(_));
        self.end = Some(end);
        self.pending.clear();
        let mut out = self.release();
        if blocked {
            let lanes = &self.lanes;
            let lane = |piece: &HeldPiece| lanes.get(&piece.lane);
            if let Some(held) = self.queue.pop_front()
                && held.lanes.is_empty()
                && !held.pieces.iter().any(|piece| lane(piece).is_some_and(|lane| lane.waits))
                && held.pieces.iter().any(|piece| lane(piece).is_some_and(|lane| lane.settled > piece.start))
            {
                out.extend(self.write(held));
            }
            self.queue.clear();
        }
        // For who reads the bytes: the error in the provider's own words.
        out.extend(self.error_event.take().map(|Event { raw, .. }| Out { raw, data: None }));
        out
    }
}

/// Whether nothing is missing of an event's data.
fn is_whole(data: &str) -> bool {
    data.trim() == "[DONE]" || Raw::parse(data).is_ok_and(|data| data.members().is_some())
}

/// The first of the places that no provider counts to: those of texts that nothing announced.
const UNANNOUNCED: u64 = 1 << 62;
