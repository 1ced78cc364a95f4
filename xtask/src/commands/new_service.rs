use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::cargo::{Lock, are_covered, cargo, confirm_moves, is_locked, lock_by_cargo};
use super::{kit, say, shelves, start, workspace};
use crate::answers::{self, Given};
use crate::apply::{Applied, Change};
use crate::cli::{Format, NewService, Verify};
use crate::error::{Error, Result, nearest};
use crate::kit_source::{Asked, KitSource};
use crate::lockfile;
use crate::plan::{Edit, Plan};
use crate::render::{Answers, render};
use crate::stamped::{Rendered, contract_folder};
use crate::template::{Template, WORKSPACE_ROOT};
use crate::workspace::{Package, SERVICES, Workspace};
use crate::{manifest, names, ports};

pub(super) fn run(args: &NewService) -> Result<()> {
    names::check_form(&args.name)?;
    let root = workspace()?.root;
    let dry = args.dry_run || args.diff;
    if !dry {
        Change::recover_interrupted(&root)?;
    }
    // Without the lock, because this may ask a person.
    let mut prepared = prepare(args, &root, None)?;
    let change = if dry {
        None
    } else {
        let change = Change::begin(&root)?;
        // Somebody else had the lock, or an editor was at work.
        if !prepared.plan.is_current(&root) {
            prepared = prepare(args, &root, Some(&prepared.answers))?;
        }
        Some(change)
    };
    let Prepared {
        workspace,
        answers,
        plan,
        lock,
    } = prepared;

    match args.format {
        Format::Text if args.diff => say(&plan.to_diff(&root)),
        Format::Text => say(&plan.to_text()),
        Format::Json => {}
    }
    if let Some(change) = change {
        let edit = plan.edit.iter().find(|edit| edit.path == "Cargo.lock");
        let locked = edit.map_or("", |edit| &edit.before);
        settle(&workspace, change.apply(&plan)?, lock, locked, args)?;
    }
    let port = answers.get("grpc_port").unwrap_or_default();
    match args.format {
        Format::Json => say(&json!({ "service": args.name, "plan": plan.to_json(), "applied": !dry, "grpc_port": port }).to_string()),
        Format::Text if !dry => say(&next_steps(&args.name, &answers, &plan)),
        Format::Text => {}
    }
    if args.start && !dry {
        start::run(&workspace, &args.name, args.format)
    } else {
        Ok(())
    }
}

/// Everything there is to know before anything is written.
struct Prepared {
    workspace: Workspace,
    answers: Answers,
    plan: Plan,
    lock: Lock,
}

/// `before` holds the answers of an earlier round: nobody is asked twice.
fn prepare(args: &NewService, root: &Path, before: Option<&Answers>) -> Result<Prepared> {
    let workspace = Workspace::find(root)?;
    let template = Template::load(&args.template, &shelves(Some(&workspace)))?;
    let packages = workspace.packages()?;
    let package_names: Vec<String> = packages
        .iter()
        .map(|package| package.name.clone())
        .collect();
    let folder = format!("{SERVICES}/{}", args.name);
    // A folder that is there is the plainer thing to say, and the package in it the reason for the
    // clash.
    if workspace.root.join(&folder).exists() {
        return Err(Error::conflict(format!(
            "{} is there already",
            workspace.root.join(&folder).display()
        ))
        .help("choose another name, or remove it first (`cargo xtask remove-service`)"));
    }
    let mut dependencies = workspace.locked();
    if !has_kit(&packages) {
        // What will be locked once there is a service, whether there is a lock file yet or not.
        let kit = Workspace::find(&kit())?;
        let own = kit.packages()?;
        let is_service = |name: &String| {
            let mut services = own.iter().filter(|own| own.folder.starts_with(SERVICES));
            services.any(|service| service.name == *name)
        };
        dependencies.extend(kit.locked().into_iter().filter(|name| !is_service(name)));
    }
    dependencies.retain(|name| !package_names.contains(name));
    names::check_clash(&args.name, &package_names, &dependencies)?;

    let answers = answers(args, &workspace, &template, &packages, before)?;
    let rendered = render(&template, &answers)?;
    let (plan, lock) = plan(&workspace, &packages, &folder, rendered, &answers)?;
    plan.check(&workspace.root)?;
    Ok(Prepared {
        workspace,
        answers,
        plan,
        lock,
    })
}

