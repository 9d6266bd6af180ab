//! Every public call of the engine is bound, every bound type is converted in Swift, and what is bound has the engine's doc
//! text, or is left out for a reason that is written here.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, Fields, ImplItem, Item, Lit, Meta, TraitItem, Type, UseTree, Visibility};

/// Calls that are bound under another name.
const RENAMED: [(&str, &str); 12] = [
    // `close` would clash with Kotlin's `AutoCloseable`.
    ("Engine::close", "Engine::shutdown"),
    // A foreign language has defaults.
    ("Engine::send_once", "Engine::send"),
    // It has a number with it.
    ("Events::next_numbered", "Events::next"),
    // UniFFI knows no generic types.
    ("Watched::next", "States::next"),
    // UniFFI exports no methods of another crate's type.
    ("Error::action", "error_action"),
    ("Error::code", "error_code"),
    ("Error::retryable", "error_retryable"),
    // It needs no object.
    ("Engine::panic", "panic"),
    ("Engine::panic_with_ticket", "panic_with_ticket"),
    ("Engine::forbid_dumps", "forbid_dumps"),
    ("Engine::forbid_swap", "forbid_swap"),
    // Records have no constructors that could fail; opening parses it.
    ("PrivateNetwork::parse", "Engine::open"),
];

/// Types of `core/xmpp` and `core/tor` that the engine's root has under another name.
const RENAMED_TYPES: [(&str, &str); 4] =
    [("Format", "PictureFormat"), ("Kind", "FieldKind"), ("Question", "QuestionForm"), ("Stage", "TorStage")];

/// Calls that are not bound, and why.
const LEFT_OUT: [(&str, &str); 27] = [
    ("Address::as_str", "an address is a text to an app"),
    ("Address::parse", "an address is a text to an app; the calls that take one read it"),
    ("Engine::create_burner", "is create, and the wait for its end"),
    ("Engine::probe", "looks at a server for a support line; no screen asks for it"),
    ("Engine::known_servers", "is for a look at all servers, which no phone takes"),
    ("Engine::probe_server", "is for a look at all servers, which no phone takes"),
    ("ServerProbe::directory", "is for a look at all servers, which no phone takes"),
    ("Engine::runtime", "is made behind the face"),
    ("Error::retry_after", "is the field of RateLimited"),
    ("Events::try_next", "a foreign reader waits in a coroutine or task of its own"),
    ("Fingerprint::parse", "a fingerprint is a text to an app; the calls that take one read it"),
    ("Key::passphrase", "a shorthand for one case of Key, which is bound"),
    ("ServerWords::as_str", "is the field of the bound type"),
    ("WebPage::url", "is the field of Page"),
    ("Engine::check_server", "is a part of check_options"),
    ("Engine::start_tor_until", "is startTor with the token that cancels it"),
    ("Engine::sync_until", "is syncOnce with the token that cancels it"),
    ("Engine::burners", "is in Snapshot"),
    ("Engine::conversation", "is in Snapshot"),
    ("Engine::question", "is in Snapshot"),
    ("Engine::vault_report", "is in Snapshot"),
    ("Engine::reconnect", "is a part of startTor"),
    ("ListWord::expose", "is the field of MeantWord"),
    ("ListWord::find", "takes a word back from its text, for the bindings alone"),
    ("RecoveryWords::parse", "Engine::restore reads them"),
    ("RecoveryWords::expose", "Engine::recovery_words hands them out"),
    ("Ticket::expose", "panic_with_ticket hands it out"),
];

/// Types of the generated Swift that are no types of FlashpaperKit's own, and why.
const SWIFT_LEAVES_OUT: [(&str, &str); 11] = [
    ("Action", "is a constant there; the tests compare it with the library's"),
    ("Address", "is a text to the generated code"),
    ("BurnerId", "is a text to the generated code"),
    ("ListWord", "is a MeantWord to the generated code"),
    ("MeantWord", "is taken apart where it comes from, a WordsError"),
    ("MessageId", "is a number to the generated code"),
    ("Page", "is taken apart where it comes from, an error"),
    ("QuestionForm", "is taken apart where it comes from, a Question"),
    ("QuestionId", "is a number to the generated code"),
    ("ServerWords", "is taken apart where it comes from, a Step"),
    ("WebPage", "is a Page to the generated code"),
];

