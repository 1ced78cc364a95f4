use prost_types::field_descriptor_proto::Type;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, FileDescriptorSet, OneofDescriptorProto,
};
use tonic_reflection::pb::v1::ExtensionRequest;

use super::*;

fn field(name: &str, number: i32, extendee: Option<&str>) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        r#type: Some(Type::String.into()),
        extendee: extendee.map(str::to_owned),
        ..FieldDescriptorProto::default()
    }
}

fn file(name: &str, imports: &[&str], package: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.into()),
        package: Some(package.into()),
        dependency: imports.iter().map(|import| (*import).to_owned()).collect(),
        ..FileDescriptorProto::default()
    }
}

fn message(name: &str) -> DescriptorProto {
    DescriptorProto {
        name: Some(name.into()),
        ..DescriptorProto::default()
    }
}

fn enumeration(name: &str, value: &str) -> EnumDescriptorProto {
    EnumDescriptorProto {
        name: Some(name.into()),
        value: vec![EnumValueDescriptorProto {
            name: Some(value.into()),
            number: Some(0),
            options: None,
        }],
        ..EnumDescriptorProto::default()
    }
}

/// Everything that can be declared, and imports in a circle of which one is missing.
fn world() -> Reflection {
    let base = FileDescriptorProto {
        message_type: vec![message("Extended"), message("Plain")],
        ..file("base.proto", &["missing.proto"], "base")
    };
    let top = FileDescriptorProto {
        message_type: vec![DescriptorProto {
            field: vec![field("inner", 1, None)],
            oneof_decl: vec![OneofDescriptorProto {
                name: Some("choice".into()),
                options: None,
            }],
            nested_type: vec![message("Inner")],
            enum_type: vec![enumeration("Colour", "RED")],
            extension: vec![field("nested_extension", 7, Some(".base.Extended"))],
            ..message("Outer")
        }],
        enum_type: vec![enumeration("Size", "LARGE")],
        extension: vec![field("top_extension", 50_601, Some(".base.Extended"))],
        ..file("top.proto", &["middle.proto"], "a.b")
    };
    let middle = file("middle.proto", &["base.proto"], "");
    let sets = [vec![top, middle.clone(), base.clone()], vec![middle, base]];
    let sets = sets.map(|file| FileDescriptorSet { file }.encode_to_vec());
    let broken: &[u8] = &[0xff];
    Reflection {
        index: Index::of(sets.iter().map(Vec::as_slice).chain([broken])),
        services: vec!["a.b.Service"],
    }
}

/// The names of the files in an answer, or the code of its error.
fn ask(world: &Reflection, question: MessageRequest) -> Result<Vec<String>, i32> {
    let question = ServerReflectionRequest {
        host: "here".into(),
        message_request: Some(question),
    };
    let answer = world.answer(question.clone(), &mut HashSet::new());
    assert_eq!(
        (answer.valid_host, answer.original_request),
        ("here".to_owned(), Some(question))
    );
    match answer.message_response.unwrap() {
        MessageResponse::FileDescriptorResponse(files) => Ok(names(files.file_descriptor_proto)),
        MessageResponse::ErrorResponse(error) => Err(error.error_code),
        other => panic!("{other:?}"),
    }
}

fn names(files: Vec<Vec<u8>>) -> Vec<String> {
    let name = |bytes: Vec<u8>| FileDescriptorProto::decode(&*bytes).unwrap().name.unwrap();
    files.into_iter().map(name).collect()
}

#[test]
fn each_symbol_is_found_with_all_that_its_file_imports() {
    let world = world();
    for symbol in [
        "a.b.Outer",
        "a.b.Outer.inner",
        "a.b.Outer.choice",
        "a.b.Outer.Inner",
        "a.b.Outer.Colour",
        "a.b.Outer.RED",
        "a.b.Outer.nested_extension",
        "a.b.Size",
        "a.b.LARGE",
        "a.b.top_extension",
    ] {
        let files = ask(&world, MessageRequest::FileContainingSymbol(symbol.into()));
        let expected = ["top.proto", "middle.proto", "base.proto"].map(str::to_owned);
        assert_eq!(files, Ok(expected.into()), "{symbol}");
    }
    for unknown in ["", "a", "a.b", "Outer", "a.b.Outer.LARGE", "a.b.Size.LARGE"] {
        let question = MessageRequest::FileContainingSymbol(unknown.into());
        assert_eq!(ask(&world, question), Err(5), "{unknown:?}");
    }
}

#[test]
fn extensions_are_found_by_type_and_number() {
    let world = world();
    let extension = |of: &str, extension_number| {
        let containing_type = of.to_owned();
        let extension = ExtensionRequest {
            containing_type,
            extension_number,
        };
        ask(&world, MessageRequest::FileContainingExtension(extension))
            .map(|files| files[0].clone())
    };
    assert_eq!(extension("base.Extended", 50_601), Ok("top.proto".into()));
    assert_eq!(extension("base.Extended", 7), Ok("top.proto".into()));
    assert_eq!(extension("base.Extended", 8), Err(5));
    assert_eq!(extension("base.Plain", 7), Err(5));
    assert_eq!(
        world.index.extensions("base.Extended"),
        Some(vec![7, 50_601])
    );
    assert_eq!(world.index.extensions("base.Plain"), Some(vec![]));
    assert_eq!(world.index.extensions("base.Nothing"), None);
}

#[test]
fn no_file_is_sent_twice_unless_it_is_asked_for() {
    let world = world();
    let mut sent = HashSet::new();
    let mut ask = |name: &str| {
        names(
            world
                .index
                .with_imports(world.index.file(name).unwrap(), &mut sent),
        )
    };
    assert_eq!(ask("middle.proto"), ["middle.proto", "base.proto"]);
    assert_eq!(ask("top.proto"), ["top.proto"]);
    assert_eq!(ask("base.proto"), ["base.proto"]);
}

#[test]
fn a_question_that_is_none_is_answered_too() {
    let question = ServerReflectionRequest::default();
    let answer = world().answer(question, &mut HashSet::new());
    let Some(MessageResponse::ErrorResponse(error)) = answer.message_response else {
        panic!("{answer:?}");
    };
    assert_eq!(error.error_code, 3, "{}", error.error_message);
}
