//! `check` as its users run it, on three states of one workspace with the indexes of each
//! (`tests/fixtures/ratchet`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const OK: i32 = 0;
const IO: i32 = 1;
const USAGE: i32 = 2;
const DRIFT: i32 = 3;

/// A copy of one state of the workspace.
struct Stall {
    _dir: TempDir,
    root: PathBuf,
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Stall {
    fn new(state: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("stall");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ratchet");
        copy(&fixtures.join(state), &root);
        Self { _dir: dir, root }
    }

    /// With `orders` declared, as it is today.
    fn declared() -> Self {
        let stall = Self::new("before");
        stall.ran(&["--init", "orders"], OK, &["stall::orders declared"]);
        stall
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_carveout-extract"));
        command
            .args(["boundary", "check", "--index", "index.scip"])
            .args(args)
            .current_dir(&self.root)
            .env_remove("CI")
            .env_remove("GITHUB_WORKSPACE")
            .env_remove("NO_COLOR");
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        finished(&mut self.command(args))
    }

    /// Runs what has to end with `code`, and say each of `said`. Only success writes.
    #[track_caller]
    fn ran(&self, args: &[&str], code: i32, said: &[&str]) -> Ran {
        let before = self.files();
        let ran = self.run(args);
        self.expect(&ran, args, code, said);
        if code != OK {
            assert_eq!(self.files(), before, "{args:?} failed and wrote");
        }
        ran
    }

    #[track_caller]
    fn expect(&self, ran: &Ran, args: &[&str], code: i32, said: &[&str]) {
        let all = format!("{}{}", ran.out, ran.err);
        assert_eq!(ran.code, code, "{args:?}: {all}");
        for said in said {
            assert!(all.contains(said), "{args:?} does not say {said:?}: {all}");
        }
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(&self.root)
            .unwrap()
            .map(|entry| entry.unwrap());
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        let mut files: Vec<_> = files
            .map(|file| {
                let name = file.file_name().into_string().unwrap();
                (name, fs::read(file.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).unwrap()
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::write(self.root.join(file), text).unwrap();
    }

    /// The declaration and the baseline of another.
    fn take(&self, other: &Stall) {
        for file in [BOUNDARIES, BASELINE] {
            self.write(file, other.read(file));
        }
    }
}

fn finished(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

const BOUNDARIES: &str = "boundaries.toml";
const BASELINE: &str = "boundaries.baseline.toml";

#[test]
fn a_module_is_declared_as_it_is_today_and_holds() {
    let stall = Stall::declared();
    insta::assert_snapshot!("ratchet_baseline", stall.read(BASELINE));
    let ran = stall.ran(
        &[],
        OK,
        &["ok: nothing new", "18 uses tolerated under 14 keys"],
    );
    assert!(!ran.out.contains('\x1b'), "a pipe gets no colour");
    stall.ran(&["--update"], OK, &["is as it should be"]);
    // From anywhere inside.
    let inside = ["--workspace", "src", "--index", "index.scip"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_carveout-extract"));
    command.args(["boundary", "check"]).args(inside);
    let ran = finished(command.current_dir(&stall.root));
    stall.expect(&ran, &inside, OK, &["ok: nothing new"]);

    stall.ran(
        &["--init", "orders"],
        USAGE,
        &["`stall::orders` is declared twice"],
    );
    stall.ran(&["--init", "odrers"], USAGE, &["odrers", "stall::orders"]);
    stall.ran(&["--init", "stall::*"], USAGE, &["wildcard"]);
    let before = stall.read(BASELINE);
    stall.ran(&["--init", "users"], OK, &["stall::users declared"]);
    assert!(stall.read(BOUNDARIES).contains("\"stall::orders\""));
    assert!(
        before
            .lines()
            .all(|line| stall.read(BASELINE).contains(line))
    );
    stall.ran(&[], OK, &["stall::users: "]);
}

#[test]
fn code_that_moves_to_other_lines_and_files_changes_nothing() {
    let before = Stall::declared();
    let moved = Stall::new("moved");
    moved.take(&before);
    moved.ran(&[], OK, &["ok: nothing new, nothing stale; 18 uses"]);
    let anew = Stall::new("moved");
    anew.ran(&["--init", "orders"], OK, &[]);
    assert_eq!(anew.read(BASELINE), before.read(BASELINE));
    // It is another state of the source all the same.
    before.write(
        "index.scip",
        fs::read(moved.root.join("index.scip")).unwrap(),
    );
    assert_eq!(before.run(&[]).code, 4);
}

#[test]
fn what_is_new_and_what_is_stale_fails_and_growth_needs_a_reason() {
    let grown = Stall::new("grown");
    grown.take(&Stall::declared());
    let said = [
        "`stall::users` uses the function `stall::orders::place`: it is not public",
        "src/users.rs:9",
        "`stall::orders::Order::id` 2 times, 1 of them tolerated",
        "the function `stall::orders::db::find` in `stall::users`, and it is gone",
        "failed: 6 new, 1 stale",
        "--update --allow-growth REASON",
    ];
    grown.ran(&[], DRIFT, &said);
    grown.ran(
        &["--update"],
        DRIFT,
        &["lets none in: 6 new, and nothing was written"],
    );
    grown.ran(
        &["--update", "--allow-growth", "  "],
        USAGE,
        &["needs a reason"],
    );
    grown.ran(
        &["--update", "--allow-growth", "a\nb"],
        USAGE,
        &["one line"],
    );
    grown.ran(&["--allow-growth", "why"], USAGE, &["--update"]);

    let reason = "first orders are free in June";
    let done = "1 entries removed, 0 lowered, 6 new or higher";
    grown.ran(&["--update", "--allow-growth", reason], OK, &[done]);
    let entry = format!("kind = \"field\", count = 2, reason = \"{reason}\" }},");
    assert_eq!(grown.read(BASELINE).matches(&entry).count(), 2);
    grown.ran(&[], OK, &["ok:"]);

    // And back: what was taken out is new again.
    let back = Stall::new("before");
    back.take(&grown);
    back.ran(&["--update"], DRIFT, &["1 new, and nothing was written"]);
}

#[test]
fn an_item_that_becomes_public_is_taken_out_by_an_update() {
    let stall = Stall::declared();
    let text = stall.read(BOUNDARIES);
    stall.write(
        BOUNDARIES,
        text.replace("public = []", "public = [\"Order\", \"place\"]"),
    );
    let said = ["failed: 0 new, 6 stale", "boundaries.toml allows it now"];
    stall.ran(&[], DRIFT, &said);
    stall.ran(&["--update"], OK, &["6 entries removed"]);
    // The number of uses is the same: calling them public has lowered nothing.
    stall.ran(
        &[],
        OK,
        &["18 uses of 11 items from 3 modules", "11 uses tolerated"],
    );
}

#[test]
fn ci_checks_and_never_writes() {
    let stall = Stall::declared();
    let before = stall.files();
    for args in [
        &["--update"][..],
        &["--update", "--allow-growth", "x"],
        &["--init", "users"],
    ] {
        let ran = finished(stall.command(args).env("CI", "true"));
        stall.expect(&ran, args, USAGE, &["refused where CI is set"]);
    }
    let ran = finished(stall.command(&[]).env("CI", "true"));
    stall.expect(&ran, &[], OK, &["ok:"]);
    assert_eq!(stall.files(), before);

    // A baseline that is lost is not made anew: everything is new.
    fs::remove_file(stall.root.join(BASELINE)).unwrap();
    let ran = finished(stall.command(&[]).env("CI", "true"));
    stall.expect(&ran, &[], DRIFT, &["failed: 14 new, 0 stale"]);
    assert!(!stall.root.join(BASELINE).exists());

    let ran = finished(stall.command(&["--init", "users"]).env("CI", "false"));
    stall.expect(&ran, &[], OK, &["stall::users declared"]);
}

#[test]
fn files_that_cannot_be_read_are_named_with_what_to_do() {
    let stall = Stall::new("before");
    stall.ran(
        &[],
        USAGE,
        &["there is no boundaries.toml", "--init MODULE"],
    );
    stall.write(
        BASELINE,
        "schema = 1\nentries = [\n{ from = \"a\", to = \"b\", kind = \"type\", count = 1 }]",
    );
    stall.ran(
        &["--init", "orders"],
        USAGE,
        &["there is a boundaries.baseline.toml and no"],
    );

    let stall = Stall::declared();
    let declared = stall.read(BOUNDARIES);
    stall.write(BOUNDARIES, b"# \xff\n[[module]]\n");
    stall.ran(&[], USAGE, &["boundaries.toml:1: a byte that is not UTF-8"]);
    stall.write(BOUNDARIES, declared);

    let baseline = fs::File::create(stall.root.join(BASELINE)).unwrap();
    baseline.set_len(17 << 20).unwrap();
    stall.ran(&[], IO, &["boundaries.baseline.toml", "17 MB"]);
    fs::remove_file(stall.root.join(BASELINE)).unwrap();
    fs::create_dir(stall.root.join(BASELINE)).unwrap();
    stall.ran(&[], IO, &["boundaries.baseline.toml: it is not a file"]);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_mode_a_mode() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let stall = Stall::declared();
    let (link, real) = (stall.root.join(BASELINE), stall.root.join("src/real.toml"));
    let extra = "entries = [\n    { from = \"a\", to = \"b\", kind = \"type\", count = 1 },\n";
    let text = stall.read(BASELINE).replace("entries = [\n", extra);
    fs::write(&real, text).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    fs::remove_file(&link).unwrap();
    symlink("src/real.toml", &link).unwrap();
    stall.ran(&["--update"], OK, &["1 entries removed"]);
    assert!(link.is_symlink());
    let mode = fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(!stall.read(BASELINE).contains("\"a\""));
    let left = fs::read_dir(stall.root.join("src")).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(left.into_iter().all(|name| !name.ends_with(".tmp")));

    fs::remove_file(&real).unwrap();
    stall.ran(&[], IO, &["boundaries.baseline.toml"]);
}

#[test]
fn every_format_goes_to_a_file_too_and_keeps_the_exit_code() {
    let grown = Stall::new("grown");
    grown.take(&Stall::declared());
    for (format, has) in [
        ("text", "failed: 6 new"),
        ("json", "\"schema\": 1"),
        ("sarif", "\"2.1.0\""),
        (
            "github",
            "::error file=src/users.rs,line=9,title=boundary/private::",
        ),
    ] {
        let printed = grown.ran(&["--format", format], DRIFT, &[has]).out;
        let ran = grown.run(&["--format", format, "--output", "found"]);
        grown.expect(&ran, &[format], DRIFT, &[]);
        assert_eq!(ran.out, "");
        assert_eq!(grown.read("found"), printed);
        fs::remove_file(grown.root.join("found")).unwrap();
    }
    grown.ran(&["--output", "no/such/folder"], IO, &["no/such/folder"]);
    grown.ran(&["--format", "xml"], USAGE, &["xml"]);
    grown.ran(&["--format", "json", "--update"], USAGE, &["--update"]);
}

#[test]
fn annotations_count_paths_from_the_checkout() {
    let grown = Stall::new("grown");
    grown.take(&Stall::declared());
    let checkout = grown.root.parent().unwrap();
    let mut command = grown.command(&["--format", "github"]);
    let ran = finished(command.env("GITHUB_WORKSPACE", checkout));
    let stale = "::error file=stall/boundaries.baseline.toml,line=8,title=boundary/stale::";
    grown.expect(&ran, &[], DRIFT, &["file=stall/src/users.rs,line=9", stale]);
}
