//! Whether each schema comes to an end at each value.

use super::compile::{Id, MAX_DEPTH, Rule, Rules, wrong};
use crate::error::Result;

/// Refuses schemas that stand for themselves: `{ "$ref": "#" }` would never be done with a value.
pub(super) fn check_cycles(rules: &Rules) -> Result<()> {
    // From the subschemas that nothing else stands for inwards: what is never reached stands in a circle.
    let mut waiting_for = vec![0u32; rules.len()];
    for to in rules.iter().flatten().flat_map(same_value) {
        if let Some(count) = waiting_for.get_mut(to) {
            *count += 1;
        }
    }
    let mut ready: Vec<(Id, u32)> =
        waiting_for.iter().enumerate().filter(|(_, count)| **count == 0).map(|(id, _)| (id, 1)).collect();
    let mut levels = vec![0; rules.len()];
    let mut done = 0;
    while let Some((id, level)) = ready.pop() {
        done += 1;
        if level > MAX_DEPTH {
            return Err(wrong("", format!("at most {MAX_DEPTH} schemas for one value, one in another"), "more"));
        }
        for to in rules.get(id).into_iter().flatten().flat_map(same_value) {
            let (Some(count), Some(deepest)) = (waiting_for.get_mut(to), levels.get_mut(to)) else { continue };
            *count -= 1;
            *deepest = (level + 1).max(*deepest);
            if *count == 0 {
                ready.push((to, *deepest));
            }
        }
    }
    if done == rules.len() { Ok(()) } else { Err(wrong("", "references that come to an end", "a circle of them")) }
}

/// The subschemas that a rule applies to the very value it stands for.
fn same_value(rule: &Rule) -> Vec<Id> {
    match rule {
        Rule::All(ids) | Rule::Any(ids) | Rule::One(ids) => ids.clone(),
        Rule::Not(id) | Rule::Ref(id) | Rule::NeedsSchema(_, id) => vec![*id],
        Rule::If { test, then, otherwise } => [Some(*test), *then, *otherwise].into_iter().flatten().collect(),
        _ => Vec::new(),
    }
}