/// Bound items with another text than the engine's, and why.
const SAID_OTHERWISE: [(&str, &str); 20] = [
    ("Config", "is not what the engine's `open` takes: a private network is a text in it"),
    ("Engine", "an object of a foreign language is not cloned"),
    ("Engine::answer", "what the answers are named by: they are no type of their own"),
    ("Creation::progress", "has one reader, where the engine gives a handle to each"),
    ("Engine::create", "the engine's `create_burner` has the text"),
    ("Engine::decline", "a token cancels a creation, not the end of a future"),
    ("Engine::fingerprint", "its form: a fingerprint is a text to an app, and that type has no doc text"),
    ("Engine::recovery_words", "hands out bytes"),
    ("Engine::restore", "takes bytes, and a token cancels it"),
    ("Engine::send", "the engine's `send_once` tells of the key"),
    ("Engine::set_spread", "what is set at first: Spread has no default in a foreign language"),
    ("Engine::sync_once", "a token cancels it, not the end of a future"),
    ("Engine::shutdown", "the object is still there afterwards"),
    ("Engine::start_tor", "has burners connect again, too: reconnect"),
    ("Events", "its reader ends it by `finish`"),
    ("Events::next", "its reader ends it by `finish`"),
    ("Input::Fingerprints", "a fingerprint is a text to an app, so it can be wrong, too"),
    ("KeySource", "names the platforms' key stores, and throws where Rust panics"),
    ("States::next", "its reader is another than a caller in Rust"),
    ("Message.id", "in which order: an id is a number to an app, and that type has no doc text"),
];

/// How a sentence begins that is about Rust alone, or about the foreign languages alone.
const OF_ONE_SIDE: [&str; 7] = [
    "As JSON",
    "Cancel safe",
    "Cancelling ends the wait",
    "Goes on when the future is dropped",
    "Its `Debug`",
    "Printing ",
    "Wipe ",
];

/// Calls that a text of the engine links to, and the bound calls that do the same.
const LINKED_AS: [(&str, &str); 3] =
    [("Error::code", "error_code"), ("Talk::take", "taken"), ("Talk::answer", "answer_comparison")];

type Calls = BTreeSet<String>;
/// Doc texts by the paths of what they are about: `Type`, `Type::Variant`, `Type::function`, `Type.field`.
type Texts = BTreeMap<String, String>;
type Read<T> = Result<T, Box<dyn Error>>;

#[test]
fn every_public_call_of_the_engine_is_bound_or_excused() {
    let engine = public_calls().unwrap();
    let bound = exported_calls(&root().join("src")).unwrap();
    assert!(engine.len() > 10 && bound.len() > 10, "this is not the source that is meant");

    let renamed = |call: &str| RENAMED.iter().find(|(from, _)| *from == call).map(|(_, to)| *to);
    let excused: Calls = LEFT_OUT.iter().map(|(call, _)| (*call).to_owned()).collect();
    let missing: Calls = engine.iter().filter(|c| !bound.contains(renamed(c).unwrap_or(c))).cloned().collect();
    assert_eq!(missing, excused, "left: not bound; right: excused");
    assert!(RENAMED.iter().all(|(from, _)| engine.contains(*from)), "a name that the engine does not have");
}

#[test]
fn every_bound_type_is_converted_in_swift() {
    let bound: Calls = all_items(&root().join("src")).unwrap().iter().filter_map(bound_type).collect();
    let mut converted = Calls::new();
    for entry in fs::read_dir(root().join("swift/Sources/FlashpaperKit")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "swift") {
            let source = fs::read_to_string(path).unwrap();
            let words = source.split(|c: char| !c.is_alphanumeric()).filter_map(|word| word.strip_prefix("Ffi"));
            converted.extend(words.map(str::to_owned));
        }
    }
    converted.retain(|name| bound.contains(name));
    assert!(bound.len() > 30, "this is not the source that is meant");
    converted.extend(SWIFT_LEAVES_OUT.map(|(name, _)| name.to_owned()));
    assert_eq!(bound, converted, "left: bound; right: converted in FlashpaperKit or left out");
}

#[test]
fn what_is_bound_has_the_text_of_the_engine_or_is_excused() {
    let mut engine = texts(&root().join("../core/xmpp/src/registration")).unwrap();
    engine.extend(texts(&root().join("../core/tor/src")).unwrap());
    for (from, to) in RENAMED_TYPES {
        let of_it = |path: &String| path.split(['.', ':']).next() == Some(from);
        let renamed: Vec<_> = engine.extract_if(.., |path, _| of_it(path)).collect();
        engine.extend(renamed.into_iter().map(|(path, text)| (path.replacen(from, to, 1), text)));
    }
    engine.extend(texts(&root().join("../core/chat/src")).unwrap());
    // Where both have a type of one name, the engine's is bound.
    engine.extend(texts(&root().join("../core/engine/src")).unwrap());
    let bound = texts(&root().join("src")).unwrap();

    let meant = |path: &String| engine.get(path).or_else(|| engine.get(&renamed_from(path)));
    let pairs: Vec<_> = bound.iter().filter_map(|(path, said)| Some((path, meant(path)?, said))).collect();
    assert!(pairs.len() > 250, "this is not the source that is meant");
    let differ = pairs.into_iter().filter(|(_, meant, said)| differ(meant, said));
    let differ: BTreeMap<_, _> = differ.map(|(path, meant, said)| (path.as_str(), (meant, said))).collect();

    let excused: BTreeSet<_> = SAID_OTHERWISE.iter().map(|(path, _)| *path).collect();
    let drifted: Vec<_> = differ.iter().filter(|(path, _)| !excused.contains(*path)).collect();
    assert!(drifted.is_empty(), "another text than the engine's: {drifted:#?}");
    assert!(excused.iter().all(|path| differ.contains_key(path)), "an excuse that nothing needs");
}

