//! `boundary index`, with a rust-analyzer that a test can make fail in every way.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::indexer_support::{Shop, err, out, write};

const WORKS: &str = "cp $INDEX $OUT";

#[test]
fn an_index_is_made_once_for_each_state_of_the_source() {
    let shop = Shop::new(WORKS);
    let first = shop.run(&[]);
    assert!(first.status.success(), "{}", err(&first));
    assert!(
        err(&first).contains("this executes code"),
        "{}",
        err(&first)
    );
    let path = out(&first).trim().to_owned();
    assert!(
        path.ends_with(".scip") && fs::metadata(&path).is_ok(),
        "{path}"
    );

    let again = shop.run(&[]);
    assert_eq!(out(&again).trim(), path);
    assert!(
        err(&again).contains("cached: 1 files, 1 modules"),
        "{}",
        err(&again)
    );
    assert_eq!(shop.runs(), 1);

    assert_ne!(
        out(&shop.run(&["--features", "gifts"])).trim(),
        path,
        "features are part of what it is of"
    );
    assert_eq!(out(&shop.run(&["--refresh"])).trim(), path);
    assert_eq!(shop.runs(), 3);

    // A comment at the end moves no name, and yet it is another state.
    write(shop.folder.path(), "src/lib.rs", "pub fn sell() {}\n//\n");
    assert_ne!(out(&shop.run(&[])).trim(), path);
    shop.fake("echo 'rust-analyzer 10.0.0'", WORKS);
    shop.run(&[]);
    assert_eq!(
        shop.runs(),
        5,
        "another version of the tool is another index"
    );
}

#[test]
fn only_the_newest_indexes_are_kept() {
    let shop = Shop::new(WORKS);
    for state in 0..6 {
        write(
            shop.folder.path(),
            "src/lib.rs",
            &format!("pub fn sell() {{}} // {state}\n"),
        );
        assert!(shop.run(&[]).status.success());
    }
    let scip = shop
        .cached()
        .iter()
        .filter(|name| name.ends_with(".scip"))
        .count();
    assert_eq!((scip, shop.cached().len()), (4, 8), "{:?}", shop.cached());
}

#[test]
fn the_features_reach_rust_analyzer() {
    let shop = Shop::new("cp $CONFIG $ROOT/config; cp $INDEX $OUT");
    shop.run(&["--features", "gifts", "--no-default-features"]);
    let config = fs::read_to_string(shop.path("config")).unwrap();
    assert_eq!(
        config,
        r#"{"cargo":{"features":["gifts"],"noDefaultFeatures":true}}"#
    );
    shop.run(&["--all-features"]);
    let config = fs::read_to_string(shop.path("config")).unwrap();
    assert_eq!(
        config,
        r#"{"cargo":{"features":"all","noDefaultFeatures":false}}"#
    );
}

#[test]
fn features_that_are_off_and_build_scripts_that_did_not_run_are_gaps() {
    let shop = Shop::new(WORKS);
    write(shop.folder.path(), "build.rs", "fn main() {}\n");
    for run in ["new", "cached"] {
        let said = err(&shop.run(&[]));
        assert!(said.contains(&format!("{run}: 1 files")), "{said}");
        assert!(
            said.contains("not seen: the build script of shop did not run"),
            "{said}"
        );
        assert!(
            said.contains("not seen: code behind features that are off is not seen: shop/gifts"),
            "{said}"
        );
    }
    shop.fake(
        "echo v",
        &format!("echo 'rust-analyzer: Loading build script shop run' >&2; {WORKS}"),
    );
    let said = err(&shop.run(&["--all-features"]));
    assert!(!said.contains("not seen"), "{said}");
}

#[test]
fn a_success_that_lacks_dependencies_is_none() {
    let warning =
        "WARN `cargo metadata` failed and returning succeeded result with `--no-deps` error=x";
    let shop = Shop::new(&format!("echo '{warning}' >&2; {WORKS}"));
    let run = shop.run(&[]);
    assert_eq!(run.status.code(), Some(4));
    assert!(
        err(&run).contains("could not see the whole workspace"),
        "{}",
        err(&run)
    );
    assert!(shop.cached().is_empty(), "{:?}", shop.cached());
}

#[test]
fn a_dependency_that_cannot_be_fetched_stops_it_before_it_begins() {
    let shop = Shop::new(WORKS);
    let manifest = fs::read_to_string(shop.path("Cargo.toml")).unwrap();
    let nowhere = shop.path("nowhere").display().to_string();
    write(
        shop.folder.path(),
        "Cargo.toml",
        &format!("{manifest}[dependencies]\ngone = {{ git = \"file://{nowhere}\" }}\n"),
    );
    let run = shop.run(&[]);
    assert_eq!(run.status.code(), Some(4));
    assert!(
        err(&run).contains("failed to get `gone` as a dependency"),
        "{}",
        err(&run)
    );
    assert_eq!(shop.runs(), 0);
}

