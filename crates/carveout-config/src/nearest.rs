//! What somebody probably meant.

/// The candidate that a slip of the fingers would turn into `wrong`, if there is one.
pub(crate) fn nearest<'c>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let fold = |name: &str| name.to_lowercase().replace('-', "_");
    let wrong = fold(wrong);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wrong, &fold(candidate)),
                candidate,
            )
        })
        // A third of the letters may be wrong: beyond that a suggestion misleads more often than it
        // helps.
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
