//! The rules of the house (ARCHITECTURE.md) that can be read off the source.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::process::{cargo, output};
use crate::public;
use crate::workspace::root;

/// Rule 1: whatever carries bytes over a network in our stack.
const TRANSPORTS: &[&str] = &[
    "axum",
    "engineio",
    "fred",
    "h2",
    "hearth",
    "hyper",
    "hyper-util",
    "redis",
    "reqwest",
    "socketio",
    "tower-http",
    "tungstenite",
];

/// Rule 6: what SQL looks like in Rust source.
const SQL: &[&str] = &["sqlx::query", "QueryBuilder", "\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM "];

/// What would let text become markup in the web client.
const MARKUP: &[&str] = &["v-html", "innerHTML", "outerHTML", "insertAdjacentHTML"];

/// Crates whose READMEs say which test keeps which promise, in either's `tests/promises`.
const LIBRARIES: [&str; 2] = ["crates/engineio", "crates/socketio"];

/// Fail with every broken rule named, file by file.
pub(crate) fn check() -> Result<()> {
    let mut broken = Vec::new();
    broken.extend(transports_in_chat()?);
    for file in files(&root().join("crates/chat/src"), &["rs"])? {
        if !may_hold_sql(&file) {
            broken.extend(found(&file, SQL, "SQL belongs into sql.rs or db/")?);
        }
    }
    for file in files(&root().join("crates/hearth/src"), &["rs"])? {
        broken.extend(found(&file, SQL, "SQL belongs into chat")?);
    }
    for file in files(&root().join("web/src"), &["vue", "ts"])? {
        if !is_test(&file) {
            broken.extend(found(&file, MARKUP, "text never becomes markup: build nodes")?);
        }
    }
    for folder in ["web", "e2e/protocol", "e2e/socketio", "e2e/browser", "crates/bench/peers/node"] {
        let lock = root().join(folder).join("package-lock.json");
        broken.extend(found(&lock, &["\"resolved\": \"http"], "a lock file names no download address")?);
    }
    let requirements = root().join("e2e/python/requirements.txt");
    broken.extend(found(&requirements, &["://", "index-url"], "a lock file names no download address")?);
    for library in LIBRARIES {
        broken.extend(missing_tests(&format!("{library}/README.md"))?);
        broken.extend(public::check(&root().join(library), library)?);
    }
    broken.extend(missing_proofs()?);
    ensure!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
    println!("the rules hold");
    Ok(())
}

fn transports_in_chat() -> Result<Vec<String>> {
    let tree = output(
        cargo()
            .args(["tree", "--package", "chat", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
            .current_dir(root()),
    )?;
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let mut broken: Vec<String> = names
        .filter(|name| TRANSPORTS.contains(name))
        .map(|name| format!("crates/chat: depends on {name}, a transport (rule 1)"))
        .collect();
    broken.sort();
    broken.dedup();
    Ok(broken)
}

/// The tests that the tables of a README name and that are nowhere.
fn missing_tests(readme: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root().join(readme)).with_context(|| format!("cannot read {readme}"))?;
    let exists = |module: &str, test: &str| {
        LIBRARIES.iter().any(|library| {
            let file = root().join(library).join(format!("tests/promises/{module}.rs"));
            std::fs::read_to_string(file).is_ok_and(|text| test == "*" || text.contains(&format!("fn {test}(")))
        })
    };
    let missing = public::without_list(&text).flat_map(tests_named).filter(|(module, test)| !exists(module, test));
    Ok(missing.map(|(module, test)| format!("{readme}: there is no test {module}::{test}")).collect())
}

/// The tests, and files of tests, that docs/reliability.md names as showing its promises, and that are nowhere.
fn missing_proofs() -> Result<Vec<String>> {
    let text =
        std::fs::read_to_string(root().join("docs/reliability.md")).context("cannot read docs/reliability.md")?;
    let mut sources = files(&root().join("crates"), &["rs"])?;
    for suite in ["protocol", "browser"] {
        sources.extend(files(&root().join("e2e").join(suite).join("tests"), &["mjs"])?);
    }
    let code = sources.iter().map(std::fs::read_to_string).collect::<std::io::Result<Vec<_>>>()?;
    let exists = |proof: &str| {
        if proof.contains('.') {
            return sources.iter().any(|file| file.ends_with(proof));
        }
        let head = format!("fn {proof}(");
        code.iter().any(|text| text.contains(&head))
    };
    let missing = proofs_named(&text).filter(|proof| *proof != "chaos" && !exists(proof));
    Ok(missing.map(|proof| format!("docs/reliability.md: there is no {proof}")).collect())
}

/// What stands in backticks in the last column of a table's rows that begin with a promise: G1, G2 …
fn proofs_named(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| line.starts_with("| G"))
        .filter_map(|row| row.trim_end_matches([' ', '|']).rsplit('|').next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
}

/// Modules and tests, or `*`, that stand in backticks in the tables of a text.
fn tests_named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_name =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    text.lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter_map(|code| code.split_once("::"))
        .filter(move |(module, test)| is_name(module) && (*test == "*" || is_name(test)))
}

