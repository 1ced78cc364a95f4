//! The README's first command, from a workspace without the service to its drained end.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::scratch::{Scratch, xtask};

const START: [&str; 4] = ["new-service", "orders", "--start", "--no-input"];

/// Where the service is built: another run of this test has the most of it already.
fn built_here(scratch: &Scratch) -> [(&'static str, &'static str); 1] {
    assert!(!scratch.root.join("target").exists());
    [(
        "CARGO_TARGET_DIR",
        concat!(env!("CARGO_TARGET_TMPDIR"), "/start"),
    )]
}

#[test]
fn a_new_service_is_built_called_and_drained_and_says_who_has_its_port() {
    let scratch = Scratch::repository();
    let mut said = String::new();
    // To this process alone, as from a supervisor. The terminal's end is a SIGHUP.
    for signal in ["TERM", "INT", "HUP"] {
        said = start_and_end(&scratch, signal);
    }
    start_in_json(&scratch);

    // The same port again, which somebody else has now.
    let port = said.split("grpcurl -plaintext 127.0.0.1:").nth(1).unwrap();
    let port = port.split(' ').next().unwrap();
    // Nothing of the service is left there.
    let taken = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    let again = xtask(&scratch.root, &START)
        .envs(built_here(&scratch))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(1), "{error}");
    assert!(error.contains(&format!("127.0.0.1:{port}")), "{error}");
    assert!(
        scratch.root.join("services/orders").exists(),
        "it was stamped all the same"
    );
    drop(taken);
}

/// Gives what it said; the workspace is as it was.
fn start_and_end(scratch: &Scratch, signal: &str) -> String {
    let mut starting = xtask(&scratch.root, &START)
        .envs(built_here(scratch))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(starting.stdout.take().unwrap());
    let mut said = read_until(&mut out, "Ctrl-C drains it");
    let answer = "acme.orders.v1.OrdersService/GetItem answered";
    assert!(said.contains(answer), "{said}");
    assert!(kill(signal, &starting.id().to_string()));
    assert_eq!(starting.wait().unwrap().code(), Some(0), "{signal}: {said}");
    // The service's own last words, which come through the same pipe.
    out.read_to_string(&mut said).unwrap();
    assert!(said.contains("told to stop"), "{signal}: {said}");
    scratch.ok(&["remove-service", "orders"]);
    said
}

/// A program reads one line when the service is there and one when it is ready, and no other.
fn start_in_json(scratch: &Scratch) {
    let mut starting = xtask(&scratch.root, &[&START[..], &["--format", "json"]].concat())
        .envs(built_here(scratch))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(starting.stdout.take().unwrap());
    let mut said = read_until(&mut out, "\"ready\":true");
    assert!(kill("TERM", &starting.id().to_string()));
    let ended = starting.wait_with_output().unwrap();
    let error = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{said}{error}");
    out.read_to_string(&mut said).unwrap();
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    let [stamped, ready] = &lines[..] else {
        panic!("two lines: {said}");
    };
    assert_eq!(stamped["applied"], true, "{said}");
    let port: u16 = stamped["grpc_port"].as_str().unwrap().parse().unwrap();
    assert_eq!(ready["grpc"], format!("http://127.0.0.1:{port}"));
    assert_eq!(ready["admin"], format!("http://127.0.0.1:{}", port + 1));
    let answer = ready["answer"].as_str().unwrap();
    assert!(answer.contains("GetItem answered"), "{answer}");
    // What cargo and the service say is there too.
    let both = error.contains("Finished") && error.contains("told to stop");
    assert!(both, "{error}");
    scratch.ok(&["remove-service", "orders"]);
}

/// By Ctrl-C, which comes to cargo as well, and by a supervisor, who tells this process alone.
#[test]
fn a_start_that_is_stopped_while_it_builds_leaves_the_whole_service() {
    let scratch = Scratch::repository();
    let before = scratch.tree();
    for (signal, to_all) in [("INT", true), ("TERM", false)] {
        let mut starting = xtask(&scratch.root, &START)
            .env("CARGO_TARGET_DIR", scratch.beside("target"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut err = BufReader::new(starting.stderr.take().unwrap());
        let mut said = read_until(&mut err, "Compiling");
        let (process, group) = (starting.id().to_string(), format!("-{}", starting.id()));
        assert!(kill(signal, if to_all { &group } else { &process }));
        // To its end, which comes when cargo has gone too.
        err.read_to_string(&mut said).unwrap();
        assert_eq!(starting.wait().unwrap().code(), Some(1), "{said}");
        // A compiler that cargo has left behind, which would write to a folder that goes.
        kill("KILL", &group);
        let told = ["stopped before orders was ready", "services/orders stays"];
        assert!(told.iter().all(|told| said.contains(told)), "{said}");
        assert!(!said.contains("panicked"), "{said}");

        assert!(scratch.packages().contains("orders"));
        scratch.assert_locked();
        assert!(!scratch.root.join(".carveout").exists());
        scratch.ok(&["remove-service", "orders"]);
        before.assert_same(&scratch.tree(), signal);
    }
}

/// Reads lines until one has `end` in it.
fn read_until(from: &mut impl BufRead, end: &str) -> String {
    let mut said = String::new();
    while !said.contains(end) {
        let read = from.read_line(&mut said).unwrap();
        assert_ne!(read, 0, "it ended:\n{said}");
    }
    said
}

/// Says whether there was anybody.
fn kill(signal: &str, whom: &str) -> bool {
    let kill = Command::new("kill")
        .args(["-s", signal, "--", whom])
        .stderr(Stdio::null())
        .status();
    kill.unwrap().success()
}
