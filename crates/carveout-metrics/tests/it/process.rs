use crate::scrape::{metrics, samples, value};
use std::time::{SystemTime, UNIX_EPOCH};

#[test]
fn the_process_is_described() {
    let body = metrics().encode(None).body;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs_f64();
    let started = value(&body, "process_start_time_seconds").expect("everywhere");
    // Boot times are in whole seconds.
    assert!(started > now - 3600.0 && started < now + 1.0, "{started}");
    if !cfg!(target_os = "linux") {
        eprintln!("the rest is read from /proc");
        return;
    }
    assert!(
        value(&body, "process_resident_memory_bytes") > Some(100_000.0),
        "{body}"
    );
    assert!(
        value(&body, "process_cpu_seconds_total") >= Some(0.0),
        "{body}"
    );
    assert!(value(&body, "process_open_fds") > Some(2.0), "{body}");
    assert!(
        value(&body, "process_max_fds") > value(&body, "process_open_fds"),
        "{body}"
    );
    assert!(value(&body, "process_threads") >= Some(1.0), "{body}");
}

#[test]
fn each_runtime_is_shown_under_its_name() {
    let metrics = metrics();
    assert!(samples(&metrics.encode(None).body, "tokio_").is_empty());
    let runtime = |workers| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .build()
            .expect("a runtime")
    };
    let [first, second, admin] = [1, 3, 2].map(runtime);
    metrics.register_runtime(first.handle().clone(), "workers");
    metrics.register_runtime(second.handle().clone(), "workers");
    metrics.register_runtime(admin.handle().clone(), "admin");
    second
        .block_on(second.spawn(async { std::hint::black_box(()) }))
        .expect("no panic");

    let body = metrics.encode(None).body;
    assert_eq!(
        value(&body, r#"tokio_workers{runtime="workers"}"#),
        Some(3.0),
        "{body}"
    );
    assert_eq!(
        value(&body, r#"tokio_workers{runtime="admin"}"#),
        Some(2.0),
        "{body}"
    );
    assert_eq!(
        value(&body, r#"tokio_alive_tasks{runtime="admin"}"#),
        Some(0.0),
        "{body}"
    );
    assert_eq!(
        samples(&body, "tokio_worker_busy_seconds_total").len(),
        5,
        "{body}"
    );
    let parks = |worker| {
        value(
            &body,
            &format!("tokio_worker_parks_total{{runtime=\"workers\",worker=\"{worker}\"}}"),
        )
    };
    assert!((0..3).all(|worker| parks(worker).is_some()), "{body}");
}
