//! Budgets handed out: the ledger in memory, and the pure questions that a manager asks whatever ledger it is over.
//! Configurations, scopes and answers cross as JSON text: they hold names that users chose.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    clock::zone,
    value::{instant, money},
};
use crate::{
    budget::{
        Amounts, Charge, Child, Config, Guarantee, Ledger, Mode, Reserve, Scope, Zones, check,
        child::Step,
        config::parse_week_start,
        message::{self, Message},
        rows::{Change, MOST_TEXT, texts_of},
    },
    error::{Error, Result},
    json::{Raw, ToJson},
    money::Usd,
    object::Object,
    time::{Instant, Zone},
};

/// The zones of the host.
struct HostZones;

impl Zones for HostZones {
    fn zone(&self, name: &str) -> Result<Rc<dyn Zone>> {
        zone(name).map(Rc::from)
    }
}

/// The ledger in memory: one process decides. `now` is the host's clock, in UTC milliseconds.
#[wasm_bindgen]
pub struct MemoryLedger {
    ledger: RefCell<Ledger>,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self { ledger: RefCell::new(Ledger::new(Guarantee::PerInstance)) }
    }
}

#[wasm_bindgen]
impl MemoryLedger {
    /// A ledger without budgets.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores budgets, a JSON array; answers with what is stored.
    pub fn put(&self, budgets: &str, mode: &str, now: f64) -> Result<String> {
        let mode = Mode::parse(mode)?;
        let now = Instant::from_number(now)?;
        // All are read before any is stored.
        let configs = Config::parse_list(budgets)?;
        let mut ledger = self.ledger.borrow_mut();
        let stored =
            configs.into_iter().map(|config| ledger.put(config, mode, &HostZones, now)).collect::<Result<Vec<_>>>()?;
        Ok(stored.to_json())
    }

    /// The budgets.
    pub fn list(&self) -> Result<String> {
        Ok(self.ledger.borrow().list().to_json())
    }

    /// Removes a budget.
    pub fn remove(&self, id: &str) -> bool {
        self.ledger.borrow_mut().remove(id)
    }

    /// Holds an amount in every budget that binds, or in none.
    #[allow(clippy::too_many_arguments)] // What a host calls with plain values.
    pub fn reserve(
        &self,
        id: &str,
        usd: &str,
        tokens: Option<f64>,
        requests: Option<f64>,
        scopes: &str,
        lease_ms: f64,
        now: f64,
    ) -> Result<String> {
        let scopes = Scope::parse_list(scopes)?;
        if !lease_ms.is_finite() {
            return Err(Error::input("cannot reserve: expected leaseMs to be a number, found none"));
        }
        let request = Reserve {
            id,
            amounts: Amounts { requests: count(requests)?.unwrap_or(1), ..amounts(usd, tokens)? },
            scopes: &scopes,
            lease_ms: lease_ms as i64,
        };
        Ok(self.ledger.borrow_mut().reserve(&request, Instant::from_number(now)?)?.to_json())
    }

    /// Turns a hold into spending; `mark` says why the amount is an estimate, where it is one.
    pub fn settle(&self, id: &str, usd: &str, tokens: Option<f64>, mark: Option<String>, now: f64) -> Result<String> {
        let (amounts, now) = (amounts(usd, tokens)?, Instant::from_number(now)?);
        Ok(self.ledger.borrow_mut().settle(id, amounts, mark.is_some(), now).to_json())
    }

    /// Frees a hold.
    pub fn release(&self, id: &str, now: f64) -> Result<bool> {
        Ok(self.ledger.borrow_mut().release(id, Instant::from_number(now)?))
    }

    /// Counts what nobody reserved, once; a higher revision replaces what its record counted. Says whether any budget
    /// stands elsewhere now.
    #[allow(clippy::too_many_arguments)] // What a host calls with plain values.
    pub fn charge(
        &self,
        record_id: &str,
        usd: &str,
        tokens: Option<f64>,
        scopes: &str,
        at: &JsValue,
        reservation_id: Option<String>,
        revision: Option<u32>,
        requests: Option<f64>,
        now: f64,
    ) -> Result<bool> {
        let (amounts, at, now) = (amounts(usd, tokens)?, instant(at)?, Instant::from_number(now)?);
        let amounts = Amounts { requests: count(requests)?.unwrap_or(1), ..amounts };
        let scopes = Scope::parse_open_list(scopes)?;
        let mut ledger = self.ledger.borrow_mut();
        let reservation_ids = reservation_id.as_deref();
        let reservation_ids = reservation_ids.as_slice();
        let revision = revision.unwrap_or(0);
        Ok(ledger.take(&Charge { record_id, revision, amounts, scopes: &scopes, at, reservation_ids }, now).counted)
    }

