//! A report as it could be of a shop's monolith, with one of everything; a hostile and a big one.

use carveout_extract::model::{ItemKind, Origin};
use carveout_extract::report::{
    Cost, Crossing, CrossingType, Disposition, Dispositions, Edge, Effect, EntryDepth, Evidence,
    Function, Graph, LoopedCall, Node, Payload, Place, Projection, Report, SCHEMA, Summary, Table,
    Touch, Transaction, Use, Value, Verdict,
};

pub(crate) fn place(file: &str, line: u32) -> Place {
    Place {
        file: file.to_owned(),
        line,
        column: 9,
    }
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|&s| s.to_owned()).collect()
}

/// `n` uses of an item in a module, one every seven lines.
fn uses(n: u32, module: &str, within: &str) -> impl Iterator<Item = Use> {
    let file = format!("src/{}.rs", module.replace("shop::", "").replace("::", "/"));
    let (module, within) = (module.to_owned(), within.to_owned());
    (0..n).map(move |i| Use {
        place: place(&file, 12 + 7 * i),
        module: module.clone(),
        within: (!within.is_empty()).then(|| within.clone()),
        test: module.contains("tests"),
    })
}

fn crossing(item: &str, kind: ItemKind, uses: impl IntoIterator<Item = Use>) -> Crossing {
    let uses: Vec<_> = uses.into_iter().collect();
    Crossing {
        item: item.to_owned(),
        kind,
        count: uses.len(),
        uses,
    }
}

fn value(name: &str, rust: &str, proto: Option<&str>, verdict: Verdict) -> Value {
    Value {
        name: name.to_owned(),
        rust: rust.to_owned(),
        proto: proto.map(str::to_owned),
        verdict,
        note: None,
    }
}

fn function(name: &str, line: u32, uses: usize, disposition: Disposition) -> Function {
    Function {
        item: format!("shop::mail::{name}"),
        signature: format!("pub async fn {name}(to: &User, name: &str) -> Result<(), MailError>"),
        place: Some(place("src/mail.rs", line)),
        uses,
        disposition,
        arguments: vec![
            value("to", "&User", Some("UserView"), Verdict::Convert),
            value("name", "&str", Some("string"), Verdict::Wire),
        ],
        result: Some(value("", "Result<(), MailError>", None, Verdict::Convert)),
        effect: Effect::Write,
        evidence: vec![Evidence {
            what: "calls lettre::AsyncTransport::send".to_owned(),
            effect: Effect::Write,
            place: place("src/mail.rs", 612),
        }],
    }
}

fn functions() -> Vec<Function> {
    let rpc = || Disposition::Rpc { notes: Vec::new() };
    let mut functions = vec![
        function("send_invite", 120, 11, rpc()),
        function("send_receipt", 188, 7, rpc()),
        function(
            "send_digest",
            240,
            2,
            Disposition::Blocked {
                reason: "it takes `&mut Transaction`, which belongs to the caller and cannot leave the process"
                    .to_owned(),
                suggestion: "fetch the rows before the call, and pass `Vec<DigestLine>`".to_owned(),
            },
        ),
        function(
            "address_of",
            61,
            5,
            Disposition::Shared {
                reason: "it only reads its argument, and touches nothing of the module".to_owned(),
            },
        ),
        function(
            "preview",
            310,
            1,
            Disposition::Stay {
                reason: "it is an HTTP handler".to_owned(),
            },
        ),
        function(
            "run_outbox",
            340,
            1,
            Disposition::Background {
                reason: "it never returns: the service starts it as a background task".to_owned(),
            },
        ),
    ];
    functions.extend((0..12).map(|i| function(&format!("send_notice_{i}"), 400 + 9 * i, 1, rpc())));
    functions[3].effect = Effect::Read;
    functions[3].evidence.clear();
    functions[4].effect = Effect::IdempotentWrite;
    functions[4].place = None;
    functions
}

fn types() -> Vec<CrossingType> {
    let user = CrossingType {
        item: "shop::users::User".to_owned(),
        place: Some(place("src/users.rs", 18)),
        verdict: Verdict::Convert,
        proto: Some("message UserView".to_owned()),
        note: Some("2 of its 31 fields are read, and only those are sent".to_owned()),
        fields: vec![
            value("email", "String", Some("string"), Verdict::Wire),
            value("session", "Arc<Mutex<Session>>", None, Verdict::Blocked),
        ],
        through: strings(&["shop::mail::send_invite", "shop::mail::send_receipt"]),
    };
    let pool = CrossingType {
        item: "diesel::PgConnection".to_owned(),
        place: None,
        verdict: Verdict::Drop,
        proto: None,
        note: None,
        fields: Vec::new(),
        through: strings(&["shop::mail::send_digest"]),
    };
    let transaction = CrossingType {
        item: "shop::db::Transaction".to_owned(),
        place: Some(place("src/db.rs", 77)),
        verdict: Verdict::Blocked,
        proto: None,
        note: Some("it holds a connection that the caller goes on with".to_owned()),
        fields: Vec::new(),
        through: strings(&["shop::mail::send_digest"]),
    };
    vec![user, pool, transaction]
}

