//! S2 to S7 from the outside: arguments, exit codes, the steps of the start, a reload.

use std::net::TcpListener;
use std::process::{Command, Output};

use crate::driver::{Service, example, free_ports};

fn minimal() -> Command {
    example("minimal")
}

fn run(args: &[&str]) -> Output {
    minimal().args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_hangup_reloads_the_configuration_and_keeps_the_last_good_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("default.toml");
    std::fs::write(&file, "[telemetry]\nlog_level = \"info\"\n").unwrap();
    let mut service = Service::start(&["--config-dir", dir.path().to_str().unwrap()]);
    std::fs::write(&file, "[telemetry]\nlog_level = 7\n").unwrap();
    service.signal("HUP");
    let refused = service.wait_for("configuration not reloaded");
    assert!(refused.contains("telemetry.log_level"), "{refused}");
    std::fs::write(
        &file,
        "[telemetry]\nlog_level = \"info,carveout=debug\"\n[lifecycle]\nflush_timeout = \"1s\"\n\
         [grpc]\nmax_concurrent_streams = 7\n",
    )
    .unwrap();
    service.signal("HUP");
    let reloaded = service.wait_for("configuration reloaded");
    let (now, later) = reloaded.split_once("after_restart").unwrap();
    assert!(
        now.contains("telemetry") && now.contains("lifecycle"),
        "{reloaded}"
    );
    assert!(later.contains("grpc"), "{reloaded}");
    service.signal("TERM");
    assert_eq!(service.exit_code(), Some(0));
}

#[test]
fn a_failing_step_is_one_line_that_names_it_and_a_code_that_is_not_zero() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let missing =
        ["certificate_file", "key_file", "ca_file"].map(|key| format!("tls.{key}=/no/such"));
    let [certificate, key, ca] = &missing;
    // Whether the tests of the whole workspace are built at once, or those of this crate.
    let tls = match cfg!(feature = "tls") {
        true => "/no/such: cannot be read",
        false => "built without TLS: build it with --features production",
    };
    let dir = tempfile::tempdir().unwrap();
    let policy = dir.path().join("policy.toml");
    let policy = policy.to_str().unwrap();
    std::fs::write(
        policy,
        "[[allow]]\ncallers = [\"*\"]\nmethods = [\"a.B/C\"]\n",
    )
    .unwrap();
    let cases: [(&str, &[&str], String); 5] = [
        (
            "bind",
            &["--set", &format!("grpc.port={port}")],
            format!("127.0.0.1:{port}"),
        ),
        (
            "admin",
            &["--set", &format!("admin.port={port}")],
            format!("127.0.0.1:{port}"),
        ),
        (
            "tls",
            &[
                "--set",
                "tls.enabled=true",
                "--set",
                certificate,
                "--set",
                key,
                "--set",
                ca,
            ],
            tls.to_owned(),
        ),
        (
            "access",
            &["--set", &format!("access.policy_file={policy}")],
            "\"a.B/C\" matches no method".to_owned(),
        ),
        (
            "dependencies",
            &["--set", "service.needs_file=/no/such/file"],
            "/no/such/file".to_owned(),
        ),
    ];
    for (step, args, named) in cases {
        let output = minimal()
            .args(free_ports(args))
            .args(args)
            .output()
            .unwrap();
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{step}: {error}");
        assert_eq!(error.lines().count(), 1, "{step}: {error}");
        assert!(
            error.contains(&format!("start failed at {step}: ")) && error.contains(&named),
            "{step}: {error}"
        );
    }
}

