//! The protocol of slices, simulated: a ledger that hands out chunks of its budgets, the objects that grant out of them, and
//! their clients, under all that can happen to objects, messages and clocks. The rules are `docs/design/slices.md`.
//!
//! After every step, for every budget and window: what the parent counts is within the limit, and at least what the children and
//! the parent have granted. At the end, once leases have ended and children have told what was spent, both are equal, and
//! what providers billed is in it. `TOLLGATE_SCHEDULES` says how many schedules are tried: `npm run sim` tries 100,000.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)] // Clippy takes the helpers of a test file for code of ours.

#[path = "support/child.rs"]
mod child;
#[path = "support/kept.rs"]
mod kept;
#[path = "support/schedule.rs"]
mod schedule;

use std::collections::BTreeMap;

use child::ChildHost;
use kept::Host;
use schedule::{Step as Act, finds, holds};
use serde_json::{Value, json};
use tollgate::{
    budget::{Config, child::Step},
    json::ToJson,
    money::Usd,
    time::{DAY, HOUR, Instant, MINUTE, SECOND, WeekStart},
};

const NOON: i64 = 1_795_262_400_000; // 2026-11-21T12:00:00Z
const CLIENTS: usize = 4;
const CHILDREN: usize = 2;
const LEASE: i64 = 10 * MINUTE;
const LONGEST: i64 = 11 * HOUR;
/// The object that holds the budgets, behind the children.
const PARENT: usize = CHILDREN;
/// Limits in tenths of a dollar: of everything, of an agent in a day, of a user. A small call is worth a chunk, a large one is not.
const LIMITS: [(&str, i64); 3] = [("all", 110), ("agent", 90), ("user", 70)];
const CALLS: [i64; 4] = [1, 1, 2, 25];

/// A fault of the protocol that is planted, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// A chunk that is asked for again is held again.
    ChunkTwice,
    /// A late copy of a question makes a chunk that was told anew.
    LateCopy,
    /// A chunk whose lease has ended is free again.
    ExpiryAtZero,
    /// A chunk is held for the first of its scopes only.
    ScopesNotAtomic,
    /// What was spent of a chunk is not charged when its hold ends.
    LostSum,
    /// A child that ends forgets its chunks.
    NotDurable,
    /// What was corrected counts beside the sum that it was part of.
    CountedTwice,
}

#[derive(Clone, Debug)]
enum Op {
    Reserve { tenths: i64, scopes: usize },
    Settle { tenths: i64, marked: bool },
    Release,
}

/// Between a client and a child.
#[derive(Clone, Debug)]
struct Call {
    client: usize,
    child: usize,
    id: String,
    op: Op,
    /// On its way back: whether it was allowed.
    answer: Option<bool>,
}

#[derive(Clone, Debug)]
enum Message {
    Call(Call),
    /// From a child: its own operations, and those that it forwards.
    Up {
        child: usize,
        number: u64,
        own: String,
        forwards: Vec<String>,
    },
    Down {
        child: usize,
        number: u64,
        own: String,
        answers: Vec<Value>,
    },
}

#[derive(Clone, Debug)]
enum Waits {
    Idle,
    Answer(Call),
    /// Of the provider: it may be called, with so much held.
    Provider(Call, i64),
    /// Of an answer, and knows better what it comes to.
    Truth(Call, i64),
}

#[derive(Default)]
struct Child {
    host: ChildHost,
    /// Calls that wait for the parent, and how often they were tried.
    waiting: Vec<(Call, u32)>,
    /// The message to the parent that is under way, and the calls in it.
    asking: Option<(u64, Vec<Call>)>,
    /// Whether it ends once it has written.
    ends_after: bool,
}

struct World {
    fault: Fault,
    time: i64,
    off: [i64; CHILDREN + 1],
    parent: Host,
    children: Vec<Child>,
    clients: Vec<Waits>,
    network: Vec<Message>,
    /// What providers billed, by id.
    billed: BTreeMap<String, i64>,
    calls: usize,
    messages: u64,
}

