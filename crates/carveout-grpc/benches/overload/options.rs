use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::contender::Contender;
use crate::load::Load;
use crate::scenario::Scenario;

/// What is to be measured.
pub(crate) struct Options {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) loads: Vec<Load>,
    pub(crate) contenders: Vec<Contender>,
    pub(crate) out: PathBuf,
    pub(crate) measured: Duration,
    short: bool,
    seeds: Option<u64>,
}

impl Options {
    /// An option that takes a value may be given more than once; one that says nothing means all.
    pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut this = Self {
            scenarios: Vec::new(),
            loads: Vec::new(),
            contenders: Vec::new(),
            out: Path::new(env!("CARGO_TARGET_TMPDIR")).join("overload"),
            measured: Duration::from_secs(4),
            short: false,
            seeds: None,
        };
        // `cargo bench` says that it is one.
        let mut args = args.filter(|arg| arg != "--bench");
        while let Some(option) = args.next() {
            if option == "--short" {
                this.short = true;
                continue;
            }
            let value = args
                .next()
                .ok_or_else(|| format!("{option} wants a value"))?;
            let one_of = |names: &[String]| {
                format!(
                    "{option} {value}: there is none of that name; there are {}",
                    names.join(", ")
                )
            };
            match option.as_str() {
                "--scenario" => {
                    let names = Scenario::ALL.map(|one| one.name().to_owned());
                    let named = Scenario::named(&value);
                    this.scenarios.push(named.ok_or_else(|| one_of(&names))?);
                }
                "--load" => {
                    let names = Load::ALL.map(Load::name);
                    let named = Load::named(&value);
                    this.loads.push(named.ok_or_else(|| one_of(&names))?);
                }
                "--contender" => {
                    let names = Contender::ALL.map(|one| one.name().to_owned());
                    let named = Contender::named(&value);
                    this.contenders.push(named.ok_or_else(|| one_of(&names))?);
                }
                "--seeds" => {
                    let seeds = value.parse();
                    this.seeds = Some(seeds.map_err(|_| format!("--seeds {value} is no number"))?);
                }
                "--out" => this.out = value.into(),
                _ => return Err(format!("{option}: there is no such option")),
            }
        }
        this.complete();
        Ok(this)
    }

    fn complete(&mut self) {
        let headlines = [0.8, 3.0, 10.0].map(Load::Times);
        if self.short {
            self.measured = Duration::from_secs(2);
            or_else(&mut self.scenarios, &[Scenario::Cpu, Scenario::Blocking]);
            or_else(&mut self.loads, &headlines);
            or_else(
                &mut self.contenders,
                &[Contender::None, Contender::Carveout],
            );
        }
        or_else(&mut self.scenarios, &Scenario::ALL);
        or_else(&mut self.loads, &Load::ALL);
        or_else(&mut self.contenders, &Contender::ALL);
    }

    /// How often a cell is measured: more than once where the comparison is decided.
    pub(crate) fn seeds(&self, scenario: Scenario, load: Load) -> u64 {
        let decides = matches!(load, Load::Times(times) if times >= 3.0)
            && matches!(
                scenario,
                Scenario::Cpu | Scenario::Blocking | Scenario::Pool
            );
        let usual = if decides && !self.short { 5 } else { 1 };
        self.seeds.unwrap_or(usual).max(1)
    }
}

fn or_else<T: Clone>(chosen: &mut Vec<T>, usual: &[T]) {
    if chosen.is_empty() {
        chosen.extend_from_slice(usual);
    }
}