    /// Adds to a budget's limit, once: `{ id, amount, until?, reason? }` as JSON text. Says whether it is new.
    pub fn adjust(&self, budget: &str, asked: &str, now: f64) -> Result<bool> {
        let asked = Object::parse(asked, "adjustment")?;
        self.ledger.borrow_mut().adjust(budget, &asked, Instant::from_number(now)?)
    }

    /// Takes a name for so many milliseconds, or gives it back; says whether it is the owner's.
    pub fn claim(&self, name: &str, owner: &str, ms: f64, now: f64) -> Result<bool> {
        Ok(self.ledger.borrow_mut().claim(name, owner, ms as i64, Instant::from_number(now)?))
    }

    /// Where budgets stand: all, or those of a JSON array of ids.
    pub fn status(&self, ids: Option<String>, now: f64) -> Result<String> {
        let ids: Option<Vec<String>> = ids
            .map(|ids| {
                let ids = Raw::parse(&ids).ok().and_then(Raw::items);
                ids.and_then(|ids| ids.into_iter().map(Raw::to_text).collect()).ok_or_else(|| {
                    Error::input("cannot answer status: expected an array of budget ids, found something else")
                })
            })
            .transpose()?;
        Ok(self.ledger.borrow_mut().status(ids.as_deref(), Instant::from_number(now)?).to_json())
    }
}

/// A ledger whose state a host keeps, as rows: see the core's `budget::rows`. `now` is the clock of that host.
#[wasm_bindgen]
pub struct KeptLedger {
    ledger: RefCell<Ledger>,
    /// What it is handed by another object, where it is a slice.
    child: RefCell<Child>,
}

#[wasm_bindgen]
impl KeptLedger {
    /// An empty one; its guarantee is that of the host's transactions.
    #[wasm_bindgen(constructor)]
    pub fn new(hard: bool) -> Self {
        let ledger = Ledger::kept(if hard { Guarantee::Hard } else { Guarantee::PerInstance });
        Self { ledger: RefCell::new(ledger), child: RefCell::default() }
    }

    /// The keys of the rows that a message needs and that are not in memory.
    pub fn missing(&self, message: &str) -> Result<Vec<String>> {
        Ok(self.ledger.borrow().missing(&Message::parse(message)?))
    }

    /// Says that what was written can be read again: it need not be in memory.
    #[wasm_bindgen(js_name = forgetWritten)]
    pub fn forget_written(&self) {
        self.ledger.borrow_mut().forget_written();
    }

    /// Takes in rows, a JSON array of `[key, value]`.
    pub fn load(&self, rows: &str) -> Result<()> {
        self.child.borrow_mut().load(rows);
        self.ledger.borrow_mut().load(rows, &HostZones).map(|_| ())
    }

    /// Runs operations of a message as a slice: those at these places, a JSON array, or all. A text for each: its answer; `^` and the
    /// operation, where the parent is to be asked it; nothing, where it waits for what the parent is asked.
    #[wasm_bindgen(js_name = runSlice)]
    pub fn run_slice(
        &self,
        message: &str,
        places: &str,
        last: bool,
        parent: &str,
        name: &str,
        now: f64,
    ) -> Result<Vec<String>> {
        let now = Instant::from_number(now)?;
        let (mut child, mut ledger) = (self.child.borrow_mut(), self.ledger.borrow_mut());
        child.be(parent, name, now)?;
        let places = Raw::parse(places).ok().and_then(Raw::items);
        let places =
            places.map(|places| places.into_iter().filter_map(|place| Some(place.whole()? as usize)).collect());
        let steps = child.run(&mut ledger, message, places, last, now)?.into_iter().map(|step| match step {
            Step::Answer(answer) => answer,
            Step::Forward(op) => ["^", &op].concat(),
            Step::Wait => String::new(),
        });
        Ok(steps.collect())
    }

