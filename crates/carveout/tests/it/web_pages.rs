//! Pages of other sites, in a browser that reaches the admin port. `src/admin/browser/tests.rs` has every
//! header; `tests/browser/rebinding.js` is the attack.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::admin::request;
use crate::at_the_limit::admin_of;
use crate::driver::Service;

/// The status of the answer to a request that is sent as it is; 0 for none.
fn status(admin: SocketAddr, request: &str) -> u16 {
    let mut stream = TcpStream::connect(admin).unwrap();
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    // A reset after the answer is an end.
    let _ = stream.read_to_string(&mut answer);
    let status = answer.split(' ').nth(1);
    status.map_or(0, |status| status.parse().unwrap())
}

#[test]
fn by_a_name_that_is_not_its_own_only_probes_and_scrapes_are_answered() {
    let allowed = ["--set", "admin.allowed_hosts=[\"orders.acme.internal\"]"];
    let mut service = Service::spawn("minimal", &allowed);
    let admin = admin_of(&service.wait_for("\"message\":\"ready\""));
    let post = "/admin/log-level?filter=debug&for=1m";
    for (host, probe, read, changed) in [
        ("10.1.2.3:9090", 200, 200, 200),
        ("localhost", 200, 200, 200),
        ("Orders.acme.internal:9090", 200, 200, 200),
        ("orders.shop.svc:9090", 200, 403, 403),
        ("rebound.example:9090", 200, 403, 403),
        ("localhost@rebound.example", 400, 400, 400),
        ("localhost\r\nhost: rebound.example", 400, 400, 400),
    ] {
        let ask = |method: &str, path: &str| {
            let length = "content-length: 0";
            let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{length}\r\n\r\n");
            status(admin, &head)
        };
        for page in ["/livez", "/readyz", "/startupz", "/metrics"] {
            assert_eq!(ask("GET", page), probe, "{host}: {page}");
        }
        for page in [
            "/admin/config",
            "/admin/slow",
            "/admin/log-level",
            "/admin/build",
            "/",
        ] {
            assert_eq!(ask("GET", page), read, "{host}: {page}");
        }
        assert_eq!(ask("POST", post), changed, "{host}");
        // The same host in the target, over a header that looks well.
        let absolute = format!("GET http://{host}/admin/slow HTTP/1.1\r\nhost: localhost\r\n\r\n");
        if !host.contains('\r') {
            assert_eq!(status(admin, &absolute), read, "{absolute}");
        }
    }
    // What is passed on by a proxy on this machine may come from another.
    for header in [
        "forwarded: for=192.0.2.1",
        "via: 1.1 proxy",
        "x-forwarded-for: 192.0.2.1",
    ] {
        let head = format!("POST {post} HTTP/1.1\r\nhost: localhost\r\n{header}\r\n\r\n");
        assert_eq!(status(admin, &head), 403, "{header}");
    }
    // There is no HTTP/2, and so no `:authority`, on this port.
    assert_ne!(status(admin, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 200);
    service.signal("TERM");
    assert_eq!(service.exit_code(), Some(0));
}

/// Node with playwright-core in its path, and the browser.
fn tools() -> Option<(Command, PathBuf)> {
    let dirs = ["CARVEOUT_NODE_MODULES", "NODE_PATH"].map(std::env::var_os);
    let mut dirs = dirs.iter().flatten().flat_map(std::env::split_paths);
    let modules = dirs.find(|dir| dir.join("playwright-core").is_dir());
    let modules = found("playwright-core for Node", modules)?;
    let mut node = Command::new(found("node", on_path("node"))?);
    node.env("NODE_PATH", modules).stdin(Stdio::null());
    Some((node, found("chromium", on_path("chromium"))?))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut programs = std::env::split_paths(&path).map(|dir| dir.join(name));
    programs.find(|program| program.is_file())
}

fn found<T>(tool: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let required = std::env::var_os("CARVEOUT_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "{tool} is not installed (.ci/install-tools)");
        eprintln!("skipped: {tool} is not installed (.ci/install-tools)");
    }
    found
}

#[test]
fn no_page_of_another_site_in_a_real_browser_changes_or_reads_anything() {
    let Some((mut node, chromium)) = tools() else {
        return;
    };
    let mut service = Service::spawn("minimal", &[]);
    let admin = admin_of(&service.wait_for("\"message\":\"ready\""));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/rebinding.js");
    let played = node.arg(script).arg(chromium).arg(admin.port().to_string());
    let played = played.output().unwrap();
    let complained = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "{complained}");
    let said: Value = serde_json::from_slice(&played.stdout).unwrap();

    // It is of the same origin, and reads nothing but refusals.
    assert_eq!(said["landing"], 403, "{said}");
    for (request, status) in said["rebound"].as_object().unwrap() {
        assert_eq!(*status, 403, "{request}: {said}");
    }
    for target in ["named", "address", "localhost"] {
        for (request, status) in said[target].as_object().unwrap() {
            let expected = match request.as_str() {
                "form" => Value::from(403),
                _ => Value::Null,
            };
            assert_eq!(*status, expected, "{target}: {request}: {said}");
        }
    }
    assert_eq!(said["opaque"]["form"], 403, "{said}");
    assert_eq!(said["level"], "info\n", "{said}");
    for page in ["/livez", "/metrics", "/admin/slow", "post"] {
        assert_eq!(said["own"][page], 200, "{page}: {said}");
    }
    let level = request(admin, "GET", "/admin/log-level");
    assert!(level.contains("trace (configured: info"), "{level}");
    service.signal("TERM");
    assert_eq!(service.exit_code(), Some(0));
}
