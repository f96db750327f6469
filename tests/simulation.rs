//! The protocol of a ledger that is elsewhere, simulated: clients, objects that crash, messages that are lost, late and
//! repeated, clocks that differ and are set back, leases that end, Workers that die after the provider has answered.
//!
//! After every step the objects stand where a plain list of all that they ever promised says that they must: no reserve is
//! allowed that passes a limit, none is refused for which there is money, nothing is lost and nothing counts twice. The
//! schedule is random and has a number, and one that fails is made as short as it can be. `TOLLGATE_SCHEDULES` says how many
//! are tried: `npm run sim` tries 100,000.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)] // Clippy takes the helpers of a test file for code of ours.

#[path = "support/kept.rs"]
mod kept;
#[path = "support/schedule.rs"]
mod schedule;

use std::collections::BTreeMap;

use kept::Host;
use schedule::{Failed, Step, finds, holds};
use serde_json::{Value, json};
use tollgate::{
    budget::Config,
    json::ToJson,
    money::Usd,
    time::{DAY, HOUR, Instant, MINUTE, SECOND, WeekStart},
};

const NOON: i64 = 1_795_262_400_000; // 2026-11-21T12:00:00Z
const CLIENTS: usize = 4;
const OBJECTS: usize = 2;
const LEASE: i64 = 10 * MINUTE;
/// All that happens happens within this, so that nothing may be forgotten: a clock that is set back by more than a day goes
/// back into windows that are still kept.
const LONGEST: i64 = 11 * HOUR;

/// Limits in tenths of a dollar: of everything, of an agent in a day; and of a user in tokens, of which a call has one for each
/// tenth that it costs.
const LIMITS: [(&str, i64); 3] = [("all", 12), ("agent", 7), ("user", 5)];

/// A fault that is planted between the network and the ledger, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    LostIdempotency,
    ScopesNotAtomic,
    DoubleSettlement,
    ExpiryAtZero,
    LostRelease,
}

/// What has become of a promise.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Held,
    Released,
    /// The amount, and whether a truth, or anything, may still replace it.
    Settled(i64, bool, bool),
}

/// A promise, as a plain list of them says it.
#[derive(Clone, Debug)]
struct Entry {
    tenths: i64,
    binds: Vec<usize>,
    made: i64,
    lease_ends: i64,
    state: State,
}

/// An object: the real ledger, and the list of what it must have promised.
#[derive(Default)]
struct Object {
    host: Host,
    entries: BTreeMap<String, Entry>,
    last: i64,
    /// How far its clock is off.
    off: i64,
    /// What happens to the next message: its answer is lost, after it was written or before.
    ends_in_message: Option<bool>,
}

#[derive(Clone, Debug)]
enum Op {
    Reserve { tenths: i64, scopes: usize },
    Settle { tenths: i64, marked: bool },
    Release,
    Tick,
}

#[derive(Clone, Debug)]
struct Message {
    client: usize,
    object: usize,
    id: String,
    op: Op,
    /// What was answered, on its way back: whether it was allowed.
    answer: Option<bool>,
}

/// What a client waits for.
#[derive(Clone, Debug)]
enum Waits {
    Idle,
    /// Of an object, with a message that can be sent again.
    Answer(Message),
    /// Of the provider: it may be called, with so much held.
    Provider(Message, i64),
}

struct World {
    fault: Fault,
    time: i64,
    objects: Vec<Object>,
    clients: Vec<Waits>,
    network: Vec<Message>,
    /// What providers billed, by object and id.
    billed: BTreeMap<(usize, String), i64>,
    calls: usize,
}

/// The budgets that a set of scopes binds, by the place in [`LIMITS`].
fn bound(scopes: usize) -> Vec<usize> {
    (0..LIMITS.len()).filter(|budget| *budget == 0 || scopes & *budget != 0).collect()
}

fn scopes_json(scopes: usize) -> Value {
    let all = [json!({ "type": "agent", "id": "x" }), json!({ "type": "user", "id": "y" })];
    (0..2).filter(|bit| scopes & (1 << bit) != 0).map(|bit| all[bit].clone()).collect()
}