#[test]
fn the_first_example_of_the_readme_is_compiled_with_the_tests_of_kotlin() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let example: Vec<&str> = readme.split("```").nth(1).unwrap().lines().skip(1).collect();
    let kotlin = root().join("kotlin/flashpaper/src/test/kotlin/org/flashpaper/Readme.kt");
    let kotlin = fs::read_to_string(kotlin).unwrap();
    let compiled: Vec<&str> = kotlin.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert_eq!(example, compiled, "left: README.md; right: Readme.kt");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The public functions of all types that the engine's root makes public, as `Type::function`. Some are of `core/chat`.
fn public_calls() -> Read<Calls> {
    let [engine, chat] = ["../core/engine/src", "../core/chat/src"].map(|source| root().join(source));
    let public: Calls = items(&engine.join("lib.rs"))?.iter().flat_map(reexported).collect();
    let mut calls = Calls::new();
    for item in [all_items(&engine)?, all_items(&chat)?].concat() {
        let Item::Impl(block) = item else { continue };
        let Some(name) = type_name(&block.self_ty).filter(|n| block.trait_.is_none() && public.contains(n)) else {
            continue;
        };
        for function in &block.items {
            if let ImplItem::Fn(f) = function
                && is_public(&f.vis)
                && !has(&f.attrs, "cfg", "")
            {
                calls.insert(format!("{name}::{}", f.sig.ident));
            }
        }
    }
    Ok(calls)
}

/// What the foreign languages get: functions, and methods as `Type::function`.
fn exported_calls(source: &Path) -> Read<Calls> {
    let mut calls = Calls::new();
    for item in all_items(source)? {
        match item {
            Item::Fn(f) if has(&f.attrs, "export", "") => {
                calls.insert(f.sig.ident.to_string());
            }
            // What only a library for tests has is not bound.
            Item::Impl(block) if has(&block.attrs, "export", "") && !has(&block.attrs, "cfg", "") => {
                let name = type_name(&block.self_ty).unwrap_or_default();
                let functions = block.items.iter().filter_map(|i| if let ImplItem::Fn(f) = i { Some(f) } else { None });
                calls.extend(functions.map(|f| format!("{name}::{}", f.sig.ident)));
            }
            _ => {}
        }
    }
    Ok(calls)
}

/// The texts of all public types, traits and functions, and of what they consist of.
fn texts(source: &Path) -> Read<Texts> {
    let mut texts = Texts::new();
    for item in all_items(source)? {
        match item {
            Item::Struct(item) if is_public(&item.vis) => {
                let name = item.ident.to_string();
                texts.extend(field_texts(&name, &item.fields));
                texts.insert(name, text(&item.attrs));
            }
            Item::Enum(item) if is_public(&item.vis) => {
                for variant in &item.variants {
                    let path = format!("{}::{}", item.ident, variant.ident);
                    texts.extend(field_texts(&path, &variant.fields));
                    texts.insert(path, text(&variant.attrs));
                }
                texts.insert(item.ident.to_string(), text(&item.attrs));
            }
            Item::Trait(item) if is_public(&item.vis) => {
                let functions = item.items.iter().filter_map(|i| if let TraitItem::Fn(f) = i { Some(f) } else { None });
                texts.extend(functions.map(|f| (format!("{}::{}", item.ident, f.sig.ident), text(&f.attrs))));
                texts.insert(item.ident.to_string(), text(&item.attrs));
            }
            Item::Fn(f) if is_public(&f.vis) => {
                texts.insert(f.sig.ident.to_string(), text(&f.attrs));
            }
            // What only a library for tests has is of no app.
            Item::Impl(block) if block.trait_.is_none() && !has(&block.attrs, "cfg", "") => {
                let name = type_name(&block.self_ty).unwrap_or_default();
                let functions = block.items.iter().filter_map(|i| if let ImplItem::Fn(f) = i { Some(f) } else { None });
                let public = functions.filter(|f| is_public(&f.vis));
                texts.extend(public.map(|f| (format!("{name}::{}", f.sig.ident), text(&f.attrs))));
            }
            _ => {}
        }
    }
    Ok(texts)
}

