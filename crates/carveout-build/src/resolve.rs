use std::path::{Path, PathBuf};

use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

use crate::Error;

const OPTIONS: (&str, &str) = (
    "carveout/v1/options.proto",
    include_str!("../proto/carveout/v1/options.proto"),
);

/// Finds the folder named `proto` that holds `contract`, beside `from` or above it.
pub fn proto_root(from: &Path, contract: &str) -> Result<PathBuf, Error> {
    from.ancestors()
        .map(|folder| folder.join("proto"))
        .find(|root| root.join(contract).is_file())
        .ok_or_else(|| Error::NotFound {
            contract: contract.to_owned(),
            from: from.to_owned(),
        })
}

/// The workspace's own files come first, so that its copy of the kit's options wins over the one in
/// this crate.
pub(crate) fn resolver(root: &Path) -> ChainFileResolver {
    let mut chain = ChainFileResolver::new();
    chain.add(IncludeFileResolver::new(root.to_owned()));
    chain.add(KitFiles);
    chain.add(GoogleFileResolver::new());
    chain
}

/// The kit's options, for a service that lives outside the kit's workspace.
struct KitFiles;

impl FileResolver for KitFiles {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let (known, source) = OPTIONS;
        if name == known {
            File::from_source(name, source)
        } else {
            Err(protox::Error::file_not_found(name))
        }
    }
}
