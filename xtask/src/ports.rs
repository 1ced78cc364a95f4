//! A service's ports, derived from its name, so that two services run side by side on one machine
//! and nobody keeps a list.

use std::collections::BTreeSet;
use std::fs;

use toml_edit::{Document, Item};

use crate::error::{Error, Result};
use crate::workspace::{Workspace, tables};

const FIRST: u32 = 20_000;
/// Pairs of a gRPC port and the admin port after it. They end below Linux's range for outgoing
/// connections.
const PAIRS: u32 = 5_000;

/// The gRPC port of `name`: its hash, or the next pair that no other service has.
pub(crate) fn derive(name: &str, taken: &BTreeSet<u32>) -> u32 {
    let first = fnv1a(name) % PAIRS;
    let mut pairs = (0..PAIRS).map(|step| FIRST + 2 * ((first + step) % PAIRS));
    pairs
        .find(|port| !taken.contains(port) && !taken.contains(&(port + 1)))
        .unwrap_or(FIRST + 2 * first)
}

/// Refuses a gRPC port that another service has, or whose admin port, the next one, another has.
pub(crate) fn check(port: &str, taken: &BTreeSet<u32>) -> Result<()> {
    let Ok(port) = port.parse::<u32>() else {
        return Ok(());
    };
    match [port, port + 1].iter().find(|port| taken.contains(port)) {
        Some(port) => {
            let message = format!("another service of this workspace has port {port}");
            Err(Error::conflict(message)
                .help("give another grpc_port, or none: one is derived from the name"))
        }
        None => Ok(()),
    }
}

/// The ports of all services but `name`, as their `service.toml` says.
pub(crate) fn taken(
    workspace: &Workspace,
    folders: &[std::path::PathBuf],
    name: &str,
) -> BTreeSet<u32> {
    let ports = |folder: &std::path::PathBuf| {
        let text = fs::read_to_string(workspace.root.join(folder).join("service.toml")).ok()?;
        let document = Document::parse(text).ok()?;
        let own = document.get("service")?.get("name")?.as_str()? == name;
        let port = |port: &Item| u32::try_from(port.as_integer()?).ok();
        let ports: Vec<u32> = tables(document.get("ports"))
            .filter_map(|(_, item)| port(item))
            .collect();
        (!own).then_some(ports)
    };
    folders.iter().filter_map(ports).flatten().collect()
}

/// FNV-1a, 32 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_stable_even_and_make_way() {
        let port = derive("orders", &BTreeSet::new());
        assert_eq!(port % 2, 0);
        assert!((FIRST..FIRST + 2 * PAIRS).contains(&port));
        assert_eq!(
            derive("orders", &BTreeSet::from([port])),
            FIRST + (port - FIRST + 2) % (2 * PAIRS)
        );
        let next = FIRST + (port - FIRST + 2) % (2 * PAIRS);
        assert_eq!(derive("orders", &BTreeSet::from([port + 1])), next);
        assert_eq!(fnv1a("a"), 0xe40c_292c, "the published test vector");
    }
}
