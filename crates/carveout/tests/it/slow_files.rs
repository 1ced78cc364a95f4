//! Configuration on a file system that does not answer. A pipe that nobody writes into does the same
//! to whoever reads it.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::Command;

use crate::admin::request;
use crate::at_the_limit::admin_of;
use crate::driver::Service;

struct World {
    dir: tempfile::TempDir,
    service: Service,
    ready: String,
}

/// A service whose configuration has been replaced by such a pipe.
fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("default.toml");
    std::fs::write(&file, "").unwrap();
    let config_dir = dir.path().to_str().unwrap().to_owned();
    let mut service = Service::spawn("minimal", &["--config-dir", &config_dir]);
    let ready = service.wait_for("\"message\":\"ready\"");
    std::fs::remove_file(&file).unwrap();
    let made = Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    World {
        dir,
        service,
        ready,
    }
}

/// Waits until the pipe is being read. The reader waits for as long as what this returns lives.
fn is_read(dir: &Path) -> File {
    let pipe = OpenOptions::new()
        .write(true)
        .open(dir.join("default.toml"));
    pipe.unwrap()
}

#[test]
fn a_reload_that_hangs_does_not_hold_a_stop() {
    let mut world = world();
    world.service.signal("HUP");
    let _pipe = is_read(world.dir.path());
    world.service.signal("TERM");
    assert_eq!(world.service.exit_code(), Some(0));
}

#[test]
fn a_reload_that_hangs_does_not_silence_the_admin_port() {
    let mut world = world();
    let admin = admin_of(&world.ready);
    let reload = std::thread::spawn(move || request(admin, "POST", "/admin/config/reload"));
    let pipe = is_read(world.dir.path());
    for page in ["/livez", "/metrics", "/admin/config"] {
        let answer = request(admin, "GET", page);
        assert!(answer.starts_with("HTTP/1.0 200"), "{page}: {answer}");
    }
    // It goes on as soon as the file does.
    drop(pipe);
    let reloaded = reload.join().unwrap();
    assert!(reloaded.starts_with("HTTP/1.0 200"), "{reloaded}");
    world.service.signal("TERM");
    assert_eq!(world.service.exit_code(), Some(0));
}
