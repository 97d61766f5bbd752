//! The public items of a library crate, and the list of them in its README: complete, and short enough to be read in one
//! sitting.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};

/// More than this is no longer read in one sitting.
const MAX: usize = 45;
/// The heading in the README under which they stand, as tables whose first column names them.
const HEADING: &str = "## The public items";

/// What is wrong with a crate's list.
pub(crate) fn check(folder: &Path, shown: &str) -> Result<Vec<String>> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let source = read("src/lib.rs")?;
    let mut items = exports(&source);
    for module in modules(&source) {
        let path = [format!("src/{module}/mod.rs"), format!("src/{module}.rs")];
        let path = path.iter().find(|path| folder.join(path).is_file()).context("a public module has a file")?;
        let source = read(path)?;
        let inside = exports(&source).into_iter().chain(definitions(&source));
        items.extend(inside.map(|item| format!("{module}::{item}")));
    }
    Ok(compare(&items, &listed(&read("README.md")?), shown))
}

fn compare(items: &BTreeSet<String>, listed: &BTreeSet<String>, shown: &str) -> Vec<String> {
    let mut broken = Vec::new();
    broken
        .extend(items.difference(listed).map(|item| format!("{shown}: its README does not list the public `{item}`")));
    broken.extend(
        listed.difference(items).map(|item| format!("{shown}: its README lists `{item}`, which is not public")),
    );
    if items.len() > MAX {
        broken.push(format!("{shown}: {} public items, more than {MAX}", items.len()));
    }
    broken
}

/// The names that `pub use` brings to a module.
fn exports(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for statement in source.split(";\n") {
        let start = statement.strip_prefix("pub use ");
        let Some(used) = start.or_else(|| Some(statement.rsplit_once("\npub use ")?.1)) else { continue };
        let list = used.split_once('{').map_or_else(|| used.rsplit("::").next().unwrap_or(used), |(_, list)| list);
        let list = list.trim_end_matches('}').split(',').map(str::trim).filter(|name| !name.is_empty());
        names.extend(list.map(|name| name.rsplit(" as ").next().unwrap_or(name).to_owned()));
    }
    names
}

/// The public modules, without those of a particular build.
fn modules(source: &str) -> Vec<&str> {
    let mut before = "";
    let mut found = Vec::new();
    for line in source.lines() {
        let module = line.strip_prefix("pub mod ").and_then(|module| module.strip_suffix(';'));
        found.extend(module.filter(|_| !before.starts_with("#[cfg(")));
        before = line;
    }
    found
}

/// The names of what a module defines itself.
fn definitions(source: &str) -> impl Iterator<Item = String> {
    source.lines().filter_map(|line| {
        let (kind, rest) = line.strip_prefix("pub ")?.split_once(' ')?;
        let name = rest.split(|character: char| !character.is_alphanumeric() && character != '_').next()?;
        matches!(kind, "struct" | "enum" | "trait" | "fn" | "const" | "type").then(|| name.to_owned())
    })
}

/// A README without its list, in which names mean something else than elsewhere.
pub(crate) fn without_list(readme: &str) -> impl Iterator<Item = &str> {
    let (before, after) = readme.split_once(HEADING).unwrap_or((readme, ""));
    [before, after.split_once("\n## ").map_or("", |(_, rest)| rest)].into_iter()
}

/// The names in the first column of the tables under the heading.
fn listed(readme: &str) -> BTreeSet<String> {
    let section = readme.split_once(HEADING).map_or("", |(_, rest)| rest);
    let section = section.split("\n## ").next().unwrap_or_default();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
//! Docs.
mod a;
#[cfg(test)]
pub mod hidden;
pub mod shown;

pub use a::{One, Two,
    Three};
pub use b::Four;
pub(crate) use c::Five;

pub struct Six<T>(T);
pub const SEVEN: u8 = 7;
";

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_is_public_is_read_off_the_source() {
        assert_eq!(exports(SOURCE), set(&["One", "Two", "Three", "Four"]));
        assert_eq!(modules(SOURCE), ["shown"]);
        assert_eq!(definitions(SOURCE).collect::<BTreeSet<_>>(), set(&["Six", "SEVEN"]));
    }

    #[test]
    fn a_list_that_lacks_an_item_or_has_one_too_many_is_found() {
        let readme = format!(
            "`None` \n{HEADING}\n\n| item | what |\n| --- | --- |\n| `One`, `Two` | `Not` |\n\n## Next\n| `No` | |"
        );
        assert_eq!(listed(&readme), set(&["One", "Two"]));
        assert!(compare(&set(&["One", "Two"]), &listed(&readme), "x").is_empty());
        assert_eq!(compare(&set(&["One", "Three"]), &listed(&readme), "x").len(), 2);
    }

    #[test]
    fn a_surface_that_is_too_large_is_found() {
        let many: BTreeSet<String> = (0..=MAX).map(|number| number.to_string()).collect();
        assert_eq!(compare(&many, &many, "x").len(), 1);
    }
}
