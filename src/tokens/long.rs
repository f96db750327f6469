//! Byte-pair encoding of long pieces, in time that grows with their length only.
//!
//! Pairs wait in a bucket for each token they would merge to, and the buckets are emptied in the order of the merges. A
//! merge only makes pairs that merge later, so no bucket is visited twice. Pairs of one bucket overlap only where a token is
//! doubled (`x x x`): of such a run every other pair merges, from its start on. All other pairs of a bucket may merge in any
//! order.
//!
//! In a few vocabularies that others made, a merge does make pairs that merge earlier. There the pairs wait in a heap.

use std::{cmp::Reverse, collections::BinaryHeap};

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
    /// Instead of the queue: the token above the place.
    heap: BinaryHeap<Reverse<u64>>,
}

/// A token of the piece, at the place where it starts.
#[derive(Clone, Copy)]
struct Node {
    /// [`NONE`] once it is a part of the token before.
    id: Id,
    /// The token before, and the token after.
    before: u32,
    after: u32,
    /// What this token and the one after merge to: the bucket that the place is in.
    merged: Id,
    /// The place before in the bucket, and the one after.
    left: u32,
    right: u32,
}

impl Long {
    /// Encodes a piece; [`Long::tokens`] has the answer. Gives how many tokens there are.
    pub fn encode(&mut self, merges: &mut Merges, piece: &[u8]) -> usize {
        if self.nodes.capacity() > KEPT && piece.len() <= KEPT {
            *self = Self::default();
        }
        self.begin(merges, piece);
        let mut count = piece.len();
        if merges.ordered {
            while let Some((place, bucket)) = self.queue.first() {
                count -= self.merge_run(merges, place, bucket);
            }
        } else {
            while let Some(Reverse(both)) = self.heap.pop() {
                let (place, bucket) = (both as u32, (both >> 32) as Id);
                // A pair that has changed since it was filed is there once more, or nowhere.
                if self.waits(place, bucket) {
                    self.merge(merges, place, bucket);
                    count -= 1;
                }
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

    fn begin(&mut self, merges: &mut Merges, piece: &[u8]) {
        self.nodes.clear();
        self.nodes.reserve_exact(piece.len());
        for (place, byte) in (0..).zip(piece) {
            let after = if place as usize + 1 == piece.len() { NOWHERE } else { place + 1 };
            let before = u32::wrapping_sub(place, 1);
            self.nodes.push(Node { id: Id::from(*byte), before, after, merged: NONE, left: NOWHERE, right: NOWHERE });
        }
        self.queue.begin();
        // From the end on: buckets give first what was filed last, and memory is best read in order.
        for (place, (left, right)) in piece.iter().zip(piece.iter().skip(1)).enumerate().rev() {
            let merged = merges.of_bytes(*left, *right);
            self.file(merges, place as u32, merged);
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
    fn merge_run(&mut self, merges: &mut Merges, place: u32, bucket: Id) -> usize {
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
    fn merge(&mut self, merges: &mut Merges, at: u32, merged: Id) -> u32 {
        let Some(&Node { before, after: part, .. }) = self.node(at) else { return NOWHERE };
        let Some(gone) = self.nodes.get_mut(part as usize) else { return NOWHERE };
        gone.id = NONE;
        let after = gone.after;
        if let Some(node) = self.nodes.get_mut(after as usize) {
            node.before = at;
        }
        self.unfile(part);
        let next = self.pair(merges, merged, self.id(after));
        self.unfile(at);
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.id = merged;
            node.after = after;
        }
        self.file(merges, at, next);
        let next = self.pair(merges, self.id(before), merged);
        self.unfile(before);
        self.file(merges, before, next);
        after
    }

    /// Files a place, which is filed nowhere, under the token that its pair merges to.
    fn file(&mut self, merges: &mut Merges, place: u32, bucket: Id) {
        let Some(node) = self.nodes.get_mut(place as usize) else { return };
        node.merged = bucket;
        if bucket == NONE {
            return;
        }
        if !merges.ordered {
            self.heap.push(Reverse(u64::from(bucket) << 32 | u64::from(place)));
            return;
        }
        let right = self.queue.replace_first(bucket, place);
        (node.left, node.right) = (NOWHERE, right);
        if let Some(node) = self.nodes.get_mut(right as usize) {
            node.left = place;
        }
    }

    /// Takes a place out of its bucket. In the heap it stays: what is there and no longer true is passed over.
    fn unfile(&mut self, place: u32) {
        let Some(&Node { merged, left, right, .. }) = self.nodes.get(place as usize) else { return };
        if merged == NONE {
            return;
        }
        if let Some(node) = self.nodes.get_mut(right as usize) {
            node.left = left;
        }
        match self.nodes.get_mut(left as usize) {
            Some(node) => node.right = right,
            None => self.queue.set_first(merged, right),
        }
        if let Some(node) = self.nodes.get_mut(place as usize) {
            node.merged = NONE;
        }
    }

    fn pair(&self, merges: &mut Merges, left: Id, right: Id) -> Id {
        if left == NONE || right == NONE { NONE } else { merges.of_tokens(left, right) }
    }
}

/// Places in the order of the tokens that they wait to become: of each bucket the first one, the nodes have the others.
#[derive(Default)]
struct Queue {
    /// By token.
    buckets: Vec<u32>,
    /// Which buckets are not empty, as bits.
    filled: Vec<u64>,
    /// The first word of `filled` that may not be 0.
    first: usize,
}

impl Queue {
    fn begin(&mut self) {
        if self.buckets.is_empty() {
            self.buckets = vec![NOWHERE; MOST_TOKENS];
            self.filled = vec![0; MOST_TOKENS / 64];
        }
        self.first = 0;
    }

    /// Makes a place the first of a bucket, and gives the one that was.
    fn replace_first(&mut self, bucket: Id, place: u32) -> u32 {
        if let Some(word) = self.filled.get_mut(bucket as usize / 64) {
            *word |= 1 << (bucket % 64);
        }
        self.buckets.get_mut(bucket as usize).map_or(NOWHERE, |first| std::mem::replace(first, place))
    }

    /// Makes a place the first of a bucket, or empties it.
    fn set_first(&mut self, bucket: Id, place: u32) {
        if let Some(first) = self.buckets.get_mut(bucket as usize) {
            *first = place;
        }
        if place == NOWHERE
            && let Some(word) = self.filled.get_mut(bucket as usize / 64)
        {
            *word &= !(1 << (bucket % 64));
        }
    }

    /// A place of the first bucket that is not empty, and the bucket.
    fn first(&mut self) -> Option<(u32, Id)> {
        let word = loop {
            match self.filled.get(self.first)? {
                0 => self.first += 1,
                word => break word,
            }
        };
        let bucket = self.first * 64 + word.trailing_zeros() as usize;
        Some((*self.buckets.get(bucket)?, bucket as Id))
    }
}