fn touch(file: &str, line: u32, module: &str, operation: &str, by: &str) -> Touch {
    Touch {
        place: place(file, line),
        module: module.to_owned(),
        operation: operation.to_owned(),
        by: by.to_owned(),
    }
}

fn tables() -> Vec<Table> {
    let outbox = Table {
        name: "mail_outbox".to_owned(),
        touched: vec![
            touch(
                "src/mail/outbox.rs",
                31,
                "shop::mail::outbox",
                "insert",
                "diesel",
            ),
            touch(
                "src/mail/outbox.rs",
                55,
                "shop::mail::outbox",
                "delete",
                "sql",
            ),
        ],
        others: Vec::new(),
    };
    let users = Table {
        name: "users".to_owned(),
        touched: vec![touch("src/mail.rs", 250, "shop::mail", "select", "diesel")],
        others: vec![
            touch("src/users.rs", 90, "shop::users", "update", "diesel"),
            touch(
                "src/admin/accounts.rs",
                41,
                "shop::admin::accounts",
                "delete",
                "sql",
            ),
        ],
    };
    vec![outbox, users]
}

fn cost() -> Cost {
    Cost {
        loops: vec![LoopedCall {
            function: "shop::mail::send_invite".to_owned(),
            place: place("src/organizations.rs", 204),
            within: "shop::organizations::invite_all".to_owned(),
            loops: 2,
            suggestion: "add `send_invites(&[Invite])`, and call it once after the loop".to_owned(),
        }],
        depth: vec![EntryDepth {
            entry: "shop::api::accounts::post_register".to_owned(),
            crossings: 2,
            depth: 3,
            path: strings(&[
                "shop::api::accounts::post_register",
                "shop::users::register",
                "shop::mail::send_invite",
            ]),
        }],
        payload: vec![Payload {
            function: "shop::mail::send_invite".to_owned(),
            whole: 1_840,
            projected: 96,
        }],
    }
}

fn edge(from: &str, to: &str, count: usize) -> Edge {
    Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        count,
        crosses: true,
    }
}

/// Fills in what follows from the places: counts and the graph.
fn counted(mut report: Report) -> Report {
    let is_inside = |path: &str| report.modules.iter().any(|m| path.starts_with(m.as_str()));
    let mut edges: Vec<Edge> = Vec::new();
    for crossing in report.inbound.iter().chain(&report.outbound) {
        let to = match crossing.kind {
            ItemKind::Module => crossing.item.as_str(),
            _ => crossing.item.rsplit_once("::").unwrap().0,
        };
        for used in &crossing.uses {
            match edges
                .iter_mut()
                .find(|e| e.from == used.module && e.to == to)
            {
                Some(edge) => edge.count += 1,
                None => edges.push(edge(&used.module, to, 1)),
            }
        }
    }
    let mut names: Vec<&String> = edges.iter().flat_map(|e| [&e.from, &e.to]).collect();
    names.sort();
    names.dedup();
    let node = |name: &&String| Node {
        module: (*name).clone(),
        inside: is_inside(name),
        items: 3,
    };
    let nodes: Vec<Node> = names.iter().map(node).collect();
    let places = |list: &[Crossing]| list.iter().map(|c| c.count).sum::<usize>();
    let of = |kind: fn(&Disposition) -> bool| {
        report
            .functions
            .iter()
            .filter(|f| kind(&f.disposition))
            .count()
    };
    let to_module = report.inbound.iter().filter(|c| c.kind == ItemKind::Module);
    let to_module = to_module.map(|c| c.count).sum();
    let inbound = places(&report.inbound);
    report.summary = Summary {
        inbound,
        inbound_to_module: to_module,
        inbound_to_items: inbound - to_module,
        inbound_from_tests: report
            .inbound
            .iter()
            .flat_map(|c| &c.uses)
            .filter(|u| u.test)
            .count(),
        functions: report.functions.len(),
        users: nodes
            .iter()
            .filter(|n| !n.inside && edges.iter().any(|e| e.from == n.module))
            .count(),
        outbound: places(&report.outbound),
        outbound_symbols: report.outbound.len(),
        dispositions: Dispositions {
            rpc: of(|d| matches!(d, Disposition::Rpc { .. })),
            shared: of(|d| matches!(d, Disposition::Shared { .. })),
            stay: of(|d| matches!(d, Disposition::Stay { .. })),
            background: of(|d| matches!(d, Disposition::Background { .. })),
            blocked: of(|d| matches!(d, Disposition::Blocked { .. })),
        },
    };
    report.graph = Graph { nodes, edges };
    report
}

