//! Headers that are right or nearly so, for the tests of what reads them; in three crates.

use proptest::prelude::*;
use proptest::sample::select;

/// So many cases, or as many as PROPTEST_CASES says if that is more. One that fails is kept in
/// proptest-regressions/, and is the first from then on.
pub(crate) fn cases(least: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = config.cases.max(least);
    ProptestConfig { cases, ..config }
}

/// A text, in one of two cases with one place that is wrong; and a byte to make others wrong with.
pub(crate) fn nearly(
    text: impl Strategy<Value = String>,
    alphabet: &'static [u8],
) -> impl Strategy<Value = (Vec<u8>, u8)> {
    let byte = || prop_oneof![3 => select(alphabet), 1 => any::<u8>()];
    let place = proptest::option::of((0..KINDS, any::<usize>(), byte()));
    (text, place, byte()).prop_map(|(text, place, byte)| {
        let text = text.into_bytes();
        let text = match place {
            Some((kind, at, byte)) => edited(&text, kind, at % (text.len() + 1), byte),
            None => text,
        };
        (text, byte)
    })
}

/// The text (a cut at its end is none), and all that differ from it in one place: where `byte` comes in
/// between or instead, where a byte is missing, or all from there on.
pub(crate) fn edits(text: &[u8], byte: u8) -> impl Iterator<Item = Vec<u8>> {
    let places = (0..=text.len()).flat_map(|at| (0..KINDS).map(move |kind| (kind, at)));
    places.map(move |(kind, at)| edited(text, kind, at, byte))
}

const KINDS: u8 = 4;

fn edited(text: &[u8], kind: u8, at: usize, byte: u8) -> Vec<u8> {
    let (before, after) = text.split_at(at);
    let (new, after) = match kind {
        0 => (Some(byte), after),
        1 => (Some(byte), after.get(1..).unwrap_or_default()),
        2 => (None, after.get(1..).unwrap_or_default()),
        _ => (None, &[][..]),
    };
    before
        .iter()
        .copied()
        .chain(new)
        .chain(after.iter().copied())
        .collect()
}
