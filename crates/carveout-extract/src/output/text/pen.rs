use super::Style;
use crate::output::width::{fit, harmless, width, wrap};
use crate::output::words::{count, number};

/// No prose is wider, and no terminal is thought narrower.
const PROSE: usize = 96;
const NARROWEST: usize = 24;
/// Below this, what stands beside a name stands under it.
const TWO_COLUMNS: usize = 64;
/// How much of a list is shown before the rest is counted.
const SHOWN: usize = 8;
const FEW: usize = 3;

/// Colours of the terminal's own palette, which its owner has made readable.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    Plain,
    Bold,
    Dim,
    Good,
    Bad,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Ink::Plain => "",
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Good => "32",
            Ink::Bad => "31",
        }
    }
}

/// Writes lines that fit the terminal.
pub(super) struct Pen {
    out: String,
    style: Style,
    cut: bool,
}

impl Pen {
    pub(super) fn new(style: Style) -> Self {
        let style = Style {
            width: style.width.max(NARROWEST),
            ..style
        };
        Self {
            out: String::new(),
            style,
            cut: false,
        }
    }

    /// The text, with the way to what it left out.
    pub(super) fn finish(mut self) -> String {
        if self.cut {
            self.blank();
            self.prose(0, Ink::Dim, "Lists are cut short: --all shows them whole, --format json and html hold everything.");
        }
        self.out
    }

    /// An empty line, unless there is one.
    pub(super) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    pub(super) fn title(&mut self, title: &str) {
        self.lines(0, "", "", Ink::Bold, title);
    }

    /// The title of a section, with the number of things in it.
    pub(super) fn heading(&mut self, title: &str, n: usize) {
        self.blank();
        let title = format!("{title} ({})", number(n));
        self.lines(0, "", "", Ink::Bold, &title);
    }

    /// Wrapped words.
    pub(super) fn prose(&mut self, indent: usize, ink: Ink, text: &str) {
        self.lines(indent, "", "", ink, text);
    }

    /// Wrapped words behind a label, in whose column nothing else stands.
    pub(super) fn labelled(&mut self, indent: usize, label: &str, ink: Ink, text: &str) {
        if width(label) + indent + 24 > self.style.width {
            self.lines(indent, "", "", Ink::Dim, label);
            self.lines(indent + 2, "", "", ink, text);
        } else {
            let hang = " ".repeat(width(label) + 1);
            self.lines(indent, &format!("{label} "), &hang, ink, text);
        }
    }

    fn lines(&mut self, indent: usize, first: &str, rest: &str, ink: Ink, text: &str) {
        let indent = indent.min(self.style.width / 3);
        let room = self.style.width.min(PROSE) - indent;
        let text = wrap(&harmless(text), room.saturating_sub(width(first)));
        for (i, line) in text.iter().enumerate() {
            self.out.push_str(&" ".repeat(indent));
            self.ink(Ink::Dim, if i == 0 { first } else { rest });
            self.ink(ink, line);
            self.out.push('\n');
        }
    }

    /// Names, each with facts beside it, in columns; under it where the terminal is narrow.
    pub(super) fn rows(&mut self, indent: usize, rows: &[(String, String)]) {
        self.rows_with(indent, rows, |_, _| {});
    }

    /// The same, with more to write under each, by its place in the list.
    pub(super) fn rows_with(
        &mut self,
        indent: usize,
        rows: &[(String, String)],
        mut under: impl FnMut(&mut Self, usize),
    ) {
        let harmless = |(name, facts): &(String, String)| (harmless(name), harmless(facts));
        let rows: Vec<_> = rows.iter().map(harmless).collect();
        let room = self.style.width - indent;
        let names = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        let facts = rows
            .iter()
            .map(|(_, facts)| width(facts))
            .max()
            .unwrap_or(0);
        // Names have half of the line, and more where the facts leave it.
        let names = names.min((room - 2).saturating_sub(facts).max(room / 2));
        for (i, (name, facts)) in rows.iter().enumerate() {
            if self.style.width < TWO_COLUMNS {
                self.row(indent, &fit(name, room), "");
                for fact in wrap_facts(facts, room - 2) {
                    self.row(indent + 2, "", &fact);
                }
            } else {
                let name = fit(name, names);
                let gap = " ".repeat(names - width(&name) + 2);
                self.row(
                    indent,
                    &format!("{name}{gap}"),
                    &fit(facts, room - names - 2),
                );
            }
            under(self, i);
        }
    }

    fn row(&mut self, indent: usize, name: &str, facts: &str) {
        let name = if facts.is_empty() {
            name.trim_end()
        } else {
            name
        };
        if !name.is_empty() || !facts.is_empty() {
            self.out.push_str(&" ".repeat(indent));
            self.out.push_str(name);
            self.ink(Ink::Dim, facts);
            self.out.push('\n');
        }
    }

    fn ink(&mut self, ink: Ink, text: &str) {
        if !self.style.color || ink.code().is_empty() || text.trim().is_empty() {
            self.out.push_str(text);
        } else {
            self.out
                .push_str(&format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code()));
        }
    }

    /// The beginning of `list`, unless all of it is wanted; and how many are left out.
    pub(super) fn shown<'a, T>(&self, list: &'a [T]) -> (&'a [T], usize) {
        self.beginning(list, SHOWN)
    }

    /// The same for a list in a list.
    pub(super) fn few<'a, T>(&self, list: &'a [T]) -> (&'a [T], usize) {
        self.beginning(list, FEW)
    }

    fn beginning<'a, T>(&self, list: &'a [T], most: usize) -> (&'a [T], usize) {
        // One line that says "and 1 more" takes the room of the one.
        if self.style.all || list.len() <= most + 1 {
            return (list, 0);
        }
        (&list[..most], list.len() - most)
    }

    /// Says how many are left out.
    pub(super) fn more(&mut self, indent: usize, left: usize, one: &str) {
        if left > 0 {
            self.cut = true;
            let more = count(left, &format!("more {one}"));
            self.prose(indent, Ink::Dim, &format!("… and {more}"));
        }
    }
}

/// Facts stand two blanks apart, which is where they are broken when they do not fit one line.
fn wrap_facts(facts: &str, room: usize) -> Vec<String> {
    if width(facts) <= room {
        return vec![facts.to_owned()];
    }
    facts.split("  ").map(|fact| fit(fact, room)).collect()
}
