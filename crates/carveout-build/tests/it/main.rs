//! What contracts become, and what is said of those that cannot be compiled.

use std::fs;
use std::path::{Path, PathBuf};

use carveout_build::{compile_in, proto_root};
use prost::Message;
use prost_types::FileDescriptorSet;
use tempfile::TempDir;

/// A `proto` folder in a place of its own, and where the output goes.
struct World {
    dir: TempDir,
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join("proto").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("syntax = \"proto3\";\n{text}")).unwrap();
        }
        fs::create_dir_all(dir.path().join("out")).unwrap();
        Self { dir }
    }

    fn compile(&self, contract: &str) -> Result<Vec<PathBuf>, carveout_build::Error> {
        compile_in(&self.dir.path().join("proto"), contract, &self.out(""))
    }

    fn out(&self, file: &str) -> PathBuf {
        self.dir.path().join("out").join(file)
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.out(file)).unwrap()
    }
}

const MONEY: (&str, &str) = (
    "acme/type/v1/money.proto",
    "package acme.type.v1;\nmessage Money { int64 units = 1; }",
);

#[test]
fn imports_are_compiled_into_modules_and_every_file_read_is_told_to_cargo() {
    let world = World::new(&[
        MONEY,
        (
            "acme/orders/v1/orders.proto",
            "package acme.orders.v1;\nimport \"acme/type/v1/money.proto\";\n\
             message Order { acme.type.v1.Money price = 1; }",
        ),
    ]);
    let read = world.compile("acme/orders/v1/orders.proto").unwrap();
    let names = ["acme/orders/v1/orders.proto", MONEY.0];
    for name in names {
        let path = world.dir.path().join("proto").join(name);
        assert!(read.contains(&path), "{name} is not in {read:?}");
    }
    let packages = world.text("packages.rs");
    assert!(packages.contains("pub mod r#type"), "{packages}");
    assert!(
        world
            .text("contract.rs")
            .contains("pub use packages::acme::orders::v1::*;")
    );
    assert!(
        world
            .text("acme.orders.v1.rs")
            .contains("r#type::v1::Money")
    );
}

#[test]
fn one_service_gets_short_names_and_several_keep_their_own() {
    let service = |name: &str| format!("service {name} {{ rpc Get(M) returns (M); }}\n");
    for (services, short) in [(1, true), (2, false), (0, false)] {
        let text: String = (0..services).map(|n| service(&format!("S{n}"))).collect();
        let text = format!("package acme.shop.v1;\nmessage M {{}}\n{text}");
        let world = World::new(&[("acme/shop/v1/shop.proto", &text)]);
        world.compile("acme/shop/v1/shop.proto").unwrap();
        let contract = world.text("contract.rs");
        assert_eq!(contract.contains("S0Client as Client"), short, "{contract}");
    }
}

#[test]
fn a_package_named_like_a_keyword_can_be_imported() {
    let world = World::new(&[MONEY]);
    world.compile(MONEY.0).unwrap();
    assert!(
        world
            .text("contract.rs")
            .contains("pub use packages::acme::r#type::v1::*;")
    );
}

#[test]
fn the_kits_options_come_with_it_and_stay_in_the_descriptors() {
    let world = World::new(&[(
        "acme/shop/v1/shop.proto",
        "package acme.shop.v1;\nimport \"carveout/v1/options.proto\";\nmessage M {}\n\
         service S { rpc Get(M) returns (M) {\n\
         option (carveout.v1.method) = {deadline: \"250ms\"}; } }",
    )]);
    world.compile("acme/shop/v1/shop.proto").unwrap();
    let raw = fs::read(world.out("contract.bin")).unwrap();
    assert!(
        raw.windows(5).any(|bytes| bytes == b"250ms"),
        "the option was dropped"
    );
    let set = FileDescriptorSet::decode(raw.as_slice()).unwrap();
    assert!(
        set.file
            .iter()
            .any(|file| file.name() == "carveout/v1/options.proto")
    );
    assert!(
        !world.text("packages.rs").contains("carveout"),
        "nobody calls the options"
    );
}

#[test]
fn the_copy_of_the_options_in_this_crate_is_the_one_in_proto() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [own, shared] = [here.join("proto"), here.join("../../proto")]
        .map(|root| fs::read_to_string(root.join("carveout/v1/options.proto")).unwrap());
    assert_eq!(
        own, shared,
        "copy proto/carveout/v1/options.proto over this crate's own"
    );
}

#[test]
fn mistakes_name_the_file_the_place_and_what_is_wrong() {
    let bad = |text: &str| World::new(&[("acme/bad/v1/bad.proto", text)]);
    for (text, said) in [
        (
            "package acme.bad.v1;\nmessage M { strin name = 1; }",
            "strin",
        ),
        ("package acme.bad.v1;\nmessage M {", "expected"),
        (
            "import \"acme/none/v1/none.proto\";",
            "acme/none/v1/none.proto",
        ),
    ] {
        let error = bad(text).compile("acme/bad/v1/bad.proto").unwrap_err();
        let shown = format!("{error:?}");
        assert!(
            shown.contains(said) && shown.contains("bad.proto"),
            "{shown}"
        );
    }
}

#[test]
fn a_contract_is_found_in_the_nearest_proto_folder_that_holds_it() {
    let world = World::new(&[MONEY]);
    let deep = world.dir.path().join("services/orders/api");
    fs::create_dir_all(&deep).unwrap();
    let root = proto_root(&deep, MONEY.0).unwrap();
    assert_eq!(root, world.dir.path().join("proto"));

    let own = world.dir.path().join("services/orders/proto").join(MONEY.0);
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "").unwrap();
    assert!(
        proto_root(&deep, MONEY.0)
            .unwrap()
            .ends_with("services/orders/proto")
    );

    let error = proto_root(&deep, "acme/no/v1/no.proto")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("acme/no/v1/no.proto") && error.contains("orders/api"),
        "{error}"
    );
}
