//! The example as a process, and its profiles read by this test's own eyes. carveout-testing has a
//! foreign reader.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use carveout_profile::{Format, HEAP_SETTING, MOST, ProfileError};
use flate2::read::GzDecoder;
use prost::Message;

/// The part of `profile.proto` that is looked at, by its tags.
#[derive(Clone, PartialEq, Message)]
struct Profile {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<Pair>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Pair>,
    #[prost(string, repeated, tag = "6")]
    texts: Vec<String>,
    #[prost(int64, tag = "10")]
    duration_nanos: i64,
    #[prost(int64, tag = "12")]
    period: i64,
}

/// Two numbers: a value's type and unit, a function's id and name, or a line's function.
#[derive(Clone, Copy, PartialEq, Message)]
struct Pair {
    #[prost(int64, tag = "1")]
    first: i64,
    #[prost(int64, tag = "2")]
    second: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    location: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<Pair>,
}

impl Profile {
    fn read(path: &Path) -> Self {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).unwrap();
        GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        Profile::decode(&bytes[..]).unwrap()
    }

    fn text(&self, place: i64) -> &str {
        &self.texts[place as usize]
    }

    /// The functions in which threads were interrupted.
    fn leaves(&self) -> impl Iterator<Item = &str> {
        let line = |id: u64| self.location.iter().find(|it| it.id == id).unwrap().line[0];
        let name = |id: i64| {
            self.function
                .iter()
                .find(|it| it.first == id)
                .unwrap()
                .second
        };
        let leaves = self
            .sample
            .iter()
            .map(move |sample| name(line(sample.location[0]).first));
        leaves.map(|place| self.text(place))
    }

    /// The last value of all samples below a function, and of all.
    fn share(&self, function: &str) -> (i64, i64) {
        let functions: HashMap<i64, &str> = self
            .function
            .iter()
            .map(|pair| (pair.first, self.text(pair.second)))
            .collect();
        let locations: HashMap<u64, Vec<&str>> = self
            .location
            .iter()
            .map(|it| {
                (
                    it.id,
                    it.line.iter().map(|line| functions[&line.first]).collect(),
                )
            })
            .collect();
        let below = |sample: &&Sample| {
            let mut names = sample.location.iter().flat_map(|id| &locations[id]);
            names.any(|name| name.contains(function))
        };
        let sum = |samples: &mut dyn Iterator<Item = &Sample>| -> i64 {
            samples.map(|sample| sample.value.last().unwrap()).sum()
        };
        let of = sum(&mut self.sample.iter().filter(below));
        (of, sum(&mut self.sample.iter()))
    }
}

/// Cargo builds a package's examples before it runs its tests, beside them; when it is given the
/// name of a test it does not, and this is the one of before.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    profile.join("examples/busy")
}

fn busy(example: &Path, dir: &Path, environment: &[&str]) -> Output {
    let environment = environment.iter().filter_map(|pair| pair.split_once('='));
    let output = Command::new(example)
        .arg(dir)
        .envs(environment)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn the_profiles_name_who_is_busy_and_who_has_the_memory() {
    let dir = tempfile::tempdir().unwrap();
    // Its folder has the names of what is left alone in it, and is not left alone.
    let own = dir.path().join("libc-pthread-vdso");
    std::fs::copy(example(), &own).unwrap();
    busy(&own, dir.path(), &[HEAP_SETTING]);

    let cpu = Profile::read(&dir.path().join("cpu.pb.gz"));
    let types: Vec<_> = cpu
        .sample_type
        .iter()
        .map(|it| (cpu.text(it.first), cpu.text(it.second)))
        .collect();
    assert_eq!(types, [("samples", "count"), ("cpu", "nanoseconds")]);
    assert_eq!((cpu.text(0), cpu.duration_nanos), ("", 1_000_000_000));
    assert_eq!(cpu.period, 1_000_000_000 / 99);
    let (busy, all) = cpu.share("keep_a_cpu_busy");
    assert!(busy > 0 && busy * 10 >= all * 9, "{busy} of {all}");
    assert!(
        !cpu.leaves().any(|leaf| leaf.contains("trace")),
        "the profiler shows itself"
    );

    let svg = std::fs::read_to_string(dir.path().join("cpu.svg")).unwrap();
    assert!(svg.starts_with("<?xml") && svg.contains("keep_a_cpu_busy"));

    let heap = Profile::read(&dir.path().join("heap.pb.gz"));
    let (kept, all) = heap.share("keep_memory");
    // One allocation in half a megabyte is looked at, so this is an estimate of 64 MiB.
    assert!(kept > 32 << 20 && kept < 128 << 20, "{kept} of {all}");
}

#[test]
fn without_tracking_the_heap_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let said = busy(&example(), dir.path(), &[]).stdout;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains(HEAP_SETTING), "{said}");
    assert!(!dir.path().join("heap.pb.gz").exists());
}

#[tokio::test]
async fn there_is_one_profile_at_a_time_and_one_that_is_dropped_makes_room() {
    let minute = Duration::from_secs(60);
    let mut first = Box::pin(carveout_profile::cpu(minute, Format::Svg));
    let busy = tokio::select! {
        biased;
        profile = &mut first => panic!("after no time at all: {profile:?}"),
        second = carveout_profile::cpu(minute, Format::Svg) => second.unwrap_err(),
    };
    assert!(matches!(busy, ProfileError::Busy { .. }), "{busy}");
    drop(first);
    // It may still be about to begin, and gives its turn back when it has stopped again.
    let after = loop {
        match carveout_profile::cpu(Duration::from_millis(10), Format::Svg).await {
            Err(ProfileError::Busy { .. }) => tokio::task::yield_now().await,
            other => break other.unwrap(),
        }
    };
    assert!(after.starts_with(b"<?xml"));
}

#[tokio::test]
async fn nothing_and_too_much_are_refused() {
    for asked in [
        Duration::ZERO,
        MOST + Duration::from_nanos(1),
        Duration::MAX,
    ] {
        let refused = carveout_profile::cpu(asked, Format::Svg).await.unwrap_err();
        assert!(refused.to_string().contains("at most 300 s"), "{refused}");
    }
}
