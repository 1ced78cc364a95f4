use std::fmt;

/// How much is lost when a call is refused, as its caller says (Google's SRE book, chapter 21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Criticality {
    /// Loss is expected now and then: batches, prefetching, shadow traffic.
    Sheddable,
    /// Loss in part is expected: batches that are tried again later.
    SheddablePlus,
    /// Somebody sees it. What a call is that says nothing.
    #[default]
    Critical,
    /// Somebody sees it, and much depends on it. Only from a caller that may say so.
    CriticalPlus,
}

impl Criticality {
    /// The metadata key that it travels in.
    pub const KEY: &'static str = "x-criticality";

    /// All of them, the first to be shed first.
    pub const ALL: [Criticality; 4] = [
        Criticality::Sheddable,
        Criticality::SheddablePlus,
        Criticality::Critical,
        Criticality::CriticalPlus,
    ];

    /// As it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Criticality::Sheddable => "SHEDDABLE",
            Criticality::SheddablePlus => "SHEDDABLE_PLUS",
            Criticality::Critical => "CRITICAL",
            Criticality::CriticalPlus => "CRITICAL_PLUS",
        }
    }

    /// Reads what has travelled; none for what is no criticality.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|criticality| criticality.as_str().as_bytes() == text)
    }
}

impl fmt::Display for Criticality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who is shed first under overload, 0 before all others: by criticality, and within one by user, so
/// that an overloaded service serves some users well, and not all of them badly (as WeChat's DAGOR,
/// <https://arxiv.org/abs/1806.04075>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u16);

impl Level {
    /// Levels of one criticality.
    const USERS: u16 = 128;
    /// A call that is tried again is in the lower half, or one criticality further down.
    const RETRY: u16 = 64;
    pub(crate) const COUNT: usize = 4 * Self::USERS as usize;

    /// The level of a call. All calls that belong together, of one user say, have one hash.
    pub fn new(criticality: Criticality, user: u64, is_retry: bool) -> Self {
        let level = criticality as u16 * Self::USERS + (user % u64::from(Self::USERS)) as u16;
        let lost = if is_retry { Self::RETRY } else { 0 };
        Self(level.saturating_sub(lost))
    }

    /// The number of the lowest level of a criticality.
    pub(crate) fn lowest(class: Criticality) -> usize {
        class as usize * usize::from(Self::USERS)
    }

    pub(crate) fn number(self) -> usize {
        usize::from(self.0)
    }

    /// Its criticality, after what a retry has lost.
    pub fn class(self) -> Criticality {
        Criticality::ALL[self.number() / usize::from(Self::USERS)]
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::new(Criticality::default(), 0, false)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::edits::{cases, edits, nearly};

    /// The names as the SRE book has them, and no others.
    fn book(text: &[u8]) -> Option<Criticality> {
        match text {
            b"CRITICAL_PLUS" => Some(Criticality::CriticalPlus),
            b"CRITICAL" => Some(Criticality::Critical),
            b"SHEDDABLE_PLUS" => Some(Criticality::SheddablePlus),
            b"SHEDDABLE" => Some(Criticality::Sheddable),
            _ => None,
        }
    }

    /// Names, some of them with letters in lower case.
    fn name() -> impl Strategy<Value = String> {
        let name = select(&["CRITICAL_PLUS", "CRITICAL", "SHEDDABLE_PLUS", "SHEDDABLE"][..]);
        // Each bit makes one letter a small one.
        let small = prop_oneof![3 => Just(0), 1 => any::<u16>()];
        (name, small).prop_map(|(name, small)| {
            let letters = name.chars().enumerate();
            letters
                .map(|(at, letter)| match small >> at & 1 {
                    0 => letter,
                    _ => letter.to_ascii_lowercase(),
                })
                .collect()
        })
    }

    #[test]
    fn every_criticality_is_read_as_it_is_written() {
        for criticality in Criticality::ALL {
            let text = criticality.as_str();
            assert_eq!(Criticality::parse(text.as_bytes()), Some(criticality));
            assert_eq!(criticality.to_string(), text);
        }
        assert_eq!(Criticality::default(), Criticality::Critical);
    }

    proptest! {
        // Of forty edits each.
        #![proptest_config(cases(4000))]

        #[test]
        fn what_is_not_one_of_four_names_is_no_criticality(
            (text, byte) in nearly(name(), b"_PLUSplus- +\t"),
        ) {
            for text in edits(&text, byte) {
                prop_assert_eq!(Criticality::parse(&text), book(&text), "{}", text.escape_ascii());
            }
        }

        #[test]
        fn a_retry_goes_after_what_it_repeats_and_nothing_before_what_is_more_critical(
            users: (u64, u64),
        ) {
            for (one, other) in Criticality::ALL.iter().flat_map(|one| Criticality::ALL.map(|other| (*one, other))) {
                let level = Level::new(one, users.0, false);
                prop_assert!(level.number() < Level::COUNT);
                prop_assert_eq!(level.class(), one);
                let retry = Level::new(one, users.0, true);
                prop_assert!(retry < level || level == Level(0), "{:?} {:?}", retry, level);
                // At most one criticality less.
                prop_assert!(retry.class() as usize + 1 >= one as usize);
                if one < other {
                    prop_assert!(level < Level::new(other, users.1, false));
                }
            }
        }
    }
}
