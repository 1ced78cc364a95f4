use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use protox::Compiler;

use crate::Error;
use crate::resolve::{proto_root, resolver};

/// The file that declares the modules of all generated packages.
const PACKAGES: &str = "packages.rs";
/// The folder of the service traits whose methods have defaults.
const FAKES: &str = "fake";

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
    generate(set.clone(), out_dir)?;
    let generated = format!("{}.rs", module_path(&package).replace("::", "."));
    let short_names = match only_service(&out_dir.join(&generated))? {
        Some(service) => {
            generate_fakes(set, out_dir)?;
            service.short_names() + &service.fake(&generated)
        }
        None => String::new(),
    };

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
        short_names
    );
    write(&out_dir.join("contract.rs"), glue.as_bytes())?;
    Ok(read)
}

/// The service of a package that has exactly one, as a service's contract does.
struct OnlyService {
    /// `orders_service`
    module: String,
    /// `OrdersService`
    name: String,
}

/// Finds the service in the generated code, whose names are those that everything else uses.
fn only_service(generated: &Path) -> Result<Option<OnlyService>, Error> {
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
    let ([module], [name]) = (modules.as_slice(), services.as_slice()) else {
        return Ok(None);
    };
    Ok(Some(OnlyService {
        module: module.clone(),
        name: name.clone(),
    }))
}

impl OnlyService {
    /// `orders_api::Client` instead of `orders_api::orders_service_client::OrdersServiceClient`.
    fn short_names(&self) -> String {
        let Self { module, name } = self;
        format!(
            "\npub use {module}_client::{name}Client as Client;\n\
             pub use {module}_server::{{SERVICE_NAME, {name} as Service, {name}Server as Server}};\n\n\
             /// The server around `service`. How large a message may be is for the process to say that it\n\
             /// runs in, so a limit of its own is off.\n\
             pub fn server<T: Service>(service: T) -> Server<T> {{\n    \
                 Server::new(service).max_decoding_message_size(usize::MAX)\n}}\n"
        )
    }

    /// The same trait with a default for each method. The real service gets the one without: there
    /// the compiler names the method that was forgotten.
    fn fake(&self, generated: &str) -> String {
        let Self { module, name } = self;
        format!(
            "\n/// The service as a caller's tests fake it: a method that is not written answers UNIMPLEMENTED.\n\
             #[allow(missing_docs, unreachable_pub, clippy::all, clippy::allow_attributes_without_reason)]\n\
             #[allow(rustdoc::all, reason = \"generated from the contract\")]\n\
             pub mod fake {{\n    \
                 use super::packages;\n    \
                 include!(concat!(env!(\"OUT_DIR\"), \"/{FAKES}/{generated}\"));\n    \
                 pub use {module}_server::{{{name} as Service, {name}Server as Server}};\n    \
                 /// The server around a fake.\n    \
                 pub fn server<T: Service>(service: T) -> Server<T> {{\n        \
                     Server::new(service).max_decoding_message_size(usize::MAX)\n    }}\n}}\n"
        )
    }
}

/// Generates the service traits once more, with defaults, around the messages that are there.
fn generate_fakes(set: FileDescriptorSet, out_dir: &Path) -> Result<(), Error> {
    let folder = out_dir.join(FAKES);
    let failed = |source| Error::Io {
        path: folder.clone(),
        source,
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    let packages = set
        .file
        .iter()
        .map(|file| file.package().to_owned())
        // These have a place of their own in prost.
        .filter(|package| package != "google.protobuf" && !package.is_empty())
        .collect::<BTreeSet<_>>();
    let fakes = tonic_prost_build::configure()
        .build_transport(false)
        .build_client(false)
        .generate_default_stubs(true)
        .out_dir(&folder);
    let fakes = packages.iter().fold(fakes, |fakes, package| {
        let module = format!("packages::{}", module_path(package));
        fakes.extern_path(format!(".{package}"), module)
    });
    fakes.compile_fds(without_options(set)).map_err(failed)
}

/// The options describe methods; no Rust code refers to them.
fn without_options(mut set: FileDescriptorSet) -> FileDescriptorSet {
    set.file.retain(|file| file.package() != "carveout.v1");
    set
}

fn generate(set: FileDescriptorSet, out_dir: &Path) -> Result<(), Error> {
    tonic_prost_build::configure()
        // The transport belongs to carveout-grpc alone: no generated client names it.
        .build_transport(false)
        .include_file(PACKAGES)
        .out_dir(out_dir)
        .compile_fds(without_options(set))
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
