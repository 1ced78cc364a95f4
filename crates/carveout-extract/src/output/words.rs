//! The verdict in words, which the text and the page share.

use crate::report::{Effect, Report};

/// `1 place`, `2 places`; thousands are set apart, as in `2,000 places`.
pub(super) fn count(n: usize, one: &str) -> String {
    let plural = match one.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{one}s"),
    };
    format!("{} {}", number(n), if n == 1 { one } else { &plural })
}

/// `2,000`.
pub(super) fn number(n: usize) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// What would become of the functions: `29 functions are used from
/// outside: 24 become calls, 5 need an edit first.`
pub(super) fn verdict(report: &Report) -> String {
    let d = report.summary.dispositions;
    let all = report.summary.functions;
    if all == 0 {
        return "No function is used from outside.".to_owned();
    }
    let kinds = [
        (d.rpc, "becomes a call", "become calls"),
        (d.shared, "moves into shared code", "move into shared code"),
        (
            d.background,
            "is a task of the service",
            "are tasks of the service",
        ),
        (d.stay, "stays behind", "stay behind"),
        (d.blocked, "needs an edit first", "need an edit first"),
    ];
    let parts: Vec<String> = kinds
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        // A number stays on the line of its word.
        .map(|(n, one, many)| match n {
            1 => format!("1\u{a0}{one}"),
            n if n == all => format!("all\u{a0}{many}"),
            n => format!("{}\u{a0}{many}", number(n)),
        })
        .collect();
    let crosses = if all == 1 { "is used" } else { "are used" };
    format!(
        "{} {crosses} from outside: {}.",
        count(all, "function"),
        parts.join(", ")
    )
}

/// What goes over the boundary, a sentence each, with what it is about before it.
pub(super) fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let s = &report.summary;
    let inbound = format!(
        "{} in {} ({} something in it, {} the module itself{}).",
        uses(s.inbound, "it"),
        count(s.users, "module"),
        names(s.inbound_to_items),
        number(s.inbound_to_module),
        match s.inbound_from_tests {
            0 => String::new(),
            tests => format!("; {} in tests", number(tests)),
        },
    );
    let outbound = format!(
        "it names {} of the workspace in {}.",
        count(s.outbound_symbols, "thing"),
        count(s.outbound, "place"),
    );
    vec![
        ("In", inbound),
        ("Out", outbound),
        ("Data", data(report)),
        ("At run time", runtime(report)),
    ]
}

fn uses(n: usize, what: &str) -> String {
    format!(
        "{} {} {what}",
        count(n, "place"),
        if n == 1 { "uses" } else { "use" }
    )
}

fn names(n: usize) -> String {
    format!("{} {}", number(n), if n == 1 { "names" } else { "name" })
}

fn data(report: &Report) -> String {
    let shared = report
        .tables
        .iter()
        .filter(|t| !t.others.is_empty())
        .count();
    let tables = match (report.tables.len(), shared) {
        (0, _) => "no tables".to_owned(),
        (n, 0) => format!("{}, which nothing else touches", count(n, "table")),
        (1, _) => "1 table, which other modules touch too".to_owned(),
        (n, shared) if n == shared => {
            format!(
                "{}, all of them shared with other modules",
                count(n, "table")
            )
        }
        (n, shared) => format!(
            "{}, {} of them shared with other modules",
            count(n, "table"),
            number(shared)
        ),
    };
    let split = match report.transactions.len() {
        0 => "no transaction would be split".to_owned(),
        n => format!("{} would be split", count(n, "transaction")),
    };
    format!("{tables}; {split}.")
}

fn runtime(report: &Report) -> String {
    let writes = report
        .functions
        .iter()
        .filter(|f| f.effect == Effect::Write)
        .count();
    let loops = match report.cost.loops.len() {
        0 => "no call would stand in a loop".to_owned(),
        1 => "1 call would stand in a loop".to_owned(),
        n => format!("{} calls would stand in loops", number(n)),
    };
    let writing = match writes {
        0 => "no function writes".to_owned(),
        1 => "1 function writes, so it cannot be shadowed".to_owned(),
        n => format!("{} functions write, so they cannot be shadowed", number(n)),
    };
    format!("{loops}; {writing}.")
}

/// An item by what is left of its path inside of the modules that are cut out.
pub(super) fn short<'a>(report: &Report, item: &'a str) -> &'a str {
    let within = |module: &String| {
        let rest = item.strip_prefix(module.as_str())?;
        let name = rest.trim_start_matches([':', '.', '/', '#']);
        (name.len() < rest.len() && !name.is_empty()).then_some(name)
    };
    report.modules.iter().find_map(within).unwrap_or(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_agree_with_their_nouns() {
        assert_eq!(count(1, "place"), "1 place");
        assert_eq!(count(0, "entity"), "0 entities");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(999), "999");
    }
}