fn answers(
    args: &NewService,
    workspace: &Workspace,
    template: &Template,
    packages: &[Package],
    before: Option<&Answers>,
) -> Result<Answers> {
    let mut given = Given::default();
    let flags = [
        ("owner", &args.owner),
        ("org", &args.org),
        ("kit_source", &args.kit_source),
        ("kit_location", &args.kit_location),
        ("kit_revision", &args.kit_revision),
    ];
    for (name, value) in flags {
        given
            .flags
            .extend(value.iter().map(|value| (name.to_owned(), value.clone())));
    }
    let features = template.features();
    let on = args.with.iter().map(|feature| (feature, "true"));
    let off = args.without.iter().map(|feature| (feature, "false"));
    for (feature, answer) in on.chain(off) {
        if !features.contains(&feature.as_str()) {
            let error = Error::usage(format!(
                "the template {:?} has no feature {feature:?}",
                args.template
            ));
            let near = nearest(feature, features.iter().copied())
                .map(|near| format!("did you mean `{near}`? "))
                .unwrap_or_default();
            return Err(error.help(format!("{near}(features: {})", features.join(", "))));
        }
        if given
            .flags
            .insert(feature.clone(), answer.to_owned())
            .is_some()
        {
            let message = format!("the feature {feature:?} is given twice");
            return Err(Error::usage(message).help("give it to --with or to --without, once"));
        }
    }
    if let Some(file) = &args.answers {
        given.read_file(file, template)?;
    }
    for key in ["org", "owner"] {
        // A team's own workspace says it once; a template's default would be somebody else's name.
        let default = workspace.default_answer(key)?;
        given
            .derived
            .extend(default.map(|default| (key.to_owned(), default)));
    }
    let folders: Vec<PathBuf> = packages
        .iter()
        .map(|package| package.folder.clone())
        .collect();
    let taken = ports::taken(workspace, &folders, &args.name);
    given.derived.insert(
        "grpc_port".to_owned(),
        ports::derive(&args.name, &taken).to_string(),
    );
    let asked = Asked {
        source: given.by_person("kit_source"),
        location: given.by_person("kit_location"),
        revision: given.by_person("kit_revision"),
    };
    let here = std::env::current_dir()
        .map_err(|error| Error::failed(format!("cannot tell the current folder: {error}")))?;
    let kit_source = KitSource::resolve(&asked, has_kit(packages), &kit(), &here)?;
    // Once: this is prepared again if somebody else changed the workspace meanwhile.
    if asked.source.is_none()
        && before.is_none()
        && let Some(warning) = kit_source.warning()
    {
        eprintln!("warning: {warning}");
    }
    for (name, value) in [
        ("kit_source", kit_source.source),
        ("kit_location", kit_source.location),
        ("kit_revision", kit_source.revision),
        (WORKSPACE_ROOT, "false".to_owned()),
    ] {
        given.flags.insert(name.to_owned(), value);
    }
    // What a person answered; what is derived is derived again.
    for placeholder in &template.placeholders {
        let answer = before.and_then(|before| before.get(&placeholder.name));
        if let Some(answer) = answer
            && !given.derived.contains_key(&placeholder.name)
        {
            given
                .flags
                .insert(placeholder.name.clone(), answer.to_owned());
        }
    }
    let answers = answers::collect(&args.name, template, &given, !args.no_input)?;
    if let Some(org) = answers.get("org") {
        names::check_org(org)?;
    }
    if let Some(port) = answers.get("grpc_port") {
        ports::check(port, &taken)?;
    }
    Ok(answers)
}

fn has_kit(packages: &[Package]) -> bool {
    packages.iter().any(|package| package.name == "carveout")
}