/// Fields that have no name have no text either.
fn field_texts(of: &str, fields: &Fields) -> Texts {
    fields.iter().filter_map(|f| Some((format!("{of}.{}", f.ident.as_ref()?), text(&f.attrs)))).collect()
}

/// The lines of a doc comment.
fn text(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(literal) => {
                if let Lit::Str(line) = &literal.lit {
                    Some(line.value())
                } else {
                    None
                }
            }
            _ => None,
        },
        _ => None,
    };
    attributes.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

/// The engine's path of an item that is bound under another name.
fn renamed_from(bound: &str) -> String {
    let call = RENAMED.iter().find(|(_, to)| *to == bound).map_or(bound, |(from, _)| from);
    call.replacen("FlashpaperError", "Error", 1)
}

/// Sections of errors are compared where both have one. What is bound needs none where the section only lists errors: a
/// foreign language has one type for them, with a text for each.
fn differ(meant: &str, said: &str) -> bool {
    const ERRORS: &str = "# Errors";
    let both_have_errors = meant.contains(ERRORS) && said.contains(ERRORS);
    let compared = |text: &str| {
        let end = text.find(ERRORS).filter(|_| !both_have_errors);
        without_language(&text[..end.unwrap_or(text.len())])
    };
    compared(meant) != compared(said)
}

/// A text without sentences of one side, and the ways in which a language writes a name: of
/// `Engine::start_tor` and `Engine.startTor` is left `starttor`.
fn without_language(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let plain = words.join(" ").replace("[`", "`").replace("`]", "`").replace("`None`", "nothing");
    let sentences = plain.split(". ").map(|sentence| sentence.trim_end_matches('.'));
    let kept: Vec<_> = sentences.filter(|s| !OF_ONE_SIDE.iter().any(|start| s.starts_with(start))).collect();
    let kept = kept.join(". ");
    // Every second part stands between backticks.
    let parts = kept.split('`').enumerate().map(|(i, part)| if i % 2 == 0 { part.to_owned() } else { last_name(part) });
    parts.collect()
}

fn last_name(path: &str) -> String {
    let linked = LINKED_AS.iter().find(|(engine, _)| path.ends_with(engine)).map_or(path, |(_, bound)| bound);
    linked.rsplit([':', '.']).next().unwrap_or_default().replace('_', "").to_lowercase()
}

/// The name of a type that is data, or is implemented by an app.
fn bound_type(item: &Item) -> Option<String> {
    let data = ["uniffi :: Record", "uniffi :: Enum", "uniffi :: Error"];
    let is_data = |attributes: &[Attribute]| {
        has(attributes, "remote", "") || data.iter().any(|derived| has(attributes, "derive", derived))
    };
    match item {
        Item::Struct(item) if is_data(&item.attrs) => Some(item.ident.to_string()),
        Item::Enum(item) if is_data(&item.attrs) => Some(item.ident.to_string()),
        Item::Trait(item) if has(&item.attrs, "export", "with_foreign") => Some(item.ident.to_string()),
        Item::Macro(item) if item.mac.path.segments.last().is_some_and(|last| last.ident == "custom_type") => {
            item.mac.tokens.clone().into_iter().next().map(|name| name.to_string())
        }
        _ => None,
    }
}

fn all_items(source: &Path) -> Read<Vec<Item>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(source)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(all_items(&path)?);
        } else if path.extension().is_some_and(|e| e == "rs") {
            all.extend(items(&path)?);
        }
    }
    Ok(all)
}

fn items(file: &Path) -> Read<Vec<Item>> {
    Ok(syn::parse_file(&fs::read_to_string(file)?)?.items)
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn reexported(item: &Item) -> Vec<String> {
    match item {
        Item::Use(u) if is_public(&u.vis) && !has(&u.attrs, "cfg", "") => names(&u.tree),
        _ => Vec::new(),
    }
}

fn names(tree: &UseTree) -> Vec<String> {
    match tree {
        UseTree::Path(path) => names(&path.tree),
        UseTree::Group(group) => group.items.iter().flat_map(names).collect(),
        UseTree::Name(name) => vec![name.ident.to_string()],
        UseTree::Rename(rename) => vec![rename.rename.to_string()],
        UseTree::Glob(_) => Vec::new(),
    }
}

fn type_name(of: &Type) -> Option<String> {
    let Type::Path(path) = of else { return None };
    path.path.segments.last().map(|s| s.ident.to_string())
}

/// Whether there is an attribute with a path that ends in `name` and with `argument` among its arguments.
fn has(attributes: &[Attribute], name: &str, argument: &str) -> bool {
    attributes.iter().any(|a| {
        let named = a.path().segments.last().is_some_and(|s| s.ident == name);
        let arguments = a.meta.require_list().map_or_else(|_| String::new(), |list| list.tokens.to_string());
        named && arguments.contains(argument)
    })
}
