use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Stamps out services and keeps them alike.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true,
    max_term_width = 110
)]
#[command(
    after_help = "Exit codes: 0 ok, 1 input or output failed, 2 wrong usage or name, 3 drift, 4 conflict with what is there, 5 verification failed and \
                        rolled back."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Stamp out a new service
    NewService(NewService),
    /// Take a service out again: its folder, its contract, its entries in Cargo.toml and Cargo.lock
    RemoveService(RemoveService),
    /// List the templates and their features
    ListTemplates {
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Render services/greeter from templates/service again, or say how it differs
    Golden {
        /// Change nothing: print the difference, and exit with 3 if there is one
        #[arg(long)]
        check: bool,
    },
    /// Run every test of this repository
    Test,
    /// Measure, and print the figures
    Bench {
        #[command(subcommand)]
        bench: Bench,
    },
    /// See a module's boundary before it is cut, and keep it from eroding (`boundary --help`)
    #[command(disable_help_flag = true)]
    Boundary {
        /// Passed on as they are to `carveout-extract boundary`
        #[arg(
            value_name = "ARGS",
            trailing_var_arg = true,
            allow_hyphen_values = true
        )]
        args: Vec<OsString>,
    },
    /// Print completions for a shell
    Completions { shell: Shell },
}

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Time a warm `new-service` in this repository's shape and in a large workspace
    NewService {
        /// Services in the large workspace
        #[arg(long, default_value_t = 300)]
        services: usize,
        /// Timed runs of each
        #[arg(long, default_value_t = 10)]
        runs: usize,
    },
    /// Compare the kit's server with tonic's own: instructions, memory, throughput and latency
    Overhead,
    /// Play hostile and broken callers: what is held, what is refused, what others notice
    Abuse {
        /// Scenarios, `rapid-reset` say; all of them when none is named
        scenarios: Vec<String>,
    },
    /// Time what it costs to decide about one call, beside other limiters
    Admission {
        /// Part of the name of what is timed, `carveout` say; all of it when nothing is named
        filter: Option<String>,
    },
    /// Compare what servers and limiters answer when there is more to do than they can
    Overload(Overload),
    /// Build a stamped service and a hello-world of tonic from nothing, and compare
    Build {
        /// Builds of each
        #[arg(long, default_value_t = 1)]
        runs: usize,
    },
}

#[derive(Args)]
pub(crate) struct Overload {
    /// Measure the headlines alone, in about a minute
    #[arg(long)]
    pub(crate) short: bool,
    /// What the handler does, `blocking` say; all of them when none is named
    #[arg(long)]
    pub(crate) scenario: Vec<String>,
    /// What the callers do, `3x` say; all of it when nothing is named
    #[arg(long)]
    pub(crate) load: Vec<String>,
    /// What is compared, `envoy` say; all of them when none is named
    #[arg(long)]
    pub(crate) contender: Vec<String>,
    /// How often each is measured, with other arrivals each time
    #[arg(long)]
    pub(crate) seeds: Option<u64>,
    /// Where the record and the plots are written
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct NewService {
    /// Lower-case words joined by single dashes, at most 40 characters
    pub(crate) name: String,
    /// A folder of templates/, or the path of a template
    #[arg(long, default_value = "service")]
    pub(crate) template: String,
    /// The team that owns the service
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// The organisation: the first part of the contract's package
    #[arg(long)]
    pub(crate) org: Option<String>,
    /// Switch a feature of the template on (`list-templates` shows them)
    #[arg(long, value_name = "FEATURE", value_delimiter = ',', num_args = 1..)]
    pub(crate) with: Vec<String>,
    /// Switch a feature of the template off that is on by default
    #[arg(long, value_name = "FEATURE", value_delimiter = ',', num_args = 1..)]
    pub(crate) without: Vec<String>,
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print what would be done as a diff, and do nothing
    #[arg(long)]
    pub(crate) diff: bool,
    /// Never ask; a missing answer is an error
    #[arg(long)]
    pub(crate) no_input: bool,
    /// Answers to the template's questions, as TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
    /// Where the service takes the kit from; by default the workspace if the kit is in it, else the
    /// commit of this checkout, else its folder if that commit has not been pushed
    #[arg(long, value_name = "workspace|git|path|registry")]
    pub(crate) kit_source: Option<String>,
    /// The URL for git, the folder for path
    #[arg(long, value_name = "WHERE")]
    pub(crate) kit_location: Option<String>,
    /// The commit or tag for git; by default the commit of this checkout
    #[arg(long, value_name = "REVISION")]
    pub(crate) kit_revision: Option<String>,
    /// Accept that packages which are locked already get another version
    #[arg(long)]
    pub(crate) allow_lock_changes: bool,
    /// Build or test the service before it stays; if that fails, nothing stays
    #[arg(long, value_enum, default_value_t)]
    pub(crate) verify: Verify,
    /// Build it, run it, call it, and keep it running until Ctrl-C. The service is there before it is
    /// built, and stays if this fails or is stopped
    #[arg(long)]
    pub(crate) start: bool,
    /// In JSON, standard output has a line for the service, and with --start one more when it is
    /// ready; everything else, and an error as one line, is on standard error
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args)]
pub(crate) struct RemoveService {
    pub(crate) name: String,
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove it even if another package depends on it, or if files were changed or added since it was
    /// stamped
    #[arg(long)]
    pub(crate) force: bool,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verify {
    #[default]
    None,
    Check,
    Test,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}
