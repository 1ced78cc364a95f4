//! A process that has opened every file that it may, and none of them for a caller.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::admin::request;
use crate::driver::Service;

/// Where the admin port of a service listens, by what it says when it is ready.
pub(crate) fn admin_of(ready: &str) -> SocketAddr {
    let line: serde_json::Value = serde_json::from_str(ready).unwrap();
    line["admin"].as_str().unwrap().parse().unwrap()
}

#[test]
fn the_admin_port_answers_and_the_service_stops() {
    let args = ["--set", "service.misdeed=files"];
    let mut service = Service::spawn_after("ulimit -n 64", "stubborn", &args);
    let [ready, _] = service.wait_for_both(["\"message\":\"ready\"", "every file is open"]);
    let admin = admin_of(&ready);

    // More that ask for nothing than there are descriptors for.
    let silent: Vec<TcpStream> = (0..10)
        .map(|_| TcpStream::connect(admin).unwrap())
        .collect();
    for page in [
        "/livez",
        "/readyz",
        "/metrics",
        "/admin/workers",
        "/admin/slow",
    ] {
        // The quickest of five, because tests run side by side.
        let answers = [(); 5].map(|()| {
            let asked = Instant::now();
            let answer = request(admin, "GET", page);
            (asked.elapsed(), answer)
        });
        for (_, answer) in &answers {
            assert!(answer.starts_with("HTTP/1.0 200"), "{page}: {answer}");
        }
        let took = answers.iter().map(|(took, _)| *took).min().unwrap();
        assert!(took < Duration::from_millis(100), "{page}: {took:?}");
    }
    drop(silent);

    service.signal("TERM");
    assert_eq!(service.exit_code(), Some(0));
}
