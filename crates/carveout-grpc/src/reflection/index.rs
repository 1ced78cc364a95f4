use std::collections::{BTreeMap, HashMap, HashSet};

use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

/// Finds the file of a contract by what is declared in it.
///
/// Files are kept and sent as the bytes that they were embedded as: decoded and encoded again they
/// would lose every custom option.
#[derive(Default)]
pub(super) struct Index {
    files: Vec<File>,
    by_name: HashMap<String, usize>,
    /// By full name: messages, fields, oneofs, enums and their values, services, methods, extensions.
    by_symbol: HashMap<String, usize>,
    /// By the extended type and the field's number.
    by_extension: HashMap<String, BTreeMap<i32, usize>>,
}

struct File {
    bytes: Vec<u8>,
    imports: Vec<String>,
}

/// `google.protobuf.FileDescriptorSet`, with each file as its bytes.
#[derive(Clone, PartialEq, Message)]
struct RawSet {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

impl Index {
    /// Of encoded `FileDescriptorSet`s. What cannot be decoded is left out; of two that declare the same,
    /// the first counts.
    pub(super) fn of<'a>(sets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut index = Self::default();
        for set in sets {
            for bytes in RawSet::decode(set).unwrap_or_default().file {
                index.add(bytes);
            }
        }
        index
    }

    /// The file of this name.
    pub(super) fn file(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The file that declares a symbol.
    pub(super) fn symbol(&self, name: &str) -> Option<usize> {
        self.by_symbol.get(name).copied()
    }

    /// The file that declares an extension of a message.
    pub(super) fn extension(&self, of: &str, number: i32) -> Option<usize> {
        self.by_extension.get(of)?.get(&number).copied()
    }

    /// The numbers of all extensions of a message, in order; `None` for one that is not known.
    pub(super) fn extensions(&self, of: &str) -> Option<Vec<i32>> {
        match self.by_extension.get(of) {
            Some(extensions) => Some(extensions.keys().copied().collect()),
            None => self.symbol(of).map(|_| Vec::new()),
        }
    }

    /// A file and all that it imports, the imports of imports too, but for what is in `sent`
    /// already. The file itself is always there, and first.
    pub(super) fn with_imports(&self, file: usize, sent: &mut HashSet<usize>) -> Vec<Vec<u8>> {
        sent.insert(file);
        let mut files = vec![file];
        let mut looked_at = 0;
        while let Some(file) = files.get(looked_at) {
            looked_at += 1;
            let imports = self.files[*file].imports.iter();
            let imports = imports.filter_map(|name| self.file(name));
            files.extend(
                imports
                    .filter(|import| sent.insert(*import))
                    .collect::<Vec<_>>(),
            );
        }
        let bytes = |file: usize| self.files[file].bytes.clone();
        files.into_iter().map(bytes).collect()
    }

    fn add(&mut self, bytes: Vec<u8>) {
        let Ok(file) = FileDescriptorProto::decode(&*bytes) else {
            return;
        };
        // The same import is in the set of every contract.
        if self
            .file(file.name())
            .is_some_and(|known| self.files[known].bytes == bytes)
        {
            return;
        }
        let mut declared = Declared {
            file: self.files.len(),
            index: self,
        };
        let package = file.package();
        for message in &file.message_type {
            declared.message(package, message);
        }
        for extension in &file.extension {
            declared.extension(package, extension);
        }
        for values in &file.enum_type {
            declared.values(package, values);
        }
        for service in &file.service {
            let service_name = declared.symbol(package, service.name());
            for method in &service.method {
                declared.symbol(&service_name, method.name());
            }
        }
        let number = self.files.len();
        self.by_name.entry(file.name().to_owned()).or_insert(number);
        self.files.push(File {
            bytes,
            imports: file.dependency,
        });
    }
}

/// Adds what one file declares.
struct Declared<'a> {
    index: &'a mut Index,
    file: usize,
}

impl Declared<'_> {
    /// Returns its full name.
    fn symbol(&mut self, scope: &str, name: &str) -> String {
        let full = match scope {
            "" => name.to_owned(),
            scope => format!("{scope}.{name}"),
        };
        self.index
            .by_symbol
            .entry(full.clone())
            .or_insert(self.file);
        full
    }

    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let name = self.symbol(scope, message.name());
        for field in &message.field {
            self.symbol(&name, field.name());
        }
        for oneof in &message.oneof_decl {
            self.symbol(&name, oneof.name());
        }
        for extension in &message.extension {
            self.extension(&name, extension);
        }
        for values in &message.enum_type {
            self.values(&name, values);
        }
        for nested in &message.nested_type {
            self.message(&name, nested);
        }
    }

    /// The values of an enum are declared beside it, as in C.
    fn values(&mut self, scope: &str, values: &EnumDescriptorProto) {
        self.symbol(scope, values.name());
        for value in &values.value {
            self.symbol(scope, value.name());
        }
    }

    fn extension(&mut self, scope: &str, extension: &FieldDescriptorProto) {
        self.symbol(scope, extension.name());
        let of = extension.extendee();
        let of = of.strip_prefix('.').unwrap_or(of).to_owned();
        let extensions = self.index.by_extension.entry(of).or_default();
        extensions.entry(extension.number()).or_insert(self.file);
    }
}
