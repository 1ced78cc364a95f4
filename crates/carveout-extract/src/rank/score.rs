use serde::Serialize;

use super::Measures;

/// A module with its score and the reasons for it.
#[derive(Clone, Debug, Serialize)]
pub struct Ranked {
    /// Its path.
    pub module: String,
    /// 0 to 100.
    pub score: f64,
    /// What the score is the product of, the worst first.
    pub parts: Vec<Part>,
    /// What to cut or move first to make it better; `None` for one that is good.
    pub first: Option<String>,
    /// What was counted.
    pub measures: Measures,
}

/// A factor of a score.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// What it is about: `interface`, `calls back`, `data`, `state`, `size`, `calls`.
    pub about: &'static str,
    /// 0 to 1.
    pub factor: f64,
    /// In words.
    pub reason: String,
}

/// Scores a module by what was counted of it.
#[must_use]
pub fn rank_one(module: &str, measures: Measures) -> Ranked {
    let mut parts = vec![
        interface(&measures),
        calls(&measures),
        back(&measures),
        data(&measures),
        state(&measures),
        size(&measures),
    ];
    parts.sort_by(|a, b| a.factor.total_cmp(&b.factor));
    let product: f64 = parts.iter().map(|part| part.factor).product();
    Ranked {
        module: module.to_owned(),
        score: (product * 1000.0).round() / 10.0,
        first: first(&parts, &measures),
        parts,
        measures,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of some thousand")]
fn share(part: usize, of: usize) -> f64 {
    if of == 0 {
        0.0
    } else {
        part as f64 / of as f64
    }
}

/// 1 for nothing, and half of it at `half`.
#[expect(clippy::cast_precision_loss, reason = "counts of some thousand")]
fn falling(count: usize, half: usize) -> f64 {
    half as f64 / (half + count) as f64
}

/// How many of its functions cross without an edit.
fn interface(measures: &Measures) -> Part {
    let all = measures.functions();
    let free = measures.dispositions.rpc + measures.dispositions.shared;
    let why = match measures.blocked_by.first() {
        Some(why) if free < all => format!("; most of the rest: {why}"),
        _ => String::new(),
    };
    Part {
        about: "interface",
        factor: 0.1 + 0.9 * share(free, all),
        reason: format!("{free} of {all} functions cross as they are{why}"),
    }
}

/// Whether there is anything to call, and not too much.
fn calls(measures: &Measures) -> Part {
    let rpc = measures.dispositions.rpc + measures.dispositions.blocked;
    let looped = match measures.looped {
        0 => String::new(),
        1 => ", one of them in a loop".to_owned(),
        many => format!(", in {many} places in a loop"),
    };
    if rpc == 0 {
        return Part {
            about: "calls",
            factor: 0.2,
            reason: "nothing in it needs a service: it is a library, and a crate is enough"
                .to_owned(),
        };
    }
    // A module that is mostly helpers is a library with a service in it.
    let library = match measures.dispositions.shared {
        shared if shared > rpc => format!("; {shared} more need no service"),
        _ => String::new(),
    };
    let service = share(rpc, measures.functions());
    Part {
        about: "calls",
        factor: falling(rpc, 120) * falling(measures.looped, 60) * (0.6 + 0.4 * service),
        reason: format!(
            "{rpc} functions become calls, from {} modules{looped}{library}",
            measures.users
        ),
    }
}

/// What it would call back.
fn back(measures: &Measures) -> Part {
    let to = &measures.calls_back_to;
    let most = match to.as_slice() {
        [] => String::new(),
        [one] => format!(" of {one}"),
        [one, ..] => format!(" of {} modules, most of {one}", to.len()),
    };
    let mutual = match measures.mutual.len() {
        0 => String::new(),
        1 => format!("; {} and it use each other", measures.mutual[0]),
        many => format!("; {many} modules and it use each other"),
    };
    let reason = match measures.calls_back {
        0 => format!("it calls nobody back{mutual}"),
        calls => format!("it calls back {calls} functions{most}{mutual}"),
    };
    Part {
        about: "calls back",
        factor: falling(measures.calls_back, 15) * falling(measures.mutual.len(), 12),
        reason,
    }
}

/// Whose tables it touches.
fn data(measures: &Measures) -> Part {
    let mut shared: Vec<_> = measures.shared_tables().collect();
    shared.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let own = measures.tables.len() - shared.len();
    let split = match measures.transactions {
        0 => String::new(),
        1 => "; the cut splits a transaction".to_owned(),
        many => format!("; the cut splits {many} transactions"),
    };
    let reason = match (shared.as_slice(), own) {
        ([], 0) => "it touches no table".to_owned(),
        ([], own) => format!("its {own} tables are its own"),
        ([(table, others)], _) => format!("shares table `{table}` with {}", modules(*others)),
        ([(table, others), ..], _) => {
            format!(
                "shares {} tables, `{table}` with {}",
                shared.len(),
                modules(*others)
            )
        }
    };
    Part {
        about: "data",
        factor: falling(shared.len(), 4) * falling(measures.transactions, 2),
        reason: format!("{reason}{split}"),
    }
}

fn modules(count: usize) -> String {
    if count == 1 {
        "1 module".to_owned()
    } else {
        format!("{count} modules")
    }
}

/// What it shares in memory.
fn state(measures: &Measures) -> Part {
    let names = &measures.statics;
    let reason = match names.as_slice() {
        [] => "it shares no static".to_owned(),
        [one] => format!("it shares the static {one}"),
        [one, ..] => format!("it shares {} statics, {one} among them", names.len()),
    };
    Part {
        about: "state",
        factor: falling(names.len(), 8),
        reason,
    }
}

/// Whether it is worth a service of its own.
#[expect(clippy::cast_precision_loss, reason = "counts of some thousand lines")]
fn size(measures: &Measures) -> Part {
    const WORTH_IT: f64 = 300.0;
    let lines = measures.lines;
    let factor = (lines as f64 / WORTH_IT).min(1.0);
    let reason = if factor < 0.5 {
        format!("{lines} lines are little for a service")
    } else {
        format!("{lines} lines")
    };
    Part {
        about: "size",
        factor: 0.1 + 0.9 * factor,
        reason,
    }
}

/// What to do first about the part that costs most.
fn first(parts: &[Part], measures: &Measures) -> Option<String> {
    const GOOD: f64 = 0.7;
    let worst = parts.first().filter(|part| part.factor < GOOD)?;
    Some(match worst.about {
        "interface" => match measures.blocked_by.first() {
            Some(why) => format!("mend the functions that cannot cross: {why}"),
            None => return None,
        },
        "calls" if measures.dispositions.rpc + measures.dispositions.blocked == 0 => {
            "make it a crate, not a service".to_owned()
        }
        "calls" if measures.dispositions.shared * 2 > measures.dispositions.rpc => {
            format!(
                "move its {} helpers into a crate first",
                measures.dispositions.shared
            )
        }
        "calls" if measures.looped > 0 => {
            "give it a call for many where it is called in loops".to_owned()
        }
        "calls" => "cut out one of the modules in it instead: its interface is wide".to_owned(),
        "calls back" => match measures.calls_back_to.first() {
            Some(module) => format!(
                "cut its calls to {module} first: pass what it asks there for, or take that along"
            ),
            None => return None,
        },
        "data" => match measures.shared_tables().max_by_key(|(_, others)| *others) {
            Some((table, _)) => format!("give table `{table}` one owner first"),
            None => "move the transactions that it takes part in to one side first".to_owned(),
        },
        "state" => match measures.statics.first() {
            Some(name) => format!("pass what it needs of {name} as arguments or settings first"),
            None => return None,
        },
        _ => "take it along with a neighbour: it is small".to_owned(),
    })
}