fn plan(
    workspace: &Workspace,
    packages: &[Package],
    folder: &str,
    rendered: BTreeMap<String, Vec<u8>>,
    answers: &Answers,
) -> Result<(Plan, Lock)> {
    let mut plan = Plan::default();
    let shared =
        answers.get("kit_source") == Some("workspace") || workspace.root.join("proto").is_dir();
    let contract = contract_folder(answers);
    let Rendered {
        service,
        contract: contracts,
    } = Rendered::new(rendered, answers, shared);
    let entries = lockfile::entries(&service)?;
    if !contracts.is_empty() {
        plan.create.insert(contract, contracts);
    }
    plan.create.insert(folder.to_owned(), service);

    let patterns = workspace.patterns()?;
    if let Some(pattern) = patterns.excluding(folder) {
        return Err(Error::conflict(format!(
            "the workspace excludes {folder} (exclude = [\"{pattern}\"])"
        ))
        .help("take that exclusion out of its Cargo.toml"));
    }
    if !patterns.include(folder) {
        let after = manifest::add_member(&workspace.manifest, folder)?;
        plan.edit.push(Edit {
            path: "Cargo.toml".to_owned(),
            before: workspace.manifest.clone(),
            after,
        });
    }
    let before = fs::read_to_string(workspace.root.join("Cargo.lock")).unwrap_or_default();
    let needs = entries.iter().flat_map(|entry| &entry.needs);
    let is_plain = is_locked(workspace, packages) && are_covered(needs, packages);
    match lockfile::add(&before, &entries).filter(|_| is_plain) {
        Some(after) => {
            plan.edit.push(Edit {
                path: "Cargo.lock".to_owned(),
                before,
                after,
            });
            Ok((plan, Lock::Planned))
        }
        None => {
            // What cargo makes of it is not known yet; what it was has to be, to go back.
            if !before.is_empty() {
                let after = before.clone();
                plan.edit.push(Edit {
                    path: "Cargo.lock".to_owned(),
                    before,
                    after,
                });
            }
            Ok((plan, Lock::ByCargo))
        }
    }
}

/// Brings the lock file up to date where that is cargo's work, verifies what was asked for, and
/// keeps the change or takes it back. `locked` is the lock file from before.
fn settle(
    workspace: &Workspace,
    applied: Applied<'_>,
    lock: Lock,
    locked: &str,
    args: &NewService,
) -> Result<()> {
    let outcome = match lock {
        Lock::Planned => Ok(()),
        Lock::ByCargo if args.allow_lock_changes => lock_by_cargo(workspace),
        Lock::ByCargo => {
            lock_by_cargo(workspace).and_then(|()| confirm_moves(workspace, locked, !args.no_input))
        }
    };
    let outcome = outcome.and_then(|()| verify(workspace, args));
    match outcome {
        Ok(()) => applied.commit(),
        Err(error) => {
            applied.roll_back()?;
            Err(error)
        }
    }
}

fn verify(workspace: &Workspace, args: &NewService) -> Result<()> {
    let command = match args.verify {
        Verify::None => return Ok(()),
        Verify::Check => "check",
        Verify::Test => "test",
    };
    let api = format!("{}-api", args.name);
    let packages = ["-p", &args.name, "-p", &api, "--all-targets", "--locked"];
    let status = cargo(workspace)
        .arg(command)
        .args(packages)
        .stdout(std::io::stderr())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Error::verification(format!(
            "cargo {command} failed for {}, so it was taken back",
            args.name
        ))),
        Err(error) => Err(Error::verification(format!(
            "cannot run cargo, so {} was taken back: {error}",
            args.name
        ))),
    }
}

fn next_steps(name: &str, answers: &Answers, plan: &Plan) -> String {
    let contract = plan
        .create
        .iter()
        .flat_map(|(folder, files)| files.keys().map(move |file| format!("{folder}/{file}")));
    let contract = contract
        .into_iter()
        .find(|path| path.ends_with(".proto"))
        .unwrap_or_default();
    let crate_name = answers.get("crate_name").unwrap_or_default();
    format!(
        "\n{name} is there. Next:\n  \
         the contract        {contract}\n  \
         the business logic  {SERVICES}/{name}/src/domain.rs, and src/rpc.rs to adapt it\n  \
         run it              cargo run -p {name} -- --profile dev\n  \
         test it             cargo test -p {name}\n  \
         its settings        cargo run -p {name} -- --print-config   (environment: {}__...)",
        crate_name.to_uppercase()
    )
}
