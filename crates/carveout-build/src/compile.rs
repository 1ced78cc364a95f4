use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use protox::Compiler;

use crate::Error;
use crate::resolve::{proto_root, resolver};

/// The file that declares the modules of all generated packages.
const PACKAGES: &str = "packages.rs";

/// Compiles `contract`, a path inside the nearest `proto` folder such as
/// `acme/orders/v1/orders.proto`, into `OUT_DIR/contract.rs`.
///
/// Cargo runs the build script again when the contract or a file that it imports changes.
pub fn compile(contract: &str) -> Result<(), Error> {
    let var = |name: &'static str| {
        env::var_os(name)
            .map(PathBuf::from)
            .ok_or(Error::NotABuildScript(name))
    };
    let (crate_dir, out_dir) = (var("CARGO_MANIFEST_DIR")?, var("OUT_DIR")?);
    let root = proto_root(&crate_dir, contract)?;
    for file in compile_in(&root, contract, &out_dir)? {
        println!("cargo:rerun-if-changed={}", file.display());
    }
    Ok(())
}

/// Compiles `contract`, a path inside `root`, into `out_dir/contract.rs` and returns the files
/// under `root` that it was read from.
///
/// [`compile`] is this with the folders that cargo gives a build script.
pub fn compile_in(root: &Path, contract: &str, out_dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut compiler = Compiler::with_file_resolver(resolver(root));
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_file(contract)?;

    // The raw bytes keep the kit's method options, which `prost_types` does not know and would
    // drop.
    let raw = compiler.encode_file_descriptor_set();
    let descriptors = out_dir.join("contract.bin");
    write(&descriptors, &raw)?;

    let set = FileDescriptorSet::decode(raw.as_slice())?;
    let read = set
        .file
        .iter()
        .map(|file| root.join(file.name()))
        .filter(|path| path.is_file())
        .collect();
    let package = package_of(&set, contract)?;
    generate(set, out_dir)?;

    let glue = format!(
        "/// What was generated, a module for each part of a package's name: imported packages are\n\
         /// here too.\n\
         #[allow(missing_docs, clippy::all, clippy::allow_attributes_without_reason)]\n\
         #[allow(unreachable_pub, rustdoc::all, reason = \"generated from the contract\")]\n\
         pub mod packages {{\n    include!(concat!(env!(\"OUT_DIR\"), \"/{PACKAGES}\"));\n}}\n\
         pub use packages::{}::*;\n\n\
         /// The encoded descriptors of this contract and of all that it imports.\n\
         pub const FILE_DESCRIPTOR_SET: &[u8] =\n    \
             include_bytes!(concat!(env!(\"OUT_DIR\"), \"/contract.bin\"));\n{}",
        module_path(&package),
        short_names(&out_dir.join(format!("{}.rs", module_path(&package).replace("::", "."))))?
    );
    write(&out_dir.join("contract.rs"), glue.as_bytes())?;
    Ok(read)
}

/// A package with one service, which is what a service's contract has, gets short names for what is
/// generated for it: `orders_api::Client` instead of
/// `orders_api::orders_service_client::OrdersServiceClient`.
fn short_names(generated: &Path) -> Result<String, Error> {
    let code = fs::read_to_string(generated).map_err(|source| Error::Io {
        path: generated.to_owned(),
        source,
    })?;
    let names = |prefix: &str, suffix: &str| -> Vec<String> {
        let lines = code
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix(prefix));
        lines
            .filter_map(|rest| rest.split_once(suffix))
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    let (modules, services) = (
        names("pub mod ", "_client {"),
        names("pub struct ", "Client<T>"),
    );
    let ([module], [service]) = (modules.as_slice(), services.as_slice()) else {
        return Ok(String::new());
    };
    Ok(format!(
        "\npub use {module}_client::{service}Client as Client;\n\
         pub use {module}_server::{{SERVICE_NAME, {service} as Service, {service}Server as Server}};\n\n\
         /// The server around `service`. How large a message may be is for the process to say that it\n\
         /// runs in, so a limit of its own is off.\n\
         pub fn server<T: Service>(service: T) -> Server<T> {{\n    \
             Server::new(service).max_decoding_message_size(usize::MAX)\n}}\n"
    ))
}

fn generate(mut set: FileDescriptorSet, out_dir: &Path) -> Result<(), Error> {
    // The options describe methods; no Rust code refers to them.
    set.file.retain(|file| file.package() != "carveout.v1");
    tonic_prost_build::configure()
        // The transport belongs to carveout-grpc alone: no generated client names it.
        .build_transport(false)
        .include_file(PACKAGES)
        .out_dir(out_dir)
        .compile_fds(set)
        .map_err(|source| Error::Io {
            path: out_dir.to_owned(),
            source,
        })
}

/// A package is what keeps two contracts apart, in Rust and on the wire.
fn package_of(set: &FileDescriptorSet, contract: &str) -> Result<String, Error> {
    let file = set.file.iter().find(|file| file.name() == contract);
    let declares = |file: &&FileDescriptorProto| {
        let nothing = file.message_type.is_empty() && file.service.is_empty();
        !(file.package().is_empty() || nothing && file.enum_type.is_empty())
    };
    match file.filter(declares) {
        Some(file) => Ok(file.package().to_owned()),
        None => Err(Error::Empty(contract.to_owned())),
    }
}

/// The package as a path of the modules that prost makes for it.
fn module_path(package: &str) -> String {
    let parts = package.split('.').map(|part| match part {
        // Parts of a package that are keywords in Rust, of those that are words anybody would use.
        "abstract" | "as" | "async" | "await" | "box" | "break" | "const" | "continue" | "do"
        | "dyn" | "else" | "enum" | "extern" | "final" | "fn" | "for" | "gen" | "if" | "impl"
        | "in" | "let" | "loop" | "macro" | "match" | "mod" | "move" | "mut" | "override"
        | "priv" | "pub" | "ref" | "return" | "static" | "struct" | "trait" | "try" | "type"
        | "typeof" | "unsafe" | "unsized" | "use" | "virtual" | "where" | "while" | "yield" => {
            format!("r#{part}")
        }
        part => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("::")
}

fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    fs::write(path, content).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}
