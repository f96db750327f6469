//! A stable sort.

use std::cmp::Ordering;

/// Sorts, keeping the order of equals, as `slice::sort_by`.
pub fn sort_by<T>(items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    // What is found in a text comes in order already, or almost: that is put right in place.
    let mut swaps = items.len();
    for sorted in 1..items.len() {
        let mut at = sorted;
        while let Some([a, b]) = at.checked_sub(1).and_then(|before| items.get(before..=at))
            && compare(a, b) == Ordering::Greater
        {
            let Some(left) = swaps.checked_sub(1) else { return merge_sort(items, &mut compare) };
            swaps = left;
            items.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// The same, for what is in no order.
fn merge_sort<T>(items: &mut Vec<T>, compare: &mut impl FnMut(&T, &T) -> Ordering) {
    let order = sorted(items.len(), &mut |a, b| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        // No index is out of range.
        _ => Ordering::Equal,
    });
    let mut slots: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| slots.get_mut(at)?.take()));
}

/// Sorts by a key, keeping the order of equals, as `slice::sort_by_key`.
pub fn sort_by_key<T, K: Ord>(items: &mut Vec<T>, mut key: impl FnMut(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// The indices up to `count`, in order: a merge sort from the bottom up, compiled once for all types.
fn sorted(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut from: Vec<usize> = (0..count).collect();
    let mut to = Vec::with_capacity(count);
    let mut width = 1;
    while width < count {
        for run in from.chunks(width * 2) {
            let (left, right) = run.split_at(width.min(run.len()));
            // What is almost in order is moved as it is.
            if let (Some(last), Some(first)) = (left.last(), right.first())
                && compare(*last, *first) != Ordering::Greater
            {
                to.extend_from_slice(run);
                continue;
            }
            let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
            loop {
                let next = match (left.peek(), right.peek()) {
                    (Some(a), Some(b)) if compare(**a, **b) == Ordering::Greater => right.next(),
                    (Some(_), _) => left.next(),
                    (None, _) => right.next(),
                };
                match next {
                    Some(index) => to.push(*index),
                    None => break,
                }
            }
        }
        std::mem::swap(&mut from, &mut to);
        to.clear();
        width *= 2;
    }
    from
}
