//! What every detector is to a scanner: something that goes over a text, and stops where it needs more of it.

use super::{finding::Hit, view::View};

/// A detector at work over one text. Positions of hits are absolute: bytes from the beginning of the whole text.
pub(super) trait Pass {
    /// Goes on as far as the text allows, and adds what it finds to `hits`. `base` is where the view begins in the whole
    /// text; it reaches back by [`LOOKBACK`](super::sweep::LOOKBACK) before what was held, or to the beginning. Answers
    /// from where on hits may still come: nothing that begins earlier is undecided.
    ///
    /// What is found must not depend on how the text was cut.
    fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize;
}

/// A detector that needs the whole text: all of it is held until it has come.
pub(super) struct Whole<F>(pub F);

impl<F: FnMut(&str, &mut Vec<Hit>)> Pass for Whole<F> {
    fn run(&mut self, view: &View, base: usize, hits: &mut Vec<Hit>) -> usize {
        if !view.is_whole() {
            // Nothing was settled yet, so the view begins where the text does.
            return 0;
        }
        (self.0)(view.text(), hits);
        base + view.len()
    }
}
