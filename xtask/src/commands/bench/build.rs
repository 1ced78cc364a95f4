use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::median;
use crate::commands::{kit, say};
use crate::error::{Error, Result};

/// What tonic's own tutorial makes, with the same codegen as the kit's: the least that a gRPC
/// service in Rust costs to build.
const HELLO: [(&str, &str); 3] = [
    (
        "Cargo.toml",
        "[workspace]\n\n[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nprost = \"0.14\"\n\
         tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\ntonic = \"0.14\"\ntonic-prost = \"0.14\"\n\n\
         [build-dependencies]\nprotox = \"0.10\"\ntonic-prost-build = { version = \"0.14\", default-features = false, features = [\"transport\"] }\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n",
    ),
    (
        "build.rs",
        "fn main() {\n    std::fs::write(\"hello.proto\", \"syntax = \\\"proto3\\\";\\npackage hello;\\nservice Greeter { rpc Hello(Text) returns (Text); }\\n\
         message Text { string text = 1; }\\n\").unwrap();\n    let set = protox::compile([\"hello.proto\"], [\".\"]).unwrap();\n    \
         tonic_prost_build::configure().compile_fds(set).unwrap();\n}\n",
    ),
    (
        "src/main.rs",
        "tonic::include_proto!(\"hello\");\n\nstruct Hello;\n\n#[tonic::async_trait]\nimpl greeter_server::Greeter for Hello {\n    \
         async fn hello(&self, request: tonic::Request<Text>) -> Result<tonic::Response<Text>, tonic::Status> {\n        \
         Ok(tonic::Response::new(request.into_inner()))\n    }\n}\n\n#[tokio::main]\nasync fn main() {\n    \
         let server = tonic::transport::Server::builder().add_service(greeter_server::GreeterServer::new(Hello));\n    \
         server.serve(\"127.0.0.1:0\".parse().unwrap()).await.unwrap();\n}\n",
    ),
];

/// Builds both from nothing, dependencies downloaded before, and prints seconds, processor seconds,
/// crates and the ratio.
pub(in crate::commands) fn run(runs: usize) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("carveout-bench-{}", std::process::id()));
    let result = compare(&folder, runs);
    let removed = fs::remove_dir_all(&folder).map_err(|error| Error::io("remove", &folder, error));
    result.and(removed)
}

fn compare(folder: &Path, runs: usize) -> Result<()> {
    let hello = folder.join("hello");
    for (file, text) in HELLO {
        let path = hello.join(file);
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, text));
        written.map_err(|error| Error::io("write", &path, error))?;
    }
    let hello = ("hello-world of tonic", hello, vec!["build"]);
    let service = (
        "stamped service",
        kit(),
        vec!["build", "--locked", "-p", "greeter"],
    );
    let mut medians = Vec::new();
    for (name, root, args) in [hello, service] {
        cargo(&root, &["fetch"])?;
        let mut figures = Vec::new();
        for run in 0..runs {
            let target = folder.join(format!("target-{}-{run}", medians.len()));
            figures.push(build(&root, &args, &target)?);
            fs::remove_dir_all(&target).map_err(|error| Error::io("remove", &target, error))?;
        }
        let crates = figures[0].crates;
        let wall = median(figures.iter().map(|figure| figure.wall).collect());
        let cpu = median(figures.iter().map(|figure| figure.cpu).collect());
        say(&format!(
            "{name:22} {crates:4} crates, wall {:.1} s ({:.1} to {:.1}), processor {:.1} s ({:.1} to {:.1})",
            wall.0, wall.1, wall.2, cpu.0, cpu.1, cpu.2
        ));
        medians.push((wall.0, cpu.0));
    }
    say(&format!(
        "ratio: wall {:.2}, processor {:.2}",
        medians[1].0 / medians[0].0,
        medians[1].1 / medians[0].1
    ));
    Ok(())
}

struct Figure {
    wall: f64,
    cpu: f64,
    crates: usize,
}

fn build(root: &Path, args: &[&str], target: &Path) -> Result<Figure> {
    let (begun, before) = (Instant::now(), children_cpu());
    let output = Command::new("cargo")
        .args(args)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0")
        .current_dir(root)
        .output();
    let output = output.map_err(|error| Error::failed(format!("cannot run cargo: {error}")))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(Error::verification(format!(
            "cargo {} failed:\n{text}",
            args.join(" ")
        )));
    }
    let crates = text
        .lines()
        .filter(|line| line.trim_start().starts_with("Compiling "))
        .count();
    Ok(Figure {
        wall: begun.elapsed().as_secs_f64(),
        cpu: children_cpu() - before,
        crates,
    })
}

/// Processor seconds of all children that have ended, from `/proc`: the 16th and 17th field of a
/// process's line, in ticks of 10 ms.
fn children_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat.rsplit_once(") ").map_or(Vec::new(), |(_, rest)| {
        rest.split(' ')
            .map(|field| field.trim().parse().unwrap_or(0.0))
            .collect()
    });
    (fields.get(13).unwrap_or(&0.0) + fields.get(14).unwrap_or(&0.0)) / 100.0
}

fn cargo(root: &Path, args: &[&str]) -> Result<()> {
    let status = Command::new("cargo")
        .args(args)
        .current_dir(root)
        .stdout(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Error::failed(format!(
            "cargo {} failed in {}",
            args.join(" "),
            root.display()
        ))),
    }
}