fn may_hold_sql(file: &Path) -> bool {
    let in_db = file.components().any(|part| part.as_os_str() == "db");
    in_db || file.file_name().is_some_and(|name| name == "sql.rs") || is_test(file)
}

fn is_test(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name == "tests.rs" || name.ends_with(".test.ts") || file.components().any(|part| part.as_os_str() == "tests")
}

/// The places of the file, outside comments, that hold one of the marks.
fn found(file: &Path, marks: &[&str], rule: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let shown = file.strip_prefix(root()).unwrap_or(file).display();
    Ok(places(&text, marks)
        .map(|(line, mark)| format!("{shown}:{line}: {} — {rule}", mark.trim_matches('"')))
        .collect())
}

fn places<'a>(text: &'a str, marks: &'a [&str]) -> impl Iterator<Item = (usize, &'a str)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .filter_map(|(at, line)| marks.iter().find(|mark| line.contains(**mark)).map(|mark| (at + 1, *mark)))
}

/// Every file below the folder with one of the endings.
fn files(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry.context("cannot read a folder")?.path();
        if path.is_dir() {
            found.extend(files(&path, endings)?);
        } else if path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_is_found_in_code_and_not_in_comments() {
        let text = "// \"SELECT 1\" here is a word\nlet rows = sqlx::query(\"SELECT 1\");\n";
        assert_eq!(places(text, SQL).collect::<Vec<_>>(), [(2, "sqlx::query")]);
    }

    #[test]
    fn sql_has_its_own_places() {
        for allowed in ["src/message/sql.rs", "src/db/lane.rs", "src/message/tests.rs"] {
            assert!(may_hold_sql(Path::new(allowed)), "{allowed}");
        }
        assert!(!may_hold_sql(Path::new("src/message/send.rs")));
    }

    #[test]
    fn the_tests_in_a_table_are_found() {
        let text = "| a | `io.of()`, `Config::cors`, `order::*`; engineio `upgrade::a_cut` |\n`not::in_a_table`\n";
        assert_eq!(tests_named(text).collect::<Vec<_>>(), [("order", "*"), ("upgrade", "a_cut")]);
    }

    #[test]
    fn the_proofs_of_a_promise_are_found() {
        let text =
            "| | promise |\n| G1 | not `this` | `chaos`: *Lost*; `crash.test.mjs`, `it_holds` |\n| x | `nor_this` |\n";
        assert_eq!(proofs_named(text).collect::<Vec<_>>(), ["chaos", "crash.test.mjs", "it_holds"]);
    }

    #[test]
    fn files_are_found_in_every_folder_below() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deeper")).unwrap();
        for name in ["a.rs", "deeper/b.rs", "deeper/c.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = files(folder.path(), &["rs"]).unwrap();
        assert_eq!(found, [folder.path().join("a.rs"), folder.path().join("deeper/b.rs")]);
    }
}