    /// What a slice has to ask and to tell its parent: operations.
    pub fn outgoing(&self, now: f64) -> Result<String> {
        Ok(self.child.borrow_mut().outgoing(&mut self.ledger.borrow_mut(), Instant::from_number(now)?))
    }

    /// Takes the parent's answers, a JSON array, to the message that went out last.
    pub fn incoming(&self, sent: &str, answers: &str, now: f64) -> Result<()> {
        let now = Instant::from_number(now)?;
        self.child.borrow_mut().incoming(&mut self.ledger.borrow_mut(), sent, answers, now)
    }

    /// Whose slice it is; an empty text for nobody's.
    #[wasm_bindgen(js_name = sliceOf)]
    pub fn slice_of(&self) -> String {
        self.child.borrow().parent().to_owned()
    }

    /// Runs a message from an operation on: the answers, separated by commas, and the place of the first that was not run,
    /// since a new budget is first to be offered all that is kept.
    pub fn run(&self, message: &str, from: u32, now: f64) -> Result<Vec<String>> {
        let now = Instant::from_number(now)?;
        let (answers, next) = message::run(&mut self.ledger.borrow_mut(), message, from as usize, &HostZones, now)?;
        Ok(vec![answers, next.to_string()])
    }

    /// All of it at once: crossing over takes as long as a reservation. Either, unless what the message needs is loaded, `?` and the keys of
    /// rows that are missing; or as [`KeptLedger::run`] and, unless new budgets are to be offered what is kept, as [`KeptLedger::changes`].
    pub fn exchange(&self, message: &str, is_loaded: bool, now: f64) -> Result<Vec<String>> {
        let now = Instant::from_number(now)?;
        let message = Message::parse(message)?;
        let mut ledger = self.ledger.borrow_mut();
        if !is_loaded {
            let missing = ledger.missing(&message);
            if !missing.is_empty() {
                return Ok(["?".to_owned()].into_iter().chain(missing).collect());
            }
        }
        let (answers, next) = message.run(&mut ledger, 0, &HostZones, now);
        let adopting = ledger.is_adopting();
        drop(ledger);
        let mut said = vec![answers, next.to_string()];
        if !adopting {
            said.extend(self.changes());
        }
        Ok(said)
    }

    /// Whether new budgets are to be offered all that is kept.
    #[wasm_bindgen(js_name = isAdopting)]
    pub fn is_adopting(&self) -> bool {
        self.ledger.borrow().is_adopting()
    }

    /// Offers them a page of it.
    pub fn adopt(&self, rows: &str, last: bool, now: f64) -> Result<()> {
        self.ledger.borrow_mut().adopt_rows(rows, last, Instant::from_number(now)?, &HostZones)
    }

    /// What is to be written in one transaction, as JSON arrays: the keys to delete, then the rows, `[key, hot, due, value]`, in
    /// texts that a database takes as a parameter. Nothing, if nothing has changed.
    pub fn changes(&self) -> Vec<String> {
        let (puts, gone): (Vec<Change>, Vec<Change>) = self.all_changes().partition(|change| change.value.is_some());
        if puts.is_empty() && gone.is_empty() {
            return Vec::new();
        }
        let gone: Vec<String> = gone.into_iter().map(|change| change.key).collect();
        let mut texts = vec![gone.to_json()];
        texts.extend(texts_of(&puts, MOST_TEXT));
        texts
    }

    /// As [`KeptLedger::changes`], for a host that writes row by row, at once: key, `1` for a hot one, when it is due or nothing, and the
    /// value or nothing for one that is to be deleted; four texts for each.
    #[wasm_bindgen(js_name = changedRows)]
    pub fn changed_rows(&self) -> Vec<String> {
        let texts = self.all_changes().flat_map(|change| {
            let hot = if change.hot { "1" } else { "" };
            let due = change.due.map_or(String::new(), |due| due.ms().to_string());
            [change.key, hot.to_owned(), due, change.value.unwrap_or_default()]
        });
        let texts = texts.collect();
        self.ledger.borrow_mut().forget_written();
        texts
    }

    /// When the first lease ends.
    #[wasm_bindgen(js_name = nextExpiry)]
    pub fn next_expiry(&self) -> Option<f64> {
        self.child.borrow().next_expiry(&self.ledger.borrow()).map(|at| at.ms() as f64)
    }

