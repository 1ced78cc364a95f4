use std::path::PathBuf;
use std::time::Duration;

use crate::error::Result;
use crate::indexer::{Features, Indexed, Options, Workspace, index};
use crate::model::Model;
use crate::reader::{read_approximate, read_scip};

/// Where the workspace is, and what is known of it.
#[derive(clap::Args)]
pub(super) struct Source {
    /// The workspace to look at, or any folder in it
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub(super) workspace: PathBuf,
    /// An index of this very source, made elsewhere; for a language other than Rust, the only way
    #[arg(long, value_name = "FILE")]
    pub(super) index: Option<PathBuf>,
    /// Guess from the syntax alone: in a second, without rust-analyzer, and without most method calls
    #[arg(long, conflicts_with = "index")]
    pub(super) approximate: bool,
    #[command(flatten)]
    pub(super) indexing: Indexing,
}

/// How an index is made, if one has to be.
#[derive(clap::Args)]
pub(super) struct Indexing {
    /// The rust-analyzer to run, where the PATH does not have it (or CARVEOUT_RUST_ANALYZER)
    #[arg(long, value_name = "PATH")]
    rust_analyzer: Option<PathBuf>,
    /// How long indexing may take: 90s, 30m, 2h
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = time)]
    timeout: Duration,
    /// Features to turn on while indexing
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    features: Vec<String>,
    /// Turn all features on
    #[arg(long, conflicts_with = "features")]
    all_features: bool,
    /// Turn the default features off
    #[arg(long)]
    no_default_features: bool,
}

impl Source {
    /// What is known of the workspace.
    pub(super) fn model(&self) -> Result<Model> {
        let model = if let Some(index) = &self.index {
            elsewhere(read_scip(index, &self.root())?)
        } else {
            let workspace = Workspace::find(&self.workspace)?;
            if self.approximate {
                read_approximate(&workspace)?
            } else {
                self.indexing.index(&workspace, false)?.model
            }
        };
        Ok(model)
    }

    /// The folder that an index's paths begin at: of a Cargo workspace its root, wherever inside of it
    /// one stands, and of anything else the folder that was given.
    pub(super) fn root(&self) -> PathBuf {
        match Workspace::find(&self.workspace) {
            Ok(workspace) => workspace.root,
            Err(_) => self.workspace.clone(),
        }
    }
}

impl Indexing {
    pub(super) fn index(&self, workspace: &Workspace, refresh: bool) -> Result<Indexed> {
        let options = Options {
            rust_analyzer: self.rust_analyzer.clone(),
            timeout: self.timeout,
            features: Features {
                named: self.features.clone(),
                all: self.all_features,
                no_default: self.no_default_features,
            },
            refresh,
        };
        index(workspace, &options)
    }
}

/// An index that was not made here may be of other settings, and another version of its tool may call
/// things otherwise.
fn elsewhere(mut model: Model) -> Model {
    const TRIED: &str = "1.95";
    if model.origin.tool == "rust-analyzer" {
        model.gaps.push(
            "the index was made elsewhere: code behind features and cfgs that were off there is not seen"
                .to_owned(),
        );
        if !model.origin.version.starts_with(TRIED) {
            model.gaps.push(format!(
                "the index is of rust-analyzer {}, and this was tried with {TRIED}: what another version calls \
                 otherwise is not seen",
                model.origin.version
            ));
        }
    }
    model
}

fn time(written: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(written).map_err(|error| error.to_string())?;
    if time.is_zero() {
        return Err("nothing ends within no time".to_owned());
    }
    Ok(time)
}
