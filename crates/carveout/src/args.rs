use std::ffi::OsString;
use std::path::PathBuf;

use crate::About;

/// What a service was asked to do on its command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Args {
    /// Print this text and leave.
    Tell(String),
    /// Load the configuration, and then ...
    Load(Load, Action),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// ... serve.
    Serve,
    /// ... say whether it is valid.
    Check,
    /// ... print it.
    Print,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) config_dir: Option<PathBuf>,
    pub(crate) profile: Option<String>,
    pub(crate) set: Vec<String>,
}

impl Args {
    /// Reads the arguments after the program's name. The error is one sentence for the person who
    /// typed them.
    pub(crate) fn parse(
        about: &About,
        args: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, String> {
        let mut parser = lexopt::Parser::from_args(args);
        let (mut load, mut action) = (Load::default(), Action::Serve);
        while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
            use lexopt::Arg::{Long, Short};
            match arg {
                Long("check-config") => action = Action::Check,
                Long("print-config") => action = Action::Print,
                Long("config-dir") => load.config_dir = Some(value(&mut parser)?.into()),
                Long("profile") => load.profile = Some(text(&mut parser)?),
                Long("set") => load.set.push(text(&mut parser)?),
                Long("version") => {
                    return Ok(Args::Tell(format!(
                        "{} {} ({})",
                        about.name,
                        about.version,
                        about.commit()
                    )));
                }
                Long("help") | Short('h') => return Ok(Args::Tell(help(about))),
                other => {
                    return Err(format!(
                        "{}; `{} --help` lists what there is",
                        other.unexpected(),
                        about.name
                    ));
                }
            }
        }
        Ok(Args::Load(load, action))
    }
}

fn value(parser: &mut lexopt::Parser) -> Result<OsString, String> {
    parser.value().map_err(|error| error.to_string())
}

fn text(parser: &mut lexopt::Parser) -> Result<String, String> {
    value(parser)?
        .into_string()
        .map_err(|value| format!("{value:?} is not UTF-8"))
}

fn help(about: &About) -> String {
    let (name, env) = (about.name, about.env_name());
    format!(
        "{name} {version}: a gRPC service

usage: {name} [options]

  --profile NAME            also read NAME.toml from the configuration folder (or set {env}_PROFILE)
  --config-dir DIR          the configuration folder (or set {env}_CONFIG_DIR; else ./config)
  --set SECTION.KEY=VALUE   one setting, over everything else; may be repeated
  --check-config            say whether the configuration is valid, and leave
  --print-config            print the configuration with the source of each setting, and leave
  --version, --help

Settings come from, in rising precedence: built-in defaults, default.toml, the profile's file, environment variables such as
{env}__GRPC__PORT=20000, and --set.

signals: SIGTERM, SIGINT and SIGQUIT drain and stop, a second one stops at once; SIGHUP reads the configuration again

exit codes: 0 stopped as asked, 1 a start step failed or calls were cut, 2 wrong arguments or configuration",
        version = about.version
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Args, String> {
        let about = About {
            name: "order-history",
            version: "1.2.3",
            commit: Some("abc"),
        };
        Args::parse(&about, args.iter().map(OsString::from))
    }

    #[test]
    fn settings_and_actions_are_read_in_any_order() {
        let load = Load {
            config_dir: Some("c".into()),
            profile: Some("prod".into()),
            set: vec!["a.b=1".into(), "c.d==".into()],
        };
        let args = [
            "--set",
            "a.b=1",
            "--config-dir=c",
            "--print-config",
            "--profile",
            "prod",
            "--set",
            "c.d==",
        ];
        assert_eq!(parse(&args), Ok(Args::Load(load, Action::Print)));
        assert_eq!(parse(&[]), Ok(Args::Load(Load::default(), Action::Serve)));
    }

    #[test]
    fn mistakes_name_what_was_typed() {
        for (args, named) in [
            (&["--prot"][..], "--prot"),
            (&["serve"], "serve"),
            (&["--set"], "--set"),
            (&["--check-config=1"], "--check-config"),
        ] {
            let error = parse(args).unwrap_err();
            assert!(error.contains(named), "{args:?}: {error}");
        }
    }

    #[test]
    fn version_and_help_are_told() {
        assert_eq!(
            parse(&["--version"]),
            Ok(Args::Tell("order-history 1.2.3 (abc)".into()))
        );
        let Ok(Args::Tell(help)) = parse(&["--set", "a.b=1", "--help"]) else {
            panic!("help is text")
        };
        assert!(help.contains("ORDER_HISTORY__GRPC__PORT"), "{help}");
    }
}