#[test]
fn its_last_lines_are_shown_when_it_fails() {
    let shop = Shop::new("echo half >$OUT; echo 'unexpected flag: --config-path' >&2; exit 3");
    let run = shop.run(&[]);
    assert_eq!(run.status.code(), Some(4));
    assert!(
        err(&run).contains("unexpected flag: --config-path"),
        "{}",
        err(&run)
    );
    assert!(
        err(&run).contains("rust-analyzer 9.9.9 (fake) failed (exit status: 3)"),
        "{}",
        err(&run)
    );
    assert!(shop.cached().is_empty(), "{:?}", shop.cached());
}

#[test]
fn an_index_that_is_cut_short_gets_no_name() {
    let shop = Shop::new("head -c 60 $INDEX >$OUT");
    let run = shop.run(&[]);
    assert_eq!(run.status.code(), Some(4), "{}", err(&run));
    assert!(shop.cached().is_empty(), "{:?}", shop.cached());
}

#[test]
fn a_cached_index_that_is_damaged_is_made_again() {
    let shop = Shop::new(WORKS);
    let path = out(&shop.run(&[])).trim().to_owned();
    fs::write(&path, "nonsense").unwrap();
    let run = shop.run(&[]);
    assert!(
        err(&run).contains("the cached index cannot be used"),
        "{}",
        err(&run)
    );
    assert_eq!((run.status.code(), shop.runs()), (Some(0), 2));
}

#[test]
fn source_that_changes_meanwhile_is_noticed() {
    let shop = Shop::new(&format!("{WORKS}; echo '// new' >>$ROOT/src/lib.rs"));
    let run = shop.run(&[]);
    assert_eq!(run.status.code(), Some(4));
    assert!(
        err(&run).contains("edited while it was indexed"),
        "{}",
        err(&run)
    );
    assert!(shop.cached().is_empty(), "{:?}", shop.cached());
}

/// Whoever still has the pipe open is a process that was left behind.
const HANGS: &str = "echo half >$OUT; exec 3>$ROOT/pipe; echo begun >&3; sleep 300 & wait";

fn with_pipe() -> Shop {
    let shop = Shop::new(HANGS);
    let made = std::process::Command::new("mkfifo")
        .arg(shop.path("pipe"))
        .status();
    assert!(made.unwrap().success());
    shop
}

#[test]
fn a_time_out_ends_all_that_was_started() {
    let shop = with_pipe();
    let child = shop
        .command(&["--timeout", "2s"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    fs::File::open(shop.path("pipe"))
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(said, "begun\n");
    let run = child.wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(err(&run).contains("did not end within 2s"), "{}", err(&run));
    assert!(shop.cached().is_empty(), "{:?}", shop.cached());
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM] {
        let shop = with_pipe();
        let child = shop.command(&[]).stderr(Stdio::piped()).spawn().unwrap();
        let mut pipe = fs::File::open(shop.path("pipe")).unwrap();
        let mut begun = [0; 6];
        pipe.read_exact(&mut begun).unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        let mut rest = Vec::new();
        pipe.read_to_end(&mut rest).unwrap();
        let run = child.wait_with_output().unwrap();
        assert_eq!(run.status.code(), Some(130), "{}", err(&run));
        assert!(err(&run).contains("interrupted"), "{}", err(&run));
        assert!(shop.cached().is_empty(), "{:?}", shop.cached());
    }
}

#[test]
fn a_rust_analyzer_that_is_not_there_gets_the_command_that_installs_it() {
    let shop = Shop::new(WORKS);
    shop.fake(
        "echo \"error: Unknown binary 'rust-analyzer' in official toolchain 'x'.\" >&2; exit 1",
        "",
    );
    let run = shop.run(&[]);
    assert_eq!(run.status.code(), Some(1));
    assert!(
        err(&run).contains("help: rustup component add rust-analyzer rust-src\n"),
        "{}",
        err(&run)
    );
    fs::remove_file(shop.path("bin/fake")).unwrap();
    let run = shop.run(&[]);
    assert_eq!(run.status.code(), Some(1));
    assert!(
        err(&run).contains("help: correct --rust-analyzer"),
        "{}",
        err(&run)
    );
}

#[test]
fn a_cache_that_cannot_be_written_is_an_error() {
    let shop = Shop::new(WORKS);
    write(shop.folder.path(), "target/carveout", "a file");
    let run = shop.run(&[]);
    assert_eq!(run.status.code(), Some(1));
    assert!(err(&run).contains("CARGO_TARGET_DIR"), "{}", err(&run));
}

#[test]
fn any_folder_of_a_workspace_is_the_workspace() {
    let shop = Shop::new(WORKS);
    let path = out(&shop.run(&[]));
    for folder in ["src", "Cargo.toml"] {
        let run = shop
            .command(&["--workspace", shop.path(folder).to_str().unwrap()])
            .output()
            .unwrap();
        assert_eq!((out(&run), shop.runs()), (path.clone(), 1), "{}", err(&run));
    }
    let other = tempfile::tempdir().unwrap();
    let run = shop
        .command(&["--workspace", other.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(
        err(&run).contains("could not find `Cargo.toml`"),
        "{}",
        err(&run)
    );
}
