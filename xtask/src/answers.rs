//! Collects the answers to a template's questions: flags, a file, the workspace's defaults, the
//! template's own, and at last a person.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, IsTerminal, Read, Write};
use std::path::Path;

use toml_edit::{Document, Item, Value};

use crate::error::{Error, Result, nearest};
use crate::render::Answers;
use crate::template::{Placeholder, Template};

/// Of a file of answers, in bytes.
const LARGEST: u64 = 1 << 20;

/// What is known before anybody is asked, by placeholder.
#[derive(Default)]
pub(crate) struct Given {
    /// From the command line.
    pub(crate) flags: BTreeMap<String, String>,
    /// From `--answers`.
    pub(crate) file: BTreeMap<String, String>,
    /// From the workspace, and what is derived from the name.
    pub(crate) derived: BTreeMap<String, String>,
}

impl Given {
    /// Reads `--answers FILE`: TOML, a key a placeholder.
    pub(crate) fn read_file(&mut self, path: &Path, template: &Template) -> Result<()> {
        let read = |error| Error::io("read", path, error);
        let mut text = String::new();
        // Never more than that, whatever the file is: /dev/zero has no end.
        let most = File::open(path).map_err(read)?.take(LARGEST + 1);
        BufReader::new(most)
            .read_to_string(&mut text)
            .map_err(read)?;
        if text.len() as u64 > LARGEST {
            let message = format!("{} is larger than {LARGEST} bytes", path.display());
            return Err(Error::usage(message).help("a line a question is all that it has to hold"));
        }
        let document = Document::parse(text)
            .map_err(|error| Error::usage(format!("{}: {error}", path.display()).trim_end()))?;
        let names: Vec<&str> = template
            .placeholders
            .iter()
            .map(|placeholder| placeholder.name.as_str())
            .collect();
        for (key, item) in document.iter() {
            if !names.contains(&key) {
                let error =
                    Error::usage(format!("{}: there is no question {key:?}", path.display()));
                let near = nearest(key, names.iter().copied())
                    .map(|near| format!("did you mean `{near}`? "));
                return Err(error.help(format!(
                    "{}(questions: {})",
                    near.unwrap_or_default(),
                    names.join(", ")
                )));
            }
            let answer = match item {
                Item::Value(Value::String(text)) => text.value().clone(),
                Item::Value(Value::Boolean(flag)) => flag.value().to_string(),
                Item::Value(Value::Integer(number)) => number.value().to_string(),
                _ => {
                    return Err(Error::usage(format!(
                        "{}: {key} must be a text, a number, true or false",
                        path.display()
                    )));
                }
            };
            self.file.insert(key.to_owned(), answer);
        }
        Ok(())
    }

    /// What a person gave: by a flag, or in the file.
    pub(crate) fn by_person(&self, name: &str) -> Option<&str> {
        let given = self.flags.get(name).or_else(|| self.file.get(name));
        given.map(String::as_str)
    }

    fn of(&self, placeholder: &Placeholder) -> Option<String> {
        let name = &placeholder.name;
        let known = [&self.flags, &self.file, &self.derived]
            .into_iter()
            .find_map(|source| source.get(name));
        known.or(placeholder.default.as_ref()).cloned()
    }
}

/// All answers, or one error that lists everything that is missing or wrong.
pub(crate) fn collect(
    name: &str,
    template: &Template,
    given: &Given,
    may_ask: bool,
) -> Result<Answers> {
    let mut answers = Answers::for_name(name);
    let mut problems = Vec::new();
    let may_ask = may_ask && is_interactive();
    for placeholder in &template.placeholders {
        if !placeholder.applies(&answers)? {
            answers.set(&placeholder.name, "");
            continue;
        }
        let answer = match given.of(placeholder) {
            Some(answer) => answer,
            None if may_ask => ask(placeholder)?,
            None => {
                problems.push(format!(
                    "{} is not answered ({}): {}",
                    placeholder.name,
                    placeholder.prompt,
                    how(placeholder)
                ));
                continue;
            }
        };
        if let Some(why) = placeholder.refuses(&answer) {
            problems.push(format!("{} = {answer:?} {why}", placeholder.name));
        }
        answers.set(&placeholder.name, answer);
    }
    match problems.as_slice() {
        [] => Ok(answers),
        problems => {
            let error = Error::usage(problems.join("\n       "));
            Err(error.help("organisation-wide answers go under [workspace.metadata.carveout] in the workspace's Cargo.toml"))
        }
    }
}

fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for confirmation. Without a terminal, the answer is no.
pub(crate) fn confirm(question: &str) -> Result<bool> {
    if !is_interactive() {
        return Ok(false);
    }
    let mut err = std::io::stderr();
    let _ = write!(err, "{question} [y/N]: ");
    let _ = err.flush();
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    read.map_err(|error| Error::failed(format!("cannot read an answer: {error}")))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn how(placeholder: &Placeholder) -> String {
    match placeholder.name.as_str() {
        "org" | "owner" => format!("give --{0} or {0} = \"...\" in --answers", placeholder.name),
        name => format!("give {name} = \"...\" in --answers"),
    }
}

fn ask(placeholder: &Placeholder) -> Result<String> {
    let mut err = std::io::stderr();
    loop {
        let choices = if placeholder.choices.is_empty() {
            String::new()
        } else {
            format!(" [{}]", placeholder.choices.join(", "))
        };
        let _ = write!(err, "{}{choices}: ", placeholder.prompt);
        let _ = err.flush();
        let mut line = String::new();
        match std::io::stdin().read_line(&mut line) {
            Ok(0) => {
                return Err(
                    Error::usage(format!("{} is not answered", placeholder.name))
                        .help(how(placeholder)),
                );
            }
            Ok(_) => {}
            Err(error) => return Err(Error::failed(format!("cannot read an answer: {error}"))),
        }
        let answer = line.trim().to_owned();
        match placeholder.refuses(&answer) {
            Some(why) => {
                let _ = writeln!(err, "it {why}");
            }
            None => return Ok(answer),
        }
    }
}
