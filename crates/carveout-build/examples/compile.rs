//! Compiles a contract outside a build script:
//! `cargo run -p carveout-build --example compile -- proto acme/greeter/v1/greeter.proto OUT_DIR`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [root, contract, out_dir] = args.as_slice() else {
        return Err("usage: compile PROTO_ROOT CONTRACT OUT_DIR".into());
    };
    for file in carveout_build::compile_in(Path::new(root), contract, Path::new(out_dir))? {
        println!("read {}", file.display());
    }
    Ok(())
}
