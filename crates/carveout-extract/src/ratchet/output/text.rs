use std::fmt::Write;

use super::{BASELINE, BOUNDARIES, Outcome, counted};
use crate::ratchet::verdict::New;

/// Places that are shown of one finding. All of them are in the JSON.
const PLACES: usize = 10;

/// For a terminal.
pub(crate) fn text(outcome: &Outcome<'_>, colour: bool) -> String {
    let mut text = Text {
        out: String::new(),
        colour,
        outcome,
    };
    text.new_uses();
    text.stale_entries();
    text.traffic();
    text.gaps();
    text.verdict();
    text.out
}

struct Text<'a> {
    out: String,
    colour: bool,
    outcome: &'a Outcome<'a>,
}

/// Writing to a String cannot fail.
macro_rules! say {
    ($text:expr, $($what:tt)*) => {{
        let _ = writeln!($text.out, $($what)*);
    }};
}

impl Text<'_> {
    fn paint(&self, code: &str, what: &str) -> String {
        match self.colour {
            true => format!("\x1b[{code}m{what}\x1b[0m"),
            false => what.to_owned(),
        }
    }

    fn red(&self, what: &str) -> String {
        self.paint("31;1", what)
    }

    fn new_uses(&mut self) {
        let outcome = self.outcome;
        for (at, rule) in outcome.rules.boundaries.iter().enumerate() {
            let of = |new: &&New<'_>| new.uses.boundaries.first() == Some(&at);
            let new: Vec<_> = outcome.verdict.new.iter().filter(of).collect();
            if new.is_empty() {
                continue;
            }
            let title = self.paint("1", &rule.path);
            let count = counted(new.len(), "new use against it", "new uses against it");
            let place = self.paint("2", &format!("{BOUNDARIES}:{}", rule.line));
            say!(self, "{title}: {count} ({place})");
            for new in new {
                let mark = self.red("new");
                say!(self, "  {mark}: {}", outcome.sentence(new));
                self.places(new);
            }
            say!(self, "");
        }
    }

    fn places(&mut self, new: &New<'_>) {
        let places = &new.uses.places;
        for (file, line) in places.iter().take(PLACES) {
            let place = format!("{}:{line}", self.outcome.path(*file));
            let place = self.paint("36", &place);
            say!(self, "      {place}");
        }
        if places.len() > PLACES {
            say!(self, "      and {} more", places.len() - PLACES);
        }
    }

    fn stale_entries(&mut self) {
        let stale = &self.outcome.verdict.stale;
        if stale.is_empty() {
            return;
        }
        let count = counted(stale.len(), "entry is stale", "entries are stale");
        let title = self.paint("1", BASELINE);
        say!(self, "{title}: {count}");
        for stale in stale {
            let mark = self.paint("33;1", "stale");
            let place = self.paint("36", &format!("{BASELINE}:{}", stale.line));
            let sentence = self.outcome.stale_sentence(stale);
            say!(self, "  {mark}: {sentence}");
            say!(self, "      {place}");
        }
        say!(self, "");
    }

    /// What goes over each boundary, allowed or not: what a boundary costs is the number of uses, and
    /// calling them public does not lower it.
    fn traffic(&mut self) {
        let outcome = self.outcome;
        for (rule, traffic) in outcome
            .rules
            .boundaries
            .iter()
            .zip(&outcome.crossings.traffic)
        {
            let title = self.paint("1", &rule.path);
            say!(
                self,
                "{title}: {} of {} from {}; {} out to {}",
                counted(traffic.inbound, "use", "uses"),
                counted(traffic.items.len(), "item", "items"),
                counted(traffic.users.len(), "module", "modules"),
                traffic.outbound,
                counted(traffic.used.len(), "module", "modules"),
            );
            let unused: Vec<_> = rule
                .public
                .iter()
                .enumerate()
                .filter(|(place, _)| !traffic.public.contains(place))
                .map(|(_, name)| name.as_str())
                .collect();
            if !unused.is_empty() && !outcome.model.origin.approximate {
                let names = unused.join(", ");
                say!(
                    self,
                    "  public, and nothing outside uses it: {names}; can it go?"
                );
            }
        }
    }

    fn gaps(&mut self) {
        for gap in &self.outcome.model.gaps {
            say!(self, "not seen: {gap}");
        }
        if let Some(note) = self.outcome.approximate() {
            say!(self, "{note}");
        }
    }

    fn verdict(&mut self) {
        let verdict = self.outcome.verdict;
        let baseline = self.outcome.baseline;
        let tolerated = format!(
            "{} tolerated under {}",
            counted(
                usize::try_from(baseline.uses()).unwrap_or(usize::MAX),
                "use",
                "uses"
            ),
            counted(baseline.entries.len(), "key", "keys")
        );
        if verdict.is_clean() {
            let ok = self.paint("32;1", "ok");
            match self.outcome.model.origin.approximate {
                true => say!(
                    self,
                    "{ok}, approximately: nothing new that syntax shows; {} not judged",
                    counted(verdict.unjudged, "key", "keys")
                ),
                false => say!(self, "{ok}: nothing new, nothing stale; {tolerated}"),
            }
            return;
        }
        let failed = self.red("failed");
        let (new, stale) = (verdict.new.len(), verdict.stale.len());
        say!(self, "{failed}: {new} new, {stale} stale; {tolerated}");
        if new > 0 {
            say!(
                self,
                "  new: use what is public, or move the code. If it has to stay for now: \
                 `boundary check --update --allow-growth REASON`"
            );
        }
        if verdict.new.iter().any(|new| new.tolerated > 0) {
            say!(
                self,
                "  A baseline has no lines: where some uses of a key are tolerated, your diff tells which one is new"
            );
        }
        if verdict.stale.iter().any(|stale| !stale.allowed) {
            say!(
                self,
                "  stale: the boundary got better. Take it out with `boundary check --update`, so that it stays so"
            );
        }
        if verdict.stale.iter().any(|stale| stale.allowed) {
            say!(
                self,
                "  stale because it is public now: `boundary check --update` takes it out. The module is used as much as before"
            );
        }
    }
}
