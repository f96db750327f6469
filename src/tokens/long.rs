//! Byte-pair encoding of long pieces, in time that grows with their length only.
//!
//! Pairs wait in a bucket for each token they would merge to, and the buckets are emptied in the order of the merges. A
//! merge only makes pairs that merge later, so no bucket is visited twice. Pairs of one bucket overlap only where a token is
//! doubled (`x x x`): of such a run every other pair merges, from its start on. All other pairs of a bucket may merge in any
//! order.

use super::merges::{Id, MOST_TOKENS, Merges, NONE};

/// No place.
const NOWHERE: u32 = u32::MAX;

/// Pieces up to this length leave their room to the next one.
const KEPT: usize = 1 << 17;

/// The room that long pieces are encoded in, kept from piece to piece. There is none before the first.
#[derive(Default)]
pub(super) struct Long {
    nodes: Vec<Node>,
    queue: Queue,
}

/// A token of the piece, at the place where it starts.
#[derive(Clone, Copy)]
struct Node {
    /// [`NONE`] once it is a part of the token before.
    id: Id,
    /// The token before, and the token after.
    before: u32,
    after: u32,
    /// What this token and the one after merge to.
    merged: Id,
}

impl Long {
    /// Encodes a piece; [`Long::tokens`] has the answer. Gives how many tokens there are.
    pub fn encode(&mut self, merges: &Merges, piece: &[u8]) -> usize {
        if self.nodes.capacity() > KEPT && piece.len() <= KEPT {
            *self = Self::default();
        }
        self.begin(merges, piece);
        let mut count = piece.len();
        while let Some((place, bucket)) = self.queue.pop() {
            // A pair that has changed since it was filed waits in another bucket, or in none.
            if self.waits(place, bucket) {
                count -= self.merge_run(merges, place, bucket);
            }
        }
        count
    }

    /// The tokens of the last piece, each with the place where it ends.
    pub fn tokens(&self) -> impl Iterator<Item = (Id, usize)> {
        let mut place = 0;
        std::iter::from_fn(move || {
            let node = self.node(place)?;
            place = node.after;
            Some((node.id, if place == NOWHERE { self.nodes.len() } else { place as usize }))
        })
    }

    fn begin(&mut self, merges: &Merges, piece: &[u8]) {
        self.nodes.clear();
        let pairs = piece.iter().zip(piece.iter().skip(1)).map(|(left, right)| merges.of_bytes(*left, *right));
        for ((place, byte), merged) in (0..).zip(piece).zip(pairs.chain([NONE])) {
            let after = if place as usize + 1 == piece.len() { NOWHERE } else { place + 1 };
            self.nodes.push(Node { id: Id::from(*byte), before: u32::wrapping_sub(place, 1), after, merged });
        }
        // From the end on: buckets give first what was filed last, and memory is best read in order.
        self.queue.begin();
        for (place, node) in self.nodes.iter().enumerate().rev() {
            self.queue.push(place as u32, node.merged);
        }
    }

    fn node(&self, place: u32) -> Option<&Node> {
        self.nodes.get(place as usize)
    }

    /// The id at a place; [`NONE`] where there is no token.
    fn id(&self, place: u32) -> Id {
        self.node(place).map_or(NONE, |node| node.id)
    }

    fn waits(&self, place: u32, bucket: Id) -> bool {
        self.node(place).is_some_and(|node| node.id != NONE && node.merged == bucket)
    }

    /// Merges the pair at a place, and where its token is doubled all pairs of the run. Gives how many it merged.
    fn merge_run(&mut self, merges: &Merges, place: u32, bucket: Id) -> usize {
        let id = self.id(place);
        let doubled = self.node(place).is_some_and(|node| self.id(node.after) == id);
        let mut at = place;
        if doubled {
            while let Some(before) = self.node(at).map(|node| node.before).filter(|before| self.id(*before) == id) {
                at = before;
            }
        }
        let mut count = 0;
        loop {
            at = self.merge(merges, at, bucket);
            count += 1;
            if !(doubled && self.id(at) == id && self.waits(at, bucket)) {
                return count;
            }
        }
    }

    /// Merges the pair at a place, and files the pairs on both sides of the new token. Gives the place after it.
    fn merge(&mut self, merges: &Merges, at: u32, merged: Id) -> u32 {
        let Some(&Node { before, after: part, .. }) = self.node(at) else { return NOWHERE };
        let Some(gone) = self.nodes.get_mut(part as usize) else { return NOWHERE };
        gone.id = NONE;
        let after = gone.after;
        if let Some(node) = self.nodes.get_mut(after as usize) {
            node.before = at;
        }
        let next = self.pair(merges, merged, self.id(after));
        if let Some(node) = self.nodes.get_mut(at as usize) {
            *node = Node { id: merged, before, after, merged: next };
        }
        self.queue.push(at, next);
        let next = self.pair(merges, self.id(before), merged);
        if let Some(node) = self.nodes.get_mut(before as usize) {
            node.merged = next;
            self.queue.push(before, next);
        }
        after
    }

    fn pair(&self, merges: &Merges, left: Id, right: Id) -> Id {
        if left == NONE || right == NONE { NONE } else { merges.of_tokens(left, right) }
    }
}

/// Places in the order of the tokens that they wait to become.
#[derive(Default)]
struct Queue {
    /// By token: its last entry.
    buckets: Vec<u32>,
    /// Which buckets are not empty, as bits.
    filled: Vec<u64>,
    /// The first word of `filled` that may not be 0.
    first: usize,
    /// A place, and the entry that was the last one before.
    entries: Vec<(u32, u32)>,
}

impl Queue {
    fn begin(&mut self) {
        if self.buckets.is_empty() {
            self.buckets = vec![NOWHERE; MOST_TOKENS];
            self.filled = vec![0; MOST_TOKENS / 64];
        }
        self.first = 0;
        self.entries.clear();
    }

    /// Files a place; not where there is no such token.
    fn push(&mut self, place: u32, bucket: Id) {
        let Some(head) = self.buckets.get_mut(bucket as usize) else { return };
        self.entries.push((place, *head));
        *head = self.entries.len() as u32 - 1;
        if let Some(word) = self.filled.get_mut(bucket as usize / 64) {
            *word |= 1 << (bucket % 64);
        }
    }

    /// A place of the first bucket that is not empty, and the bucket.
    fn pop(&mut self) -> Option<(u32, Id)> {
        let word = loop {
            match self.filled.get_mut(self.first)? {
                0 => self.first += 1,
                word => break word,
            }
        };
        let bucket = self.first * 64 + word.trailing_zeros() as usize;
        let head = self.buckets.get_mut(bucket)?;
        let (place, next) = *self.entries.get(*head as usize)?;
        *head = next;
        if next == NOWHERE {
            *word &= *word - 1;
        }
        Some((place, bucket as Id))
    }
}
