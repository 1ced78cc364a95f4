use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use inferno::flamegraph;
use prost::Message;

use crate::proto::{Function, Label, Line, Location, Profile, ValueType};
use crate::{Format, ProfileError, proto};

/// What was sampled.
pub(crate) struct Stacks {
    pub(crate) begun: SystemTime,
    pub(crate) duration: Duration,
    /// The time that one sample stands for.
    pub(crate) period: Duration,
    pub(crate) samples: Vec<Sample>,
}

pub(crate) struct Sample {
    pub(crate) thread: String,
    /// The innermost first.
    pub(crate) frames: Vec<Frame>,
    pub(crate) count: u64,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Frame {
    pub(crate) function: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

impl Stacks {
    pub(crate) fn write(&self, format: Format) -> Result<Bytes, ProfileError> {
        match format {
            Format::Pprof => self.pprof().map_err(ProfileError::failed),
            Format::Svg => self.svg(),
        }
    }

    fn svg(&self) -> Result<Bytes, ProfileError> {
        let stack = |sample: &Sample| {
            let frames = sample.frames.iter().rev();
            let names = frames.map(|frame| frame.function.replace(';', ":"));
            let names = std::iter::once(sample.thread.replace(';', ":")).chain(names);
            format!("{} {}", names.collect::<Vec<_>>().join(";"), sample.count)
        };
        let mut stacks: Vec<String> = self.samples.iter().map(stack).collect();
        if stacks.is_empty() {
            // inferno calls an empty graph an error, and an idle process is none.
            stacks.push("nothing was on a CPU 1".to_owned());
        }
        let mut options = flamegraph::Options::default();
        options.title = format!("CPU, {:?}", self.duration);
        options.count_name = "samples".to_owned();
        let mut svg = Vec::new();
        let lines = stacks.iter().map(String::as_str);
        flamegraph::from_lines(&mut options, lines, &mut svg).map_err(ProfileError::failed)?;
        Ok(svg.into())
    }

    fn pprof(&self) -> std::io::Result<Bytes> {
        let profile = Tables::default().profile(self);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&profile.encode_to_vec())?;
        Ok(gzip.finish()?.into())
    }
}

/// What a profile says once and refers to by number.
#[derive(Default)]
struct Tables {
    texts: HashMap<String, i64>,
    functions: HashMap<(String, String), u64>,
    locations: HashMap<Frame, u64>,
    profile: Profile,
}

impl Tables {
    fn profile(mut self, stacks: &Stacks) -> Profile {
        // The first text is the empty one, by definition.
        self.text("");
        let samples = self.value_type("samples", "count");
        let cpu = self.value_type("cpu", "nanoseconds");
        self.profile.sample_type = vec![samples, cpu];
        self.profile.period_type = Some(cpu);
        self.profile.period = nanoseconds(stacks.period);
        self.profile.duration_nanos = nanoseconds(stacks.duration);
        let since = stacks.begun.duration_since(SystemTime::UNIX_EPOCH);
        self.profile.time_nanos = nanoseconds(since.unwrap_or_default());
        for sample in &stacks.samples {
            let count = i64::try_from(sample.count).unwrap_or(i64::MAX);
            let label = Label {
                key: self.text("thread"),
                text: self.text(&sample.thread),
            };
            let location = sample.frames.iter().map(|frame| self.location(frame));
            let sample = proto::Sample {
                location: location.collect(),
                value: vec![count, count.saturating_mul(self.profile.period)],
                label: vec![label],
            };
            self.profile.sample.push(sample);
        }
        self.profile
    }

    fn value_type(&mut self, kind: &str, unit: &str) -> ValueType {
        ValueType {
            kind: self.text(kind),
            unit: self.text(unit),
        }
    }

    fn text(&mut self, text: &str) -> i64 {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let place = self.profile.texts.len() as i64;
        self.profile.texts.push(text.to_owned());
        self.texts.insert(text.to_owned(), place);
        place
    }

    fn function(&mut self, frame: &Frame) -> u64 {
        let key = (frame.function.clone(), frame.file.clone());
        if let Some(known) = self.functions.get(&key) {
            return *known;
        }
        let id = self.functions.len() as u64 + 1;
        let (name, file) = (self.text(&frame.function), self.text(&frame.file));
        self.profile.function.push(Function {
            id,
            name,
            system_name: name,
            file,
        });
        self.functions.insert(key, id);
        id
    }

    fn location(&mut self, frame: &Frame) -> u64 {
        if let Some(known) = self.locations.get(frame) {
            return *known;
        }
        let id = self.locations.len() as u64 + 1;
        let line = Line {
            function: self.function(frame),
            line: frame.line.into(),
        };
        self.profile.location.push(Location {
            id,
            line: vec![line],
        });
        self.locations.insert(frame.clone(), id);
        id
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
