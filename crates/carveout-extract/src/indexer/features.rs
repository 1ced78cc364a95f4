use serde_json::{Value, json};

use super::Workspace;

/// Which Cargo features are on while the workspace is indexed, as cargo's own flags say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Those that are named.
    pub named: Vec<String>,
    /// All of every package.
    pub all: bool,
    /// Without each package's default ones.
    pub no_default: bool,
}

impl Features {
    /// The flags that make cargo do the same.
    pub(super) fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        if self.all {
            flags.push("--all-features".to_owned());
        }
        if self.no_default {
            flags.push("--no-default-features".to_owned());
        }
        if !self.named.is_empty() {
            flags.push(format!("--features={}", self.named.join(",")));
        }
        flags
    }

    /// What `rust-analyzer scip --config-path` reads.
    pub(super) fn config(&self) -> Value {
        let features = if self.all {
            json!("all")
        } else {
            json!(self.named)
        };
        json!({ "cargo": { "features": features, "noDefaultFeatures": self.no_default } })
    }

    /// The features of `workspace` that are off, `package/feature`, so that what stands behind them is
    /// not in an index.
    pub(super) fn off(&self, workspace: &Workspace) -> Vec<String> {
        let mut off = Vec::new();
        for member in workspace.members.iter().filter(|_| !self.all) {
            let mut on: Vec<&str> = Vec::new();
            let mut more: Vec<&str> = self
                .named
                .iter()
                .filter_map(|name| match name.split_once('/') {
                    Some((package, feature)) => (member.name == package).then_some(feature),
                    None => Some(name.as_str()),
                })
                .collect();
            more.extend((!self.no_default).then_some("default"));
            while let Some(feature) = more.pop() {
                let Some(implied) = member.features.get(feature) else {
                    continue;
                };
                if !on.contains(&feature) {
                    on.push(feature);
                    more.extend(implied.iter().map(String::as_str));
                }
            }
            let names = member.features.keys().map(String::as_str);
            off.extend(
                names
                    .filter(|name| *name != "default" && !on.contains(name))
                    .map(|name| format!("{}/{name}", member.name)),
            );
        }
        off.sort();
        off
    }
}