#[test]
fn wrong_arguments_and_wrong_configuration_are_code_2_and_start_nothing() {
    for (args, named) in [
        (&["--prot", "1"][..], "--prot"),
        (&["--set", "grpc.prot=1"], "grpc.port"),
        (&["--check-config", "--set", "grpc.port=http"], "grpc.port"),
        (&["--config-dir", "/no/such/dir"], "/no/such/dir"),
        (&["--config-dir", "/no/such/dir"], "--config-dir DIR"),
        (&["--config-dir", "/no/such/dir"], "MINIMAL_CONFIG_DIR=DIR"),
        (&["--profile", "prod"], "MINIMAL_CONFIG_DIR=DIR"),
        // Of the right type, and nothing that a service can run with.
        (&["--set", "telemetry.log_level=orders=loud"], "orders=loud"),
        (
            &["--check-config", "--set", "telemetry.sample_ratio=2"],
            "telemetry.sample_ratio",
        ),
        (
            &["--set", "telemetry.otlp_endpoint=ftp://x"],
            "telemetry.otlp_endpoint",
        ),
        (
            &["--set", "telemetry.otlp_timeout=0s"],
            "telemetry.otlp_timeout",
        ),
        (&["--set", "admin.token=short"], "at least 16 characters"),
        (
            &["--set", "admin.token=with spaces in it"],
            "without spaces",
        ),
        (
            &["--set", "admin.allowed_hosts=[\"http://orders\"]"],
            "write names without scheme and port",
        ),
        (
            &["--set", "priority.critical_plus_callers=[\"web\"]"],
            "\"web\" is no caller",
        ),
        (
            &["--set", "priority.trace_secret=short"],
            "at least 16 characters",
        ),
        (&["--set", "tls.enabled=true"], "tls.certificate_file"),
        (
            &["--set", "access.policy_file=/no/such/policy"],
            "/no/such/policy",
        ),
        (
            &["--set", "quota.calls_per_second=0"],
            "`quota.calls_per_second` must be from 0.001 to 1000000",
        ),
        (
            &["--set", "quota.burst=0"],
            "`quota.burst` must be from 1 to 1000000",
        ),
        (&["--set", "quota.brust=5"], "did you mean `quota.burst`?"),
        (&["--set", "quota.mode=loud"], "quota.mode"),
        (
            &["--set", "grpc.keepalive_interval=0s"],
            "grpc.keepalive_interval",
        ),
        (
            &["--set", "grpc.max_concurrent_streams=0"],
            "grpc.max_concurrent_streams",
        ),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            text(&output.stderr).contains(named),
            "{args:?}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn a_mistake_in_a_callers_quota_names_the_caller_and_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let checked = |text: &str| {
        std::fs::write(dir.path().join("default.toml"), text).unwrap();
        let dir = dir.path().to_str().unwrap();
        run(&["--check-config", "--config-dir", dir])
    };
    let caller = "[quota.callers.\"spiffe://acme.internal/batch\"]";
    let good = format!("{caller}\ncalls_per_second = 5\nburst = 10\n");
    let output = checked(&good);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    let key = "`quota.callers.\"spiffe://acme.internal/batch\"";
    for (mistake, line, said) in [
        (
            good.replace("burst = 10", "burst = 0"),
            3,
            format!("{key}.burst` must be from 1 to 1000000"),
        ),
        (
            good.replace("= 5", "= 0"),
            2,
            format!("{key}.calls_per_second` must be from 0.001 to 1000000"),
        ),
        (
            good.replace("burst = 10", "brust = 10"),
            3,
            format!("did you mean {key}.burst`?"),
        ),
        (
            good.replace("spiffe://acme.internal/batch", "batch"),
            1,
            "`quota.callers.batch` is no caller; write a URI such as".to_owned(),
        ),
    ] {
        let output = checked(&mistake);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        let place = format!("default.toml:{line}");
        assert!(error.contains(&said) && error.contains(&place), "{error}");
    }
}

#[test]
fn the_configuration_is_checked_and_printed_without_a_start() {
    let output = run(&["--check-config"]);
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(0), "minimal: the configuration is valid\n")
    );

    let output = minimal()
        .env("MINIMAL__GRPC__PORT", "7777")
        .args(["--print-config"])
        .output()
        .unwrap();
    let printed = text(&output.stdout);
    let port = printed
        .lines()
        .find(|line| line.contains("7777"))
        .unwrap_or_else(|| panic!("{printed}"));
    assert!(port.contains("MINIMAL__GRPC__PORT"), "{port}");

    // Also when the boot would fail: that is when it is needed.
    let output = run(&["--print-config", "--set", "grpc.prot=1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stdout).contains("[grpc]"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn version_and_help_need_no_configuration() {
    assert!(text(&run(&["--version"]).stdout).starts_with("minimal "));
    assert!(text(&run(&["--help"]).stdout).contains("--check-config"));
}
