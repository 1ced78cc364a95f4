//! Disks that are full or read-only: an error that says so, and a workspace as it was.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::refusals::IO;
use crate::scratch::{Scratch, xtask};
use crate::tree::{Tree, copy};

/// A file system of the test's own, with a copy of this repository on it.
struct Mount(PathBuf);

impl Mount {
    /// `None` where mounting is not permitted.
    fn repository(scratch: &Scratch) -> Option<Self> {
        let place = scratch.beside("mount");
        fs::create_dir_all(&place).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"])
            .arg(&place)
            .output();
        if !mount.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: only root may mount a file system");
            return None;
        }
        let mount = Self(place);
        copy(&scratch.root, &mount.0);
        Some(mount)
    }

    fn remount(&self, options: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{options}")]);
        assert!(mount.arg(&self.0).status().unwrap().success(), "{options}");
    }

    fn used_kib(&self) -> u64 {
        let mut df = Command::new("df");
        df.args(["--output=used", "--block-size=1K"]).arg(&self.0);
        let output = String::from_utf8(df.output().unwrap().stdout).unwrap();
        output.lines().nth(1).unwrap().trim().parse().unwrap()
    }

    fn run(&self, args: &[&str]) -> Output {
        xtask(&self.0, args).output().unwrap()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// It gets a page further each time until it fits: every write there is fails once.
#[test]
fn a_disk_that_is_full_at_any_point_leaves_the_workspace_as_it_was() {
    let scratch = Scratch::repository();
    let Some(mount) = Mount::repository(&scratch) else {
        return;
    };
    let (before, used) = (Tree::of(&mount.0), mount.used_kib());
    let mut failures = 0;
    loop {
        let room = 4 * failures;
        assert!(room < 4096, "it never fits");
        mount.remount(&format!("size={}k", used + room));
        let output = mount.run(&["new-service", "orders", "--no-input"]);
        if output.status.success() {
            break;
        }
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(IO), "{said}");
        assert!(said.contains("No space left"), "{said}");
        before.assert_same(&Tree::of(&mount.0), &format!("with {room} KiB left"));
        failures += 1;
    }
    assert!(failures > 20, "{failures}");

    // Taking it out again frees room, and needs some for the lock file first.
    mount.remount(&format!("size={}k", mount.used_kib()));
    let after = Tree::of(&mount.0);
    let output = mount.run(&["remove-service", "orders"]);
    assert_eq!(output.status.code(), Some(IO));
    after.assert_same(&Tree::of(&mount.0), "removing");
    mount.remount("size=64m");
    assert!(mount.run(&["remove-service", "orders"]).status.success());
    before.assert_same(&Tree::of(&mount.0), "removed");
}

#[test]
fn a_read_only_tree_is_said_to_be_one_and_can_be_planned_for() {
    let scratch = Scratch::repository();
    let Some(mount) = Mount::repository(&scratch) else {
        return;
    };
    let before = Tree::of(&mount.0);
    mount.remount("ro");
    let changes: [&[&str]; 2] = [
        &["new-service", "orders", "--no-input"],
        &["remove-service", "greeter", "--force"],
    ];
    for args in changes {
        let output = mount.run(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(IO), "{said}");
        assert!(said.contains("Read-only file system"), "{said}");
        assert!(mount.run(&[args, &["--dry-run"]].concat()).status.success());
    }
    before.assert_same(&Tree::of(&mount.0), "read-only");
}
