//! The admin port: what each page says, and that it says it while every worker is stuck.

use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use carveout::{About, Boot, BoxError, Dependency, Live, Routes, Running, Settings, Sources};
use carveout_testing::TestService;

const ABOUT: About = About {
    name: "admin-test",
    version: "1.2.3",
    commit: Some("abc"),
};

async fn start(_: Boot, _: Live<()>) -> Result<Routes, BoxError> {
    Ok(Routes::new())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_answers_and_wrong_ones_say_what_there_is() {
    let service = TestService::start(ABOUT, start).await;
    assert!(service.serves("").await);
    for (page, said) in [
        ("/livez", "ok"),
        ("/readyz", "ready"),
        ("/startupz", "started"),
        ("/admin/build", r#""version":"1.2.3""#),
        ("/admin/config", "[grpc]"),
        ("/admin/workers", r#""stuck":false"#),
        ("/admin/overload", r#""limit":"#),
        (
            "/admin/quota",
            r#"{"burst":100,"callers":[],"calls_per_second":100.0,"mode":"off"}"#,
        ),
        ("/admin/slow", r#""method":"grpc.health.v1.Health/Check""#),
        ("/metrics", "build_info"),
        ("/", "/readyz"),
    ] {
        let answer = service.admin_get(page).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
        assert!(answer.body.contains(said), "{page}: {}", answer.body);
    }
    let unknown = service.admin_get("/ready").await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.body.contains("/readyz"), "{}", unknown.body);
    assert_eq!(service.admin_post("/metrics").await.status, 405);
    assert_eq!(
        service.admin_get("/admin/config/reload").await.status,
        405,
        "what changes something is POST"
    );
    assert_eq!(service.admin_post("/admin/config/reload").await.status, 200);
    let metrics = service.admin_get("/metrics").await.body;
    let counted = r#"config_reloads_total{outcome="unchanged"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    service.stop().await;
}

#[tokio::test]
async fn readiness_follows_critical_dependencies_and_liveness_asks_none() {
    let start = async |boot: Boot, _: Live<()>| {
        boot.health()
            .watch_dependency(Dependency::critical("database"), || async {
                Err("connection refused")
            });
        Ok(Routes::new())
    };
    let service = TestService::start(ABOUT, start).await;
    let mut verbose = service.admin_get("/readyz?verbose").await;
    while !verbose.body.contains("connection refused") {
        tokio::task::yield_now().await;
        verbose = service.admin_get("/readyz?verbose").await;
    }
    assert_eq!(verbose.status, 503);
    assert_eq!(service.admin_get("/readyz").await.status, 503);
    assert_eq!(service.admin_get("/livez").await.status, 200);
    assert_eq!(service.admin_get("/startupz").await.status, 200);
    assert!(!service.serves("").await);
    let metrics = service.admin_get("/metrics").await.body;
    let down = r#"health_dependency_up{dependency="database",criticality="critical"} 0"#;
    assert!(metrics.contains(down), "{metrics}");
    assert!(metrics.contains("health_ready 0"), "{metrics}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_token_whoever_has_it_may_change_things_and_nobody_else() {
    let token = "correct-horse-battery";
    let set = format!("admin.token={token}");
    let service = TestService::start_with(ABOUT, &[&set], start).await;
    let admin = service.admin_addr();
    let reload = async |header: &str| {
        let header = header.to_owned();
        let asked = move || ask(admin, "POST", "/admin/config/reload", &header);
        tokio::task::spawn_blocking(asked).await.unwrap()
    };
    for (header, status) in [
        ("", "401"),
        ("authorization: Bearer correct-horse-batterz\r\n", "401"),
        ("authorization: Bearer correct-horse\r\n", "401"),
        ("authorization: Bearer\r\n", "401"),
        ("authorization: Basic correct-horse-battery\r\n", "401"),
        ("authorization: Bearer correct-horse-battery\r\n", "200"),
        ("authorization: bearer correct-horse-battery\r\n", "200"),
        (
            "authorization: Bearer correct-horse-battery\r\nsec-fetch-site: cross-site\r\n",
            "403",
        ),
    ] {
        let answer = reload(header).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{header}: {answer}");
        let asks = answer.to_lowercase().contains("www-authenticate: bearer");
        assert_eq!(asks, status == "401", "{answer}");
        assert!(!answer.contains(token), "{answer}");
    }
    let config = service.admin_get("/admin/config").await;
    assert!(config.body.contains("[redacted]"), "{}", config.body);
    assert!(!config.body.contains(token), "{}", config.body);
    assert_eq!(service.admin_get("/debug/pprof/heap").await.status, 401);
    service.stop().await;
}

#[tokio::test]
async fn without_a_token_only_this_machine_may_change_things() {
    let service = TestService::start_with(ABOUT, &["admin.host=0.0.0.0"], start).await;
    // Asking for a route sends nothing, and tells the address that would be sent from.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let routed = socket
        .connect("192.0.2.1:9")
        .and_then(|()| socket.local_addr());
    let Ok(outside) = routed else {
        eprintln!("skipped: this machine has no address but loopback");
        return;
    };
    let addr = (outside.ip(), service.admin_addr().port()).into();
    for (method, page, status) in [
        ("POST", "/admin/config/reload", "403"),
        ("POST", "/admin/log-level", "403"),
        ("GET", "/debug/pprof/profile?seconds=1", "403"),
        ("GET", "/metrics", "200"),
    ] {
        let asked = move || ask(addr, method, page, "");
        let answer = tokio::task::spawn_blocking(asked).await.unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{page}: {answer}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profiles_are_there_or_it_says_what_to_build() {
    let service = TestService::start(ABOUT, start).await;
    let with = cfg!(feature = "profile");
    for (page, status, said) in [
        ("/debug/pprof/profile?seconds=1&format=svg", 200, "<svg"),
        ("/debug/pprof/profile?seconds=0", 400, "at most 300 s"),
        ("/debug/pprof/profile?seconds=301", 400, "at most 300 s"),
        (
            "/debug/pprof/profile?seconds=soon",
            400,
            "whole number of seconds",
        ),
        ("/debug/pprof/profile?format=png", 400, "pprof and svg"),
        ("/debug/pprof/heap", 501, "_RJEM_MALLOC_CONF=prof:true"),
    ] {
        let answer = service.admin_get(page).await;
        let (status, said) = match with {
            true => (status, said),
            false => (501, "build it with --features production"),
        };
        assert_eq!(answer.status, status, "{page}: {}", answer.body);
        assert!(answer.body.contains(said), "{page}: {}", answer.body);
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_port_answers_while_every_worker_is_stuck_and_says_so() {
    let service = TestService::start(ABOUT, start).await;
    let admin = service.admin_addr();
    // Three parties: the two workers, and this test's own thread, which lets them go.
    let stuck = Arc::new(Barrier::new(3));
    let begun = Arc::new(Barrier::new(3));
    let asked = std::thread::spawn({
        let (stuck, begun) = (stuck.clone(), begun.clone());
        move || {
            begun.wait();
            let answers = ["/livez", "/readyz", "/metrics", "/admin/workers"].map(|page| {
                // The quickest of five, because tests run side by side.
                let answers = [(); 5].map(|()| {
                    let asked = Instant::now();
                    let answer = request(admin, "GET", page);
                    (asked.elapsed(), answer)
                });
                answers.into_iter().min().unwrap()
            });
            stuck.wait();
            answers
        }
    });
    let jam = |_| {
        let (stuck, begun) = (stuck.clone(), begun.clone());
        tokio::spawn(async move {
            begun.wait();
            stuck.wait();
        })
    };
    let jams = [0, 1].map(jam);
    for jam in jams {
        jam.await.unwrap();
    }
    let answers = asked.join().unwrap();
    for (took, answer) in &answers {
        assert!(*took < Duration::from_millis(100), "{took:?}: {answer}");
    }
    let [(_, live), (_, ready), (_, metrics), (_, workers)] = answers;
    assert!(ready.starts_with("HTTP/1.0 200"), "{ready}");
    assert!(live.starts_with("HTTP/1.0 200"), "{live}");
    assert!(metrics.starts_with("HTTP/1.0 200"), "{metrics}");
    assert!(
        workers.starts_with("HTTP/1.0 503") && workers.contains(r#""stuck":true"#),
        "{workers}"
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reloaded_log_level_is_in_force_and_a_port_waits_for_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(dir.path().join("default.toml"), text).unwrap();
    let ports = "[grpc]\nhost = \"127.0.0.1\"\nport = 0\n[admin]\nhost = \"127.0.0.1\"\nport = 0\n";
    write(&format!("{ports}[telemetry]\nlog_level = \"info\"\n"));
    let settings = Settings::<()>::load(
        Sources::new("admin-test")
            .dir(dir.path())
            .set("lifecycle.lame_duck=0s"),
    )
    .unwrap();
    let info = carveout_telemetry::ServiceInfo {
        name: "admin-test".into(),
        version: "0".into(),
    };
    let config = settings.telemetry.get();
    let (_, telemetry) = carveout_telemetry::dispatch(&config, info, std::io::sink()).unwrap();
    let running = Running::start(ABOUT, settings, Some(&telemetry), start).await;
    let running = running.unwrap();
    let admin = running.admin_addr();
    let ask = async |method, page| {
        let asked = tokio::task::spawn_blocking(move || request(admin, method, page));
        asked.await.unwrap()
    };
    assert!(ask("GET", "/admin/log-level").await.contains("info"));

    let other = ports.replace("[grpc]\n", "[grpc]\nmax_concurrent_streams = 7\n");
    write(&format!("{other}[telemetry]\nlog_level = \"warn\"\n"));
    let reloaded = ask("POST", "/admin/config/reload").await;
    let said = r#"{"after_restart":["grpc"],"in_force":["telemetry"]}"#;
    assert!(reloaded.contains(said), "{reloaded}");
    assert!(ask("GET", "/admin/log-level").await.contains("warn"));

    for (overload, said) in [
        ("mode = \"dark\"", r#""in_force":["overload"]"#),
        ("max_blocking = 7", r#""after_restart":["overload"]"#),
    ] {
        write(&format!(
            "{other}[telemetry]\nlog_level = \"warn\"\n[overload]\n{overload}\n"
        ));
        let reloaded = ask("POST", "/admin/config/reload").await;
        assert!(reloaded.contains(said), "{overload}: {reloaded}");
    }
    running.stop(|| {}).await;
}

#[tokio::test]
async fn blocking_work_has_the_places_that_are_configured_and_is_seen() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let start = async |boot: Boot, _: Live<()>| {
        let _ = tell.send(boot.blocking().clone());
        Ok(Routes::new())
    };
    let service = TestService::start_with(ABOUT, &["overload.max_blocking=1"], start).await;
    let blocking = told.await.unwrap();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let first = blocking.clone();
    let first = tokio::spawn(async move { first.run(move || ended.recv().is_err()).await });
    let second = tokio::spawn(async move { blocking.run(|| ()).await });
    let begun = Instant::now();
    loop {
        let metrics = service.admin_get("/metrics").await.body;
        if metrics.contains("blocking_running 1\n") && metrics.contains("blocking_waiting 1\n") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{metrics}");
    }
    drop(end);
    assert!(first.await.unwrap());
    second.await.unwrap();
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_puts_new_quotas_into_force() {
    let dir = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(dir.path().join("default.toml"), text).unwrap();
    write("[quota]\nmode = \"dark\"\n");
    let settings = Settings::<()>::load(
        ["grpc.host=127.0.0.1", "grpc.port=0", "admin.host=127.0.0.1"]
            .into_iter()
            .chain(["admin.port=0", "lifecycle.lame_duck=0s"])
            .fold(Sources::new("admin-test").dir(dir.path()), Sources::set),
    );
    let running = Running::start(ABOUT, settings.unwrap(), None, start)
        .await
        .unwrap();
    let admin = running.admin_addr();
    let ask = async |method, page| {
        let asked = tokio::task::spawn_blocking(move || request(admin, method, page));
        asked.await.unwrap()
    };
    let quota = ask("GET", "/admin/quota").await;
    assert!(quota.contains(r#""mode":"dark""#), "{quota}");

    write("[quota]\nmode = \"enforce\"\nburst = 0\n");
    let refused = ask("POST", "/admin/config/reload").await;
    assert!(refused.contains("quota.burst"), "{refused}");
    write("[quota]\nmode = \"enforce\"\nburst = 7\n");
    let reloaded = ask("POST", "/admin/config/reload").await;
    assert!(reloaded.contains(r#""in_force":["quota"]"#), "{reloaded}");
    let begun = Instant::now();
    let mut quota = String::new();
    while !quota.contains(r#""burst":7"#) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{quota}");
        quota = ask("GET", "/admin/quota").await;
    }
    assert!(quota.contains(r#""mode":"enforce""#), "{quota}");
    running.stop(|| {}).await;
}

/// A request from a thread of its own: the workers of the test's runtime are stuck.
pub(crate) fn request(addr: SocketAddr, method: &str, page: &str) -> String {
    ask(addr, method, page, "")
}

/// The same with headers, each with its end of line.
fn ask(addr: SocketAddr, method: &str, page: &str, headers: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(addr).unwrap();
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).unwrap();
    let host = "host: localhost\r\n";
    write!(stream, "{method} {page} HTTP/1.0\r\n{host}{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