fn dollars(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn budgets() -> Value {
    let scopes = [Value::Null, json!({ "type": "agent", "id": "x" }), json!({ "type": "user", "id": "y" })];
    let configs = LIMITS.iter().zip(scopes).map(|((name, tenths), scope)| {
        let (period, action) = if *name == "agent" {
            ("daily", "block")
        } else {
            ("total", if *name == "user" { "throttle" } else { "block" })
        };
        let (unit, limit) = if *name == "user" { ("tokens", tenths.to_string()) } else { ("usd", dollars(*tenths)) };
        let input =
            json!({ "name": name, "unit": unit, "limit": limit, "period": period, "action": action, "scope": scope });
        let config = Config::parse_input(&input.to_string(), "UTC", WeekStart::Monday).unwrap();
        serde_json::from_str::<Value>(&config.to_json()).unwrap()
    });
    configs.collect()
}

impl Object {
    fn new(now: i64) -> Self {
        let mut object = Self { last: now, ..Self::default() };
        let put = json!({ "v": 1, "ops": [{ "op": "put", "budgets": budgets(), "mode": "attach" }] });
        object.host.run(&put.to_string(), Instant::from_ms(now));
        object
    }

    /// What the list says is spent and held of a budget, in the window of an instant.
    fn stands(&self, budget: usize, at: i64) -> (i64, i64) {
        let same_window = |made: i64| budget != 1 || made.div_euclid(DAY) == at.div_euclid(DAY);
        let entries = self.entries.values().filter(|entry| entry.binds.contains(&budget) && same_window(entry.made));
        entries.fold((0, 0), |(spent, held), entry| match entry.state {
            State::Held => (spent, held + entry.tenths),
            State::Released => (spent, held),
            State::Settled(tenths, ..) => (spent + tenths, held),
        })
    }

    /// Moves the list on to the time that the ledger says it is.
    fn advance(&mut self, now: i64) {
        let back = self.last - now > DAY;
        for entry in self.entries.values_mut().filter(|entry| entry.state == State::Held) {
            if back && entry.made > now {
                entry.lease_ends = now + LEASE;
            }
            if entry.lease_ends <= now {
                entry.state = State::Settled(entry.tenths, true, true);
            }
        }
        self.last = now;
    }

    /// Says what an operation must be answered with, and notes what it does.
    fn expect(&mut self, message: &Message, now: i64) -> Value {
        let id = message.id.clone();
        let known = self.entries.get(&id).cloned();
        match (&message.op, known) {
            (Op::Tick, _) => Value::Null,
            (Op::Reserve { tenths, scopes }, known) => {
                match known {
                    Some(entry) if entry.state == State::Held => return json!(entry.tenths == *tenths),
                    Some(entry) if entry.state != State::Released => return json!("settled"),
                    _ => {}
                }
                let binds = bound(*scopes);
                let fits = binds.iter().all(|budget| {
                    let (spent, held) = self.stands(*budget, now);
                    spent + held + tenths <= LIMITS[*budget].1
                });
                if fits {
                    let entry =
                        Entry { tenths: *tenths, binds, made: now, lease_ends: now + LEASE, state: State::Held };
                    self.entries.insert(id, entry);
                }
                json!(fits)
            }
            (Op::Release, Some(entry)) => {
                let frees = matches!(entry.state, State::Held | State::Settled(_, _, true));
                if frees {
                    self.entries.get_mut(&id).unwrap().state = State::Released;
                }
                json!(frees)
            }
            (Op::Release, None) => json!(false),
            (Op::Settle { .. }, None) => json!("unknown"),
            (Op::Settle { tenths, marked }, Some(entry)) => {
                let (state, answer) = match entry.state {
                    State::Held | State::Released => (State::Settled(*tenths, *marked, false), "settled"),
                    State::Settled(_, truth, any) if !any && (!truth || *marked) => (entry.state, "already"),
                    State::Settled(charged, _, any) => {
                        // A correction is made once; an estimate in place of what the lease made of it is none yet.
                        let answer = if charged == *tenths { "already" } else { "corrected" };
                        (State::Settled(*tenths, any && *marked, false), answer)
                    }
                };
                self.entries.get_mut(&id).unwrap().state = state;
                json!(answer)
            }
        }
    }
}

impl World {
    fn new(fault: Fault) -> Self {
        let objects = (0..OBJECTS).map(|_| Object::new(NOON)).collect();
        let clients = vec![Waits::Idle; CLIENTS];
        Self { fault, time: 0, objects, clients, network: Vec::new(), billed: BTreeMap::new(), calls: 0 }
    }

    fn happens(&mut self, step: Step) -> Result<(), String> {
        let (a, b) = (usize::from(step.a), usize::from(step.b));
        match step.kind {
            // A call begins.
            0..=3 => {
                let client = a % CLIENTS;
                if !matches!(self.clients[client], Waits::Idle) {
                    return Ok(());
                }
                self.calls += 1;
                let op = Op::Reserve { tenths: 1 + (b % 4) as i64, scopes: b / 4 % 4 };
                let id = format!("{client}.{}", self.calls);
                let message = Message { client, object: b / 16 % OBJECTS, id, op, answer: None };
                self.send(message);
            }
            // A message arrives, whichever: late ones overtake.
            4..=9 => {
                if !self.network.is_empty() {
                    let message = self.network.remove(a % self.network.len());
                    return self.arrive(message);
                }
            }
            10 => {
                if !self.network.is_empty() {
                    self.network.push(self.network[a % self.network.len()].clone());
                }
            }
            11 => {
                if !self.network.is_empty() {
                    self.network.remove(a % self.network.len());
                }
            }
            // It was not answered: once more.
            12 => {
                if let Waits::Answer(message) = &self.clients[a % CLIENTS] {
                    self.network.push(message.clone());
                }
            }
            13 | 14 => self.provider(a % CLIENTS, b),
            15 => {
                let later = [SECOND, MINUTE, 5 * MINUTE, LEASE, LEASE + 1, HOUR][b % 6];
                if self.time + later <= LONGEST {
                    self.time += later;
                }
            }
            16 => {
                let off = [0, -SECOND, SECOND, -30 * MINUTE, 30 * MINUTE, -HOUR, -25 * HOUR, -26 * HOUR][b % 8];
                self.objects[a % OBJECTS].off = off;
            }
            17 => self.objects[a % OBJECTS].host.crash(),
            18 => self.objects[a % OBJECTS].ends_in_message = Some(b % 2 == 0),
            // Its alarm.
            _ => {
                return self.arrive(Message {
                    client: 0,
                    object: a % OBJECTS,
                    id: String::new(),
                    op: Op::Tick,
                    answer: None,
                });
            }
        }
        Ok(())
    }

    fn send(&mut self, message: Message) {
        self.clients[message.client] = Waits::Answer(message.clone());
        self.network.push(message);
    }

    /// What comes of a call of the provider that a client may make.
    fn provider(&mut self, client: usize, what: usize) {
        let Waits::Provider(message, tenths) = self.clients[client].clone() else { return };
        let mut bill = |billed: i64| {
            self.billed.insert((message.object, message.id.clone()), billed);
        };
        let op = match what % 8 {
            0 | 1 => {
                bill(tenths);
                Op::Settle { tenths, marked: false }
            }
            2..=4 => {
                bill(tenths - 1);
                Op::Settle { tenths: tenths - 1, marked: false }
            }
            // No connection was made.
            5 => Op::Release,
            // Nobody knows what became of it: in truth it was billed.
            6 => {
                bill(tenths);
                Op::Settle { tenths, marked: true }
            }
            // The Worker dies, and the provider had answered.
            _ => {
                bill(tenths);
                self.clients[client] = Waits::Idle;
                return;
            }
        };
        self.send(Message { op, answer: None, ..message });
    }

    fn arrive(&mut self, message: Message) -> Result<(), String> {
        let Some(allowed) = message.answer else { return self.serve(message) };
        // An answer, to whoever still waits for it.
        let client = message.client;
        let waits = matches!(&self.clients[client], Waits::Answer(sent) if sent.id == message.id
            && std::mem::discriminant(&sent.op) == std::mem::discriminant(&message.op));
        if waits {
            self.clients[client] = match message.op {
                Op::Reserve { tenths, .. } if allowed => Waits::Provider(message, tenths),
                _ => Waits::Idle,
            };
        }
        Ok(())
    }

    /// An object is asked.
    fn serve(&mut self, message: Message) -> Result<(), String> {
        let reading = NOON + self.time + self.objects[message.object].off;
        let op = match &message.op {
            Op::Reserve { tenths, scopes } => {
                json!({ "op": "reserve", "id": message.id, "usd": dollars(*tenths), "tokens": tenths, "scopes": scopes_json(*scopes), "leaseMs": LEASE })
            }
            Op::Settle { tenths, marked } => {
                json!({ "op": "settle", "id": message.id, "usd": dollars(*tenths), "tokens": tenths, "mark": marked.then_some("unknown_outcome") })
            }
            Op::Release => json!({ "op": "release", "id": message.id }),
            Op::Tick => json!({ "op": "tick" }),
        };
        let object = &mut self.objects[message.object];
        let text = json!({ "v": 1, "ops": [&op] }).to_string();
        let ends = object.ends_in_message.take();
        if ends == Some(false) {
            object.host.run_and_crash(&text, Instant::from_ms(reading));
            return Ok(());
        }
        let answer = faulty(object, &message, &op, reading, self.fault);
        // In a message of its own, so that it is seen what was written.
        let status: Value = ask(object, &json!({ "op": "status" }), reading)["ok"].take();
        let now = Instant::parse(status[0]["lastUpdated"].as_str().unwrap()).unwrap().ms();
        if now < reading {
            return Err(format!("the ledger's time {now} is before its clock's {reading}"));
        }
        object.advance(now);
        let again = object.entries.get(&message.id).is_some_and(|entry| entry.state == State::Held);
        let expected = object.expect(&message, now);
        let found = match (&message.op, &answer) {
            (Op::Reserve { .. }, answer) if answer["error"]["tollgate"] == "invalid_input" => {
                if answer["error"]["message"].as_str().unwrap().contains("settled") {
                    json!("settled")
                } else {
                    json!(false)
                }
            }
            (Op::Reserve { .. }, answer) => answer["ok"]["allowed"].clone(),
            (Op::Settle { .. }, answer) => answer["ok"]["status"].clone(),
            (_, answer) => answer["ok"].clone(),
        };
        if found != expected {
            return Err(format!("{} {}: expected {expected}, found {found}", op["op"], message.id));
        }
        for (budget, (name, limit)) in LIMITS.iter().enumerate() {
            let (spent, held) = object.stands(budget, now);
            let shown = &status[budget];
            for (what, tokens, tenths) in [("spentUsd", "currentSpending", spent), ("heldUsd", "held", held)] {
                let (found, is_right) = match shown[what].as_str() {
                    Some(usd) => (usd.to_owned(), Usd::parse(usd).unwrap() == Usd::parse(&dollars(tenths)).unwrap()),
                    None => (shown[tokens].to_string(), shown[tokens] == tenths),
                };
                if !is_right {
                    return Err(format!("{name}: expected {what} to be {}, found {found}", dollars(tenths)));
                }
            }
            // What had been promised before stays so, whatever a bill that came after its release has made of the rest.
            if found == true && matches!(message.op, Op::Reserve { .. }) && !again && spent + held > *limit {
                return Err(format!("{name}: {} of {} is promised", dollars(spent + held), dollars(*limit)));
            }
        }
        if ends == Some(true) {
            object.host.crash();
        } else if !matches!(message.op, Op::Tick) {
            let allowed = Some(found == true);
            self.network.push(Message { answer: allowed, ..message });
        }
        Ok(())
    }

    /// When all is said and all leases have ended: what providers billed is spent, and nothing is held.
    fn ends(&mut self) -> Result<(), String> {
        self.time += 3 * DAY;
        for object in 0..OBJECTS {
            self.objects[object].off = 0;
            self.objects[object].ends_in_message = None;
            self.serve(Message { client: 0, object, id: String::new(), op: Op::Tick, answer: None })?;
            let entries = &self.objects[object].entries;
            if let Some((id, _)) = entries.iter().find(|(_, entry)| entry.state == State::Held) {
                return Err(format!("{id} is held for ever"));
            }
            for ((of, id), billed) in &self.billed {
                let charged = match entries.get(id).map(|entry| entry.state) {
                    Some(State::Settled(charged, ..)) => charged,
                    _ => 0,
                };
                if *of == object && charged < *billed {
                    return Err(format!("{id}: {} was billed, {} is spent", dollars(*billed), dollars(charged)));
                }
            }
        }
        Ok(())
    }
}

fn ask(object: &mut Object, op: &Value, reading: i64) -> Value {
    let answer = object.host.run(&json!({ "v": 1, "ops": [op] }).to_string(), Instant::from_ms(reading));
    serde_json::from_str(&answer).unwrap()
}

/// Asks the ledger, by way of the fault.
fn faulty(object: &mut Object, message: &Message, op: &Value, reading: i64, fault: Fault) -> Value {
    let known = object.entries.get(&message.id).map(|entry| entry.state);
    match (&message.op, fault) {
        (Op::Reserve { .. }, Fault::LostIdempotency) if known == Some(State::Held) => {
            let mut again = op.clone();
            again["id"] = json!(format!("{}'", message.id));
            ask(object, &again, reading)
        }
        (Op::Reserve { scopes: 3, .. }, Fault::ScopesNotAtomic) => {
            let answer = ask(object, op, reading);
            if answer["ok"]["allowed"] == false {
                // The first scope was asked before the second refused.
                let mut first = op.clone();
                first["scopes"].as_array_mut().unwrap().truncate(1);
                ask(object, &first, reading);
            }
            answer
        }
        (Op::Settle { .. }, Fault::DoubleSettlement) => {
            let answer = ask(object, op, reading);
            if answer["ok"]["status"] == "already" {
                let at = Instant::from_ms(reading).to_string();
                ask(
                    object,
                    &json!({ "op": "charge", "id": "once more", "usd": op["usd"], "scopes": [], "at": at }),
                    reading,
                );
            }
            answer
        }
        (_, Fault::ExpiryAtZero) => {
            let over: Vec<String> = object
                .entries
                .iter()
                .filter(|(_, entry)| entry.state == State::Held && entry.lease_ends <= reading)
                .map(|(id, _)| id.clone())
                .collect();
            for id in over {
                ask(object, &json!({ "op": "release", "id": id }), reading);
            }
            ask(object, op, reading)
        }
        (Op::Release, Fault::LostRelease) => {
            json!({ "ok": matches!(known, Some(State::Held | State::Settled(_, _, true))) })
        }
        _ => ask(object, op, reading),
    }
}

impl schedule::World for World {
    type Fault = Fault;
    const SOUND: Fault = Fault::None;
    const KINDS: &'static [(u8, &'static str)] = &[
        (3, "a call begins"),
        (9, "a message arrives"),
        (10, "a message is repeated"),
        (11, "a message is lost"),
        (12, "a client asks again"),
        (14, "the provider has been called"),
        (15, "time goes by"),
        (16, "a clock is set"),
        (17, "an object crashes"),
        (18, "an object will crash in its next message"),
        (19, "an alarm rings"),
    ];
    const LONGEST: u64 = 80;

    fn begin(fault: Fault) -> Self {
        Self::new(fault)
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        self.happens(step)
    }

    fn end(&mut self) -> Result<(), String> {
        self.ends()
    }
}

#[test]
fn no_schedule_overspends_or_loses_anything() {
    let count = holds::<World>(2_000);
    println!("{count} schedules: never over, nothing lost, nothing twice");
}

#[test]
fn each_of_five_planted_faults_is_found() {
    for fault in [
        Fault::LostIdempotency,
        Fault::ScopesNotAtomic,
        Fault::DoubleSettlement,
        Fault::ExpiryAtZero,
        Fault::LostRelease,
    ] {
        let Failed { steps, .. } = finds::<World>(fault);
        assert!(steps.len() <= 16, "{fault:?}: {} steps", steps.len());
    }
}

#[test]
fn a_schedule_is_what_its_number_says() {
    let text = |number| format!("{:?}", schedule::schedule::<World>(number));
    assert_eq!(text(7), text(7));
    assert_ne!(text(7), text(8));
}