/// One of everything.
pub(crate) fn sample() -> Report {
    let invite = uses(6, "shop::organizations", "invite_all").chain(uses(
        5,
        "shop::api::accounts",
        "post_invite",
    ));
    let inbound = vec![
        crossing(
            "shop::mail",
            ItemKind::Module,
            uses(9, "shop::api::accounts", ""),
        ),
        crossing("shop::mail::send_invite", ItemKind::Function, invite),
        crossing(
            "shop::mail::send_receipt",
            ItemKind::Function,
            uses(7, "shop::orders::checkout", "finish"),
        ),
        crossing(
            "shop::mail::address_of",
            ItemKind::Function,
            uses(5, "shop::users", "User::address"),
        ),
        crossing(
            "shop::mail::send_digest",
            ItemKind::Function,
            uses(2, "shop::jobs::nightly", "run"),
        ),
        crossing(
            "shop::mail::outbox::pending",
            ItemKind::Static,
            uses(1, "shop::tests::mail", "nothing_is_left"),
        ),
    ];
    let outbound = vec![
        crossing(
            "shop::config::CONFIG",
            ItemKind::Static,
            uses(34, "shop::mail", "send"),
        ),
        crossing(
            "shop::users::User",
            ItemKind::Type,
            uses(12, "shop::mail", "send_invite"),
        ),
        crossing(
            "shop::db::Transaction",
            ItemKind::Type,
            uses(3, "shop::mail::outbox", "push"),
        ),
        crossing(
            "shop::error::Error",
            ItemKind::Type,
            uses(8, "shop::mail", ""),
        ),
    ];
    counted(Report {
        schema: SCHEMA,
        workspace: "shop".to_owned(),
        modules: strings(&["shop::mail"]),
        origin: Origin {
            tool: "rust-analyzer".to_owned(),
            version: "1.95.0".to_owned(),
            approximate: false,
            resolved_percent: 97.25,
        },
        gaps: strings(&["2 items that the macro `routes!` makes have no place in the source"]),
        summary: Summary::default(),
        inbound,
        functions: functions(),
        types: types(),
        projections: vec![Projection {
            function: "shop::mail::send_invite".to_owned(),
            argument: "to".to_owned(),
            entity: "shop::users::User".to_owned(),
            fields: 31,
            read: strings(&["email", "name"]),
            escapes: Some("it is stored in `Invite`".to_owned()),
        }],
        statics: vec![outbound[0].clone()],
        outbound,
        tables: tables(),
        transactions: vec![Transaction {
            place: place("src/jobs/nightly.rs", 48),
            within: "shop::jobs::nightly::run".to_owned(),
            crosses: strings(&["shop::mail::send_digest"]),
            suggestion: "write to `mail_outbox` inside, and send after the commit".to_owned(),
        }],
        cost: cost(),
        graph: Graph::default(),
    })
}

/// What names could do to who shows them.
pub(crate) fn hostile() -> Report {
    let mut report = sample();
    let script = "shop::<script>alert(1)</script>";
    let quotes = "shop::\"quoted\" onload='alert(2)' {{data}}";
    report.modules = strings(&["shop::mail", "shop::</script ><img src=x onerror=alert(3)>"]);
    report.workspace = "a\u{1b}[2J\u{202e}b & <b>c</b>\u{2028}".to_owned();
    report
        .gaps
        .push("<!-- <script> \u{2029} {{script}} &amp;".to_owned());
    report.origin.approximate = true;
    report.functions[0].signature = "pub fn f<'a>(a: &'a \"</script>)".to_owned();
    let item = "shop::mail::<script>alert(1)</script>";
    report
        .inbound
        .push(crossing(item, ItemKind::Function, uses(3, script, quotes)));
    report.outbound.push(crossing(
        "shop::__proto__",
        ItemKind::Other,
        uses(2, "shop::mail", "constructor"),
    ));
    counted(report)
}

/// 300 modules, 2,000 places and more in a column than a page can draw.
pub(crate) fn big() -> Report {
    let mut report = sample();
    for i in 0..300 {
        let module = format!("shop::features::area_{}::feature_{i}", i % 7);
        let n = if i < 20 { 20 } else { 6 };
        let item = format!("shop::mail::send_notice_{}", i % 12);
        report.inbound.push(crossing(
            &item,
            ItemKind::Function,
            uses(n, &module, "handle"),
        ));
    }
    // One entry an item, as in a real report.
    let mut inbound: Vec<Crossing> = Vec::new();
    for next in report.inbound.drain(..) {
        match inbound.iter_mut().find(|c| c.item == next.item) {
            Some(crossing) => {
                crossing.count += next.count;
                crossing.uses.extend(next.uses);
            }
            None => inbound.push(next),
        }
    }
    inbound.sort_by_key(|c| std::cmp::Reverse(c.count));
    report.inbound = inbound;
    counted(report)
}
