//! Schedules of a simulation: random steps that follow from a number, tried until one fails, made as short as it still fails, and told as
//! a person reads them.

use std::fmt::{Debug, Write as _};

/// What happens next; what the letters choose depends on what there is to choose from.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub kind: u8,
    pub a: u8,
    pub b: u8,
}

/// What is simulated.
pub trait World: Sized {
    /// What may be planted in it, to see that it is found.
    type Fault: Copy + Debug;
    /// Nothing planted.
    const SOUND: Self::Fault;
    /// The kinds of steps, each up to this number.
    const KINDS: &'static [(u8, &'static str)];
    /// A schedule has from 20 steps to so many.
    const LONGEST: u64;
    /// How it begins.
    fn begin(fault: Self::Fault) -> Self;
    /// What comes of a step; an error says what is wrong with it.
    fn step(&mut self, step: Step) -> Result<(), String>;
    /// When all is said and all leases have ended.
    fn end(&mut self) -> Result<(), String>;
}

/// A schedule that fails.
pub struct Failed {
    pub number: u64,
    pub steps: Vec<Step>,
    pub what: String,
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The steps of that number.
pub fn schedule<W: World>(number: u64) -> Vec<Step> {
    let mut random = Random(number);
    let kinds = W::KINDS.last().unwrap().0 + 1;
    let length = 20 + random.next() % (W::LONGEST - 20);
    let mut step = || {
        let [kind, a, b, ..] = random.next().to_le_bytes();
        Step { kind: kind % kinds, a, b }
    };
    (0..length).map(|_| step()).collect()
}

/// What goes wrong in a schedule, and after how many steps.
pub fn failure<W: World>(steps: &[Step], fault: W::Fault) -> Option<(usize, String)> {
    let mut world = W::begin(fault);
    for (at, step) in steps.iter().enumerate() {
        if let Err(what) = world.step(*step) {
            return Some((at + 1, what));
        }
    }
    world.end().err().map(|what| (steps.len(), what))
}

/// The schedule without every step that it also fails without.
fn shrunk<W: World>(mut steps: Vec<Step>, fault: W::Fault) -> (Vec<Step>, String) {
    let mut what = failure::<W>(&steps, fault).map(|(_, what)| what).unwrap_or_default();
    let mut size = steps.len();
    while size > 0 {
        let mut at = 0;
        while at < steps.len() {
            let rest: Vec<Step> = [&steps[..at], &steps[(at + size).min(steps.len())..]].concat();
            match failure::<W>(&rest, fault) {
                Some((until, found)) => (steps, what) = (rest[..until.min(rest.len())].to_vec(), found),
                None => at += size,
            }
        }
        size /= 2;
    }
    (steps, what)
}

/// The first schedule that fails, shrunk.
fn first_failure<W: World>(schedules: u64, fault: W::Fault) -> Option<Failed> {
    (0..schedules).find_map(|number| {
        let steps = schedule::<W>(number);
        failure::<W>(&steps, fault)?;
        let (steps, what) = shrunk::<W>(steps, fault);
        Some(Failed { number, steps, what })
    })
}

/// A schedule as a person reads it.
fn told<W: World>(steps: &[Step]) -> String {
    let name = |kind: u8| W::KINDS.iter().find(|(last, _)| kind <= *last).unwrap().1;
    steps.iter().enumerate().fold(String::new(), |mut text, (at, Step { kind, a, b })| {
        let _ = writeln!(text, "  {:>2}. {} ({a}, {b})", at + 1, name(*kind));
        text
    })
}

/// How many schedules hold: as many as the environment asks for, else so many.
pub fn holds<W: World>(schedules: u64) -> u64 {
    let asked = std::env::var("TOLLGATE_SCHEDULES").ok().and_then(|number| number.parse().ok());
    let count = asked.unwrap_or(schedules);
    if let Some(Failed { number, steps, what }) = first_failure::<W>(count, W::SOUND) {
        panic!("schedule {number}, in {} steps:\n{}{what}", steps.len(), told::<W>(&steps));
    }
    count
}

/// Finds a fault within 10,000 schedules.
pub fn finds<W: World>(fault: W::Fault) -> Failed {
    let found = first_failure::<W>(10_000, fault).unwrap_or_else(|| panic!("{fault:?} was not found"));
    let Failed { number, steps, what } = &found;
    println!("{fault:?}: found by schedule {number}, which needs {} steps\n{}  {what}", steps.len(), told::<W>(steps));
    assert!(failure::<W>(steps, W::SOUND).is_none(), "{fault:?}: the fault is what fails");
    found
}
