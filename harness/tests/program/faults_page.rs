//! The page on faults names tests and scripts that exist.

use crate::place::files;
use std::fs;
use std::path::Path;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The sources of all tests.
fn sources() -> String {
    let folders = ["data/src", "data/tests", "models/src", "harness/src", "harness/tests/program"];
    let all = folders.iter().flat_map(|folder| files(&Path::new(REPOSITORY).join(folder)));
    let rust = all.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn each_fault_names_a_test_that_exists() {
    let page = fs::read_to_string(Path::new(REPOSITORY).join("docs/reference/faults.md")).unwrap();
    let sources = sources();
    let mut rows = 0;
    for table in page.split("\n\n").filter(|table| table.lines().next().is_some_and(|line| line.ends_with("| test |")))
    {
        for row in table.lines().skip(2) {
            let test = row.trim_end_matches('|').rsplit('|').next().unwrap();
            let mut named = 0;
            for name in quoted(test) {
                let exists = if name.contains(['/', '.']) {
                    Path::new(REPOSITORY).join(name).exists()
                        || Path::new(REPOSITORY).join("harness/src").join(name).exists()
                } else {
                    sources.contains(&format!("fn {name}("))
                };
                assert!(exists, "{row}: there is no {name}");
                named += 1;
            }
            assert!(named > 0, "{row}: it names no test");
            rows += 1;
        }
    }
    assert!(rows >= 20, "{rows} rows");
}