fn dollars(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn pico(text: &Value) -> i128 {
    Usd::parse(text.as_str().unwrap()).unwrap().pico()
}

fn scopes_json(scopes: usize) -> Value {
    let all = [json!({ "type": "agent", "id": "x" }), json!({ "type": "user", "id": "y" })];
    (0..2).filter(|bit| scopes & (1 << bit) != 0).map(|bit| all[bit].clone()).collect()
}

/// The budgets that bind these scopes, by their place in [`LIMITS`].
fn bound(scopes: &[Value]) -> Vec<usize> {
    let has = |kind: &str| scopes.iter().any(|scope| scope["type"] == kind);
    (0..LIMITS.len()).filter(|budget| *budget == 0 || has(LIMITS[*budget].0)).collect()
}

/// The window of a budget: its day, for the one that has days.
fn window(budget: usize, at: i64) -> i64 {
    if budget == 1 { at.div_euclid(DAY) } else { 0 }
}

fn budgets() -> Value {
    let scopes = [Value::Null, json!({ "type": "agent", "id": "x" }), json!({ "type": "user", "id": "y" })];
    let configs = LIMITS.iter().zip(scopes).map(|((name, tenths), scope)| {
        let (period, action) = if *name == "agent" { ("daily", "block") } else { ("total", "throttle") };
        let input =
            json!({ "name": name, "limit": dollars(*tenths), "period": period, "action": action, "scope": scope });
        let config = Config::parse_input(&input.to_string(), "UTC", WeekStart::Monday).unwrap();
        serde_json::from_str::<Value>(&config.to_json()).unwrap()
    });
    configs.collect()
}

/// What a reservation's row says that it takes up.
fn taken(row: &Value) -> i128 {
    if row["released"] == true {
        0
    } else if row["charged"].is_string() {
        pico(&row["charged"])
    } else {
        pico(&row["usd"])
    }
}

fn text(ops: &[String]) -> String {
    format!(r#"{{"v":1,"ops":[{}]}}"#, ops.join(","))
}

type Sums = BTreeMap<(usize, i64), i128>;

impl World {
    fn new(fault: Fault) -> Self {
        let mut parent = Host::default();
        let put = json!({ "v": 1, "ops": [{ "op": "put", "budgets": budgets(), "mode": "attach" }] });
        parent.run(&put.to_string(), Instant::from_ms(NOON));
        Self {
            fault,
            time: 0,
            off: [0; CHILDREN + 1],
            parent,
            children: (0..CHILDREN).map(|_| Child::default()).collect(),
            clients: vec![Waits::Idle; CLIENTS],
            network: Vec::new(),
            billed: BTreeMap::new(),
            calls: 0,
            messages: 0,
        }
    }

    fn now(&self, object: usize) -> Instant {
        Instant::from_ms(NOON + self.time + self.off[object])
    }

    fn act(&mut self, Act { kind, a, b }: Act) {
        let (a, b) = (usize::from(a), usize::from(b));
        match kind {
            0..=3 => {
                let client = a % CLIENTS;
                if !matches!(self.clients[client], Waits::Idle) {
                    return;
                }
                self.calls += 1;
                let op = Op::Reserve { tenths: CALLS[b % 4], scopes: b / 4 % 4 };
                let id = format!("{client}.{}", self.calls);
                self.send(Call { client, child: b / 16 % CHILDREN, id, op, answer: None });
            }
            // The last one sent, or any: late ones overtake.
            4..=11 => {
                if !self.network.is_empty() {
                    let last = self.network.len() - 1;
                    let message = self.network.remove(if kind < 8 { last } else { a % (last + 1) });
                    self.arrive(message);
                }
            }
            12 => {
                if !self.network.is_empty() {
                    self.network.push(self.network[a % self.network.len()].clone());
                }
            }
            13 => {
                if !self.network.is_empty() {
                    self.network.remove(a % self.network.len());
                }
            }
            14 => {
                if let Waits::Answer(call) | Waits::Truth(call, _) = &self.clients[a % CLIENTS] {
                    self.network.push(Message::Call(call.clone()));
                }
            }
            15 | 16 => self.provider(a % CLIENTS, b),
            17 => {
                let later = [SECOND, 10 * SECOND, MINUTE, LEASE, 2 * LEASE + 1, HOUR][b % 6];
                if self.time + later <= LONGEST {
                    self.time += later;
                }
            }
            18 => {
                let off = [0, -SECOND, SECOND, -30 * MINUTE, 30 * MINUTE, -HOUR, -25 * HOUR, -26 * HOUR][b % 8];
                self.off[a % (CHILDREN + 1)] = off;
            }
            19 => match a % (CHILDREN + 1) {
                PARENT => self.parent.crash(),
                child => self.crash(child),
            },
            20 => {
                let child = &mut self.children[a % CHILDREN];
                if b % 2 == 0 { child.host.ends_before = true } else { child.ends_after = true }
            }
            // A child gives up what it asked, and asks again.
            21 => {
                let child = a % CHILDREN;
                if let Some((_, calls)) = self.children[child].asking.take() {
                    self.children[child].waiting.extend(calls.into_iter().map(|call| (call, 0)));
                }
                self.ask(child);
            }
            // An alarm.
            _ => match a % (CHILDREN + 1) {
                PARENT => drop(self.parent_runs(&[r#"{"op":"tick"}"#.to_owned()])),
                child => self.alarm(child),
            },
        }
    }

    fn send(&mut self, call: Call) {
        self.clients[call.client] = Waits::Answer(call.clone());
        self.network.push(Message::Call(call));
    }

    /// What comes of a call of the provider that a client may make.
    fn provider(&mut self, client: usize, what: usize) {
        let Waits::Provider(call, tenths) = self.clients[client].clone() else { return };
        let mut bill = |billed: i64| {
            self.billed.insert(call.id.clone(), billed);
        };
        let op = match what % 8 {
            0 | 1 => {
                bill(tenths);
                Op::Settle { tenths, marked: false }
            }
            2 => {
                bill(tenths - 1);
                Op::Settle { tenths: tenths - 1, marked: false }
            }
            3 | 4 => Op::Release,
            // An estimate, and later the truth.
            5 | 6 => {
                bill(tenths - 1);
                self.send(Call { op: Op::Settle { tenths, marked: true }, answer: None, ..call.clone() });
                self.clients[client] =
                    Waits::Truth(Call { op: Op::Settle { tenths, marked: true }, answer: None, ..call }, tenths - 1);
                return;
            }
            _ => {
                bill(tenths);
                self.clients[client] = Waits::Idle;
                return;
            }
        };
        self.send(Call { op, answer: None, ..call });
    }

    fn arrive(&mut self, message: Message) {
        match message {
            Message::Call(call) if call.answer.is_none() => {
                self.children[call.child].waiting.push((call.clone(), 0));
                self.turn(call.child);
                self.ask(call.child);
            }
            Message::Call(call) => self.answered(call),
            Message::Up { child, number, own, forwards } => {
                let ops: Vec<String> =
                    [own.clone()].into_iter().filter(|own| !own.is_empty()).chain(forwards).collect();
                let answers = self.parent_runs(&ops);
                self.network.push(Message::Down { child, number, own, answers });
            }
            Message::Down { child, number, own, mut answers } => {
                let Some((_, calls)) = self.children[child].asking.take_if(|(asked, _)| *asked == number) else {
                    return;
                };
                let forwarded = answers.split_off(answers.len() - calls.len());
                if !own.is_empty() {
                    let now = self.now(child);
                    let answers = Value::Array(answers).to_string();
                    if self.children[child].host.incoming(&text(&[own]), &answers, now).is_none() {
                        return self.crash(child);
                    }
                }
                for (call, answer) in calls.into_iter().zip(forwarded) {
                    self.reply(call, &answer);
                }
                self.turn(child);
                self.ask(child);
            }
        }
    }

    fn answered(&mut self, call: Call) {
        let same =
            |sent: &Call| sent.id == call.id && std::mem::discriminant(&sent.op) == std::mem::discriminant(&call.op);
        match self.clients[call.client].clone() {
            Waits::Answer(sent) if same(&sent) => {
                self.clients[call.client] = match call.op {
                    Op::Reserve { tenths, .. } if call.answer == Some(true) => Waits::Provider(call.clone(), tenths),
                    _ => Waits::Idle,
                };
            }
            Waits::Truth(sent, tenths) if same(&sent) => {
                self.send(Call { op: Op::Settle { tenths, marked: false }, answer: None, ..sent });
            }
            _ => {}
        }
    }

    /// The parent runs operations, by way of the fault.
    fn parent_runs(&mut self, ops: &[String]) -> Vec<Value> {
        let now = self.now(PARENT);
        let ops: Vec<String> = ops.iter().flat_map(|ops| self.faulty(ops, now)).collect();
        serde_json::from_str(&format!("[{}]", self.parent.run(&text(&ops), now))).unwrap()
    }

    fn faulty(&mut self, ops: &str, now: Instant) -> Vec<String> {
        let ops: Vec<Value> = serde_json::from_str(&format!("[{ops}]")).unwrap();
        let chunks: Vec<(String, Value)> = self
            .parent
            .rows_of("res:")
            .filter(|(id, _)| id.starts_with('\u{1f}'))
            .map(|(id, row)| (id.to_owned(), serde_json::from_str(row).unwrap()))
            .collect();
        if self.fault == Fault::ExpiryAtZero {
            for (id, row) in &chunks {
                let held = row["released"] != true && !row["charged"].is_string();
                if held && row["expires"].as_i64().unwrap() <= now.ms() {
                    self.parent.run(&json!({ "v": 1, "ops": [{ "op": "release", "id": id }] }).to_string(), now);
                }
            }
        }
        ops.into_iter()
            .map(|mut op| {
                let kind = op["op"].as_str().unwrap().to_owned();
                match (self.fault, kind.as_str()) {
                    (Fault::ChunkTwice, "slice") if chunks.iter().any(|(id, _)| op["id"] == **id) => {
                        self.messages += 1;
                        op["id"] = json!(format!("{}'{}", op["id"].as_str().unwrap(), self.messages));
                    }
                    (Fault::LateCopy, "slice")
                        if chunks.iter().any(|(id, row)| op["id"] == **id && row["released"] == true) =>
                    {
                        self.messages += 1;
                        op["id"] = json!(format!("{}'{}", op["id"].as_str().unwrap(), self.messages));
                        op["turn"] = json!(self.messages + 1_000);
                    }
                    (Fault::ScopesNotAtomic, "slice") => op["scopes"].as_array_mut().unwrap().truncate(1),
                    (Fault::LostSum, "sliced") => op["usd"] = json!("0"),
                    (Fault::CountedTwice, "sliced") => {
                        for part in op["parts"].as_array_mut().unwrap() {
                            part[1] = json!("0");
                        }
                    }
                    _ => {}
                }
                op.to_string()
            })
            .collect()
    }

    fn crash(&mut self, child: usize) {
        let child = &mut self.children[child];
        child.host.crash();
        child.waiting.clear();
        child.asking = None;
        child.ends_after = false;
        if self.fault == Fault::NotDurable {
            child.host.lose("chunk:");
        }
    }

    /// A child answers the calls that it can.
    fn turn(&mut self, child: usize) {
        let now = self.now(child);
        let waiting = std::mem::take(&mut self.children[child].waiting);
        for (call, tried) in waiting {
            let op = match &call.op {
                Op::Reserve { tenths, scopes } => {
                    json!({ "op": "reserve", "id": call.id, "usd": dollars(*tenths), "scopes": scopes_json(*scopes), "leaseMs": LEASE })
                }
                Op::Settle { tenths, marked } => {
                    json!({ "op": "settle", "id": call.id, "usd": dollars(*tenths), "mark": marked.then_some("unknown_outcome") })
                }
                Op::Release => json!({ "op": "release", "id": call.id }),
            };
            let name = format!("c{child}");
            let Some(step) = self.children[child].host.run(&text(&[op.to_string()]), tried > 3, &name, now) else {
                return self.crash(child);
            };
            match step {
                Step::Answer(answer) => {
                    if std::mem::take(&mut self.children[child].ends_after) {
                        return self.crash(child);
                    }
                    self.reply(call, &serde_json::from_str(&answer).unwrap());
                }
                Step::Wait | Step::Forward(_) => self.children[child].waiting.push((call, tried + 1)),
            }
        }
    }

    fn reply(&mut self, call: Call, answer: &Value) {
        let allowed = answer["ok"]["allowed"] == true;
        self.network.push(Message::Call(Call { answer: Some(allowed), ..call }));
    }

    /// A child asks and tells the parent, unless it does so already.
    fn ask(&mut self, child: usize) {
        if self.children[child].asking.is_some() {
            return;
        }
        let now = self.now(child);
        let Some(own) = self.children[child].host.outgoing(now) else { return self.crash(child) };
        let (mut forwards, mut calls) = (Vec::new(), Vec::new());
        for (call, tried) in std::mem::take(&mut self.children[child].waiting) {
            // What is forwarded is said again as it stands.
            let name = format!("c{child}");
            let op = match &call.op {
                Op::Reserve { tenths, scopes } => {
                    json!({ "op": "reserve", "id": call.id, "usd": dollars(*tenths), "scopes": scopes_json(*scopes), "leaseMs": LEASE })
                }
                Op::Settle { tenths, marked } => {
                    json!({ "op": "settle", "id": call.id, "usd": dollars(*tenths), "mark": marked.then_some("unknown_outcome") })
                }
                Op::Release => json!({ "op": "release", "id": call.id }),
            };
            match self.children[child].host.run(&text(&[op.to_string()]), tried > 3, &name, now) {
                None => return self.crash(child),
                Some(Step::Forward(op)) => {
                    forwards.push(op);
                    calls.push(call);
                }
                Some(Step::Answer(answer)) => self.reply(call, &serde_json::from_str(&answer).unwrap()),
                Some(Step::Wait) => self.children[child].waiting.push((call, tried)),
            }
        }
        if own.is_empty() && forwards.is_empty() {
            return;
        }
        if std::mem::take(&mut self.children[child].ends_after) {
            return self.crash(child);
        }
        self.messages += 1;
        let number = self.messages;
        self.children[child].asking = Some((number, calls));
        self.network.push(Message::Up { child, number, own, forwards });
    }

    fn alarm(&mut self, child: usize) {
        let now = self.now(child);
        if self.children[child]
            .host
            .run(&text(&[r#"{"op":"tick"}"#.to_owned()]), false, &format!("c{child}"), now)
            .is_none()
        {
            return self.crash(child);
        }
        self.ask(child);
    }

    /// What the parent counts, and what children and parent have granted.
    fn sums(&self) -> (Sums, Sums) {
        let (mut counted, mut granted) = (Sums::new(), Sums::new());
        for (key, row) in self.parent.rows_of("win:") {
            let (start, id) = key.split_once(':').unwrap();
            let budget = (0..LIMITS.len()).find(|budget| id.ends_with(LIMITS[*budget].0)).unwrap();
            let row: Value = serde_json::from_str(row).unwrap();
            let at = if budget == 1 { start.parse().unwrap() } else { 0 };
            *counted.entry((budget, window(budget, at))).or_default() += pico(&row["spent"]) + pico(&row["held"]);
        }
        let mut made = BTreeMap::new();
        let mut grant = |scopes: &[Value], at: i64, amount: i128| {
            for budget in bound(scopes) {
                *granted.entry((budget, window(budget, at))).or_default() += amount;
            }
        };
        for (id, row) in self.parent.rows_of("res:") {
            let row: Value = serde_json::from_str(row).unwrap();
            let at = row["made"].as_i64().unwrap();
            if id.starts_with('\u{1f}') {
                made.insert(id.to_owned(), at);
            } else {
                grant(row["scopes"].as_array().unwrap(), at, taken(&row));
            }
        }
        for child in &self.children {
            for (_, row) in child.host.rows_of("res:") {
                let row: Value = serde_json::from_str(row).unwrap();
                let mut scopes = row["scopes"].as_array().unwrap().clone();
                let chunk = scopes.pop().unwrap();
                if let Some(at) = made.get(chunk["id"].as_str().unwrap()) {
                    grant(&scopes, *at, taken(&row));
                }
            }
        }
        (counted, granted)
    }

    fn check(&self, equal: bool) -> Result<(), String> {
        let (counted, granted) = self.sums();
        for (at @ (budget, window), counted) in &counted {
            let (name, limit) = LIMITS[*budget];
            let granted = granted.get(at).copied().unwrap_or_default();
            if *counted > i128::from(limit) * 100_000_000_000 {
                return Err(format!("{name} {window}: {counted} is promised"));
            }
            if *counted < granted || (equal && *counted != granted) {
                return Err(format!("{name} {window}: {granted} was granted, {counted} counts"));
            }
        }
        match granted.iter().find(|(at, granted)| **granted > 0 && !counted.contains_key(at)) {
            Some(at) => Err(format!("{at:?} was granted, and does not count")),
            None => Ok(()),
        }
    }

    /// When all is said and all leases have ended.
    fn ends(&mut self) -> Result<(), String> {
        self.network.clear();
        self.off = [0; CHILDREN + 1];
        // Children that do not come back: their chunks count in full.
        self.time += 3 * HOUR;
        self.parent_runs(&[r#"{"op":"tick"}"#.to_owned()]);
        self.check(false)?;
        for child in 0..CHILDREN {
            self.children[child].host.ends_before = false;
            // A clock that was a day ahead is believed again.
            self.crash(child);
            for _ in 0..6 {
                self.alarm(child);
                while let Some(message) = self.network.pop() {
                    self.arrive(message);
                }
                self.time += 11 * SECOND;
            }
            if let Some((id, row)) = self.children[child].host.rows_of("chunk:").next() {
                return Err(format!("{id} is never told: {row}"));
            }
        }
        self.check(true)?;
        for (id, billed) in &self.billed {
            let rows =
                self.children.iter().flat_map(|child| child.host.rows_of("res:")).chain(self.parent.rows_of("res:"));
            let charged: i128 = rows
                .filter(|(of, _)| of == id)
                .map(|(_, row)| taken(&serde_json::from_str(row).unwrap()))
                .max()
                .unwrap_or_default();
            if charged < i128::from(*billed) * 100_000_000_000 {
                return Err(format!("{id}: {} was billed, {charged} is spent", dollars(*billed)));
            }
        }
        Ok(())
    }
}

impl schedule::World for World {
    type Fault = Fault;
    const SOUND: Fault = Fault::None;
    const KINDS: &'static [(u8, &'static str)] = &[
        (3, "a call begins"),
        (11, "a message arrives"),
        (12, "a message is repeated"),
        (13, "a message is lost"),
        (14, "a client asks again"),
        (16, "the provider has been called"),
        (17, "time goes by"),
        (18, "a clock is set"),
        (19, "an object crashes"),
        (20, "a child will crash in its next turn"),
        (21, "a child asks the parent again"),
        (22, "an alarm rings"),
    ];
    const LONGEST: u64 = 100;

    fn begin(fault: Fault) -> Self {
        Self::new(fault)
    }

    fn step(&mut self, step: Act) -> Result<(), String> {
        self.act(step);
        self.check(false)
    }

    fn end(&mut self) -> Result<(), String> {
        self.ends()
    }
}

#[test]
fn no_schedule_overspends_or_loses_anything() {
    let count = holds::<World>(1_000);
    let chunks: usize = (0..100)
        .map(|number| {
            let mut world = World::new(Fault::None);
            schedule::schedule::<World>(number).into_iter().for_each(|act| world.act(act));
            world.parent.rows_of("res:\u{1f}").count()
        })
        .sum();
    assert!(chunks > 100, "{chunks} chunks");
    println!(
        "{count} schedules with slices: never over, nothing lost, nothing twice ({chunks} chunks in the first 100)"
    );
}

#[test]
fn each_planted_fault_is_found() {
    for fault in [
        Fault::ChunkTwice,
        Fault::LateCopy,
        Fault::ExpiryAtZero,
        Fault::ScopesNotAtomic,
        Fault::LostSum,
        Fault::NotDurable,
        Fault::CountedTwice,
    ] {
        finds::<World>(fault);
    }
}
