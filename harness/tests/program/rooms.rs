//! The order of the rooms: what each top-level module may import (docs/architecture.md).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `harness/src`, from the bottom up. Each imports only those before it.
const ROOMS: [&str; 9] =
    ["support", "experiment", "results", "run", "conclusions", "sweep", "measure", "report", "cmd"];

/// The production code of a crate: each source file's text before its tests, by its top-level
/// module.
fn sources(source_root: &Path) -> Vec<(String, PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![source_root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(source_root).unwrap().to_owned();
            let test = relative.iter().any(|part| part == "tests" || part == "tests.rs" || part == "golden.rs");
            if test || path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let top = relative.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let production = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
            found.push((top, relative, production));
        }
    }
    found
}

/// Whether a file's text climbs to the root of the crate with `super::`, past the order of the rooms.
fn climbs_out(file: &Path, text: &str) -> bool {
    let depth = file.with_extension("").iter().filter(|part| *part != "mod").count();
    text.contains(&"super::".repeat(depth.max(1)))
}

/// The top-level modules that a text names with `crate::`.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for after in line.split("crate::").skip(1) {
            let name: String = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            found.insert(name);
        }
    }
    found
}

fn crate_sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src")
}

#[test]
fn no_room_imports_one_above_it() {
    let place = |room: &str| ROOMS.iter().position(|known| *known == room);
    let mut seen = BTreeSet::new();
    for (room, file, text) in sources(&crate_sources("harness")) {
        if room == "lib" || room == "main" {
            continue;
        }
        let own = place(&room).unwrap_or_else(|| panic!("{}: `{room}` is no room: put it into one", file.display()));
        assert!(!climbs_out(&file, &text), "{}: name another room by crate::, not by super::", file.display());
        for other in imports(&text) {
            let theirs = place(&other);
            assert!(
                theirs.is_some_and(|theirs| theirs <= own),
                "{}: imports crate::{other}, which is not below `{room}`; the order is {ROOMS:?}",
                file.display()
            );
        }
        seen.insert(room);
    }
    assert_eq!(seen, ROOMS.map(str::to_owned).into(), "every room has files");
}

#[test]
fn no_circles_between_the_modules_of_the_libraries() {
    for library in ["data", "models"] {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, _, text) in sources(&crate_sources(library)) {
            let mut others = imports(&text);
            others.remove(&module);
            edges.entry(module).or_default().append(&mut others);
        }
        edges.remove("lib");
        // Takes away the modules that import nothing of what is left, until nothing is left.
        while !edges.is_empty() {
            let names: BTreeSet<String> = edges.keys().cloned().collect();
            let before = edges.len();
            edges.retain(|_, others| others.iter().any(|other| names.contains(other)));
            assert!(edges.len() < before, "{library}: these modules import each other in a circle: {edges:?}");
        }
    }
}

#[test]
fn imports_are_found_wherever_they_stand() {
    let text = "use crate::run::train;\n// crate::cmd\nfn f() -> crate::sweep::Jobs { crate::report::page() }\n";
    assert_eq!(imports(text), ["report", "run", "sweep"].map(str::to_owned).into());
    let climbing = "use super::super::sweep;";
    assert!(climbs_out(Path::new("run/train/mod.rs"), climbing));
    assert!(!climbs_out(Path::new("run/train/log.rs"), climbing));
}
