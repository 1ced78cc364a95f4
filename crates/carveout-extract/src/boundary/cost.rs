//! What the cut costs when it runs: calls that stand in loops, and how deep each entry point gets.

mod depth;
mod loops;

use super::Cut;
use crate::report::{Cost, LoopedCall};

/// All but what a call carries, which is known from its types.
pub(super) fn find(cut: &Cut<'_>) -> Cost {
    Cost {
        loops: loops::find(cut),
        depth: depth::find(cut),
        payload: Vec::new(),
    }
}

/// Calls that stand in loops, alone.
pub(super) fn looped(cut: &Cut<'_>) -> Vec<LoopedCall> {
    loops::find(cut)
}
