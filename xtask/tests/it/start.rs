//! The README's first command, from a workspace without the service to its drained end.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::scratch::{Scratch, xtask};

/// A workspace that shares what it builds with the other test here.
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
    let args = ["new-service", "orders", "--start", "--no-input"];
    let mut said = String::new();
    // To this process alone, as from a supervisor. The terminal's end is a SIGHUP.
    for signal in ["TERM", "INT", "HUP"] {
        said = start_and_end(&scratch, &args, signal);
    }

    // The same port again, which somebody else has now.
    let port = said.split("grpcurl -plaintext 127.0.0.1:").nth(1).unwrap();
    let port = port.split(' ').next().unwrap();
    // Nothing of the service is left there.
    let taken = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    let again = xtask(&scratch.root, &args)
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
fn start_and_end(scratch: &Scratch, args: &[&str], signal: &str) -> String {
    let mut starting = xtask(&scratch.root, args)
        .envs(built_here(scratch))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut out = BufReader::new(starting.stdout.take().unwrap());
    while !said.contains("Ctrl-C drains it") {
        let read = out.read_line(&mut said).unwrap();
        assert_ne!(read, 0, "it ended:\n{said}");
    }
    let answer = "acme.orders.v1.OrdersService/GetItem answered";
    assert!(said.contains(answer), "{said}");
    let pid = starting.id().to_string();
    let mut kill = Command::new("kill");
    assert!(kill.args(["-s", signal, &pid]).status().unwrap().success());
    assert_eq!(starting.wait().unwrap().code(), Some(0), "{signal}: {said}");
    // The service's own last words, which come through the same pipe.
    out.read_to_string(&mut said).unwrap();
    assert!(said.contains("told to stop"), "{signal}: {said}");
    scratch.ok(&["remove-service", "orders"]);
    said
}