    /// Up to when rows that are due are to be swept, if it is time for that.
    #[wasm_bindgen(js_name = sweepDue)]
    pub fn sweep_due(&self) -> Option<f64> {
        self.ledger.borrow().sweep_due().map(|at| at.ms() as f64)
    }

    /// Forgets what may be forgotten of a page of rows that are due.
    pub fn sweep(&self, rows: &str, last: bool) -> Result<()> {
        self.ledger.borrow_mut().sweep_rows(rows, last, &HostZones)
    }
}

impl KeptLedger {
    fn all_changes(&self) -> impl Iterator<Item = Change> {
        let changes = self.ledger.borrow_mut().changes();
        changes.into_iter().chain(self.child.borrow_mut().changes())
    }
}

/// The keys of the rows that a message needs: a JSON array, or an empty text for none.
#[wasm_bindgen(js_name = ledgerWants)]
pub fn ledger_wants(message: &str) -> Result<String> {
    let keys = message::wants(message)?;
    Ok(if keys.is_empty() { String::new() } else { keys.to_json() })
}

/// What a caller says of a budget, as the budget it makes. Its zone must be one that the host knows.
#[wasm_bindgen(js_name = readBudget)]
pub fn read_budget(input: &str, time_zone: &str, week_start: &str) -> Result<String> {
    let config = Config::parse_input(input, time_zone, parse_week_start(week_start)?)?;
    zone(&config.time_zone)?;
    Ok(config.to_json())
}

/// A budget with some of its fields replaced.
#[wasm_bindgen(js_name = updateBudget)]
pub fn update_budget(budget: &str, updates: &str) -> Result<String> {
    let config = Config::parse(budget)?.updated(updates)?;
    zone(&config.time_zone)?;
    Ok(config.to_json())
}

/// Whether two budgets say the same, whatever a ledger added.
#[wasm_bindgen(js_name = budgetsAgree)]
pub fn budgets_agree(one: &str, other: &str) -> Result<bool> {
    Ok(Config::parse(one)?.says_the_same(&Config::parse(other)?))
}

/// Which of some budgets bind a call of some scopes: their places, as a JSON array.
#[wasm_bindgen(js_name = bindingBudgets)]
pub fn binding_budgets(budgets: &str, scopes: &str) -> Result<String> {
    let scopes = Scope::parse_open_list(scopes)?;
    let bound: Vec<f64> = Config::parse_list(budgets)?
        .iter()
        .enumerate()
        .filter(|(_, config)| config.binds(&scopes))
        .map(|(index, _)| index as f64)
        .collect();
    Ok(bound.to_json())
}

/// The start of the earliest window that any of some budgets is in, in UTC milliseconds; 1970 for `total`. What was spent
/// since then is what they have to count.
#[wasm_bindgen(js_name = earliestWindow)]
pub fn earliest_window(budgets: &str, now: f64) -> Result<f64> {
    let now = Instant::from_number(now)?;
    let mut earliest = now;
    for config in Config::parse_list(budgets)? {
        let zone = zone(&config.time_zone)?;
        earliest = earliest.min(config.bounds(now.plus(-config.reach().unwrap_or(0)), &*zone).0);
    }
    Ok(earliest.ms().max(0) as f64)
}

/// Judges an amount by the statuses of the budgets that bind it; they are named by their places.
#[wasm_bindgen(js_name = checkBudgets)]
pub fn check_budgets(statuses: &str, usd: &str, tokens: Option<f64>, now: f64) -> Result<String> {
    Ok(check(statuses, amounts(usd, tokens)?, Instant::from_number(now)?)?.to_json())
}

fn amounts(usd: &str, tokens: Option<f64>) -> Result<Amounts> {
    Ok(Amounts::new(Usd::parse(usd)?, count(tokens)?))
}

fn count(number: Option<f64>) -> Result<Option<u64>> {
    match number {
        None => Ok(None),
        Some(count) if count >= 0.0 && count.fract() == 0.0 && count <= 9_007_199_254_740_991.0 => {
            Ok(Some(count as u64))
        }
        Some(_) => Err(Error::input("cannot read a count: expected a whole number of at least 0, found another value")),
    }
}

/// An amount as its exact decimal.
#[wasm_bindgen(js_name = readAmount)]
pub fn read_amount(value: &JsValue) -> Result<String> {
    Ok(money(value)?.to_string())
}
