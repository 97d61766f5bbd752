//! Licences and sources of dependencies, checked with cargo alone against the list in `deny.toml`. `cargo deny` says
//! more (advisories, duplicate versions) and runs too where it is installed.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};

use crate::process::{cargo, output, run};
use crate::tools::on_path;
use crate::workspace::root;

/// Fail when a dependency's licence is not allowed, or when it comes from elsewhere than the registry.
pub(crate) fn check() -> Result<()> {
    let deny = std::fs::read_to_string(root().join("deny.toml")).context("cannot read deny.toml")?;
    let policy = Policy::read(&deny)?;
    let tree = output(
        cargo()
            .args(["tree", "--workspace", "--edges", "normal,build,dev", "--target", "all", "--prefix", "none"])
            .args(["--format", "{p}\t{l}"])
            .current_dir(root()),
    )?;
    let refused: BTreeSet<&str> = tree.lines().filter(|line| !policy.allows(line)).collect();
    ensure!(refused.is_empty(), "licences that deny.toml does not allow:\n{}", joined(&refused));

    let lock = std::fs::read_to_string(root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let foreign: BTreeSet<&str> = lock.lines().filter(|line| line.starts_with("source = \"git+")).collect();
    ensure!(foreign.is_empty(), "dependencies that come from a repository, not the registry:\n{}", joined(&foreign));
    println!("licences and sources of {} packages are allowed", tree.lines().collect::<BTreeSet<_>>().len());

    if on_path(&["cargo-deny"]).is_some() {
        return run(cargo().args(["deny", "check"]).current_dir(root()));
    }
    println!("cargo-deny is not installed: bans, advisories and duplicates were not looked at");
    Ok(())
}

/// What `[licenses]` in deny.toml says.
struct Policy<'a> {
    allowed: BTreeSet<&'a str>,
    /// One package, and what is allowed to it beyond that.
    exceptions: Vec<(&'a str, BTreeSet<&'a str>)>,
}

impl<'a> Policy<'a> {
    fn read(deny: &'a str) -> Result<Self> {
        let section = deny.split("\n[licenses]").nth(1).context("deny.toml has no [licenses]")?;
        let section = section.split("\n[").next().unwrap_or_default();
        let list = section.split("\nallow = [").nth(1).context("[licenses] in deny.toml has no allow list")?;
        let exceptions = section.lines().filter_map(|line| {
            let (name, allow) = line.trim().strip_prefix("{ crate = \"")?.split_once("\", allow = [")?;
            Some((name, quoted(allow)))
        });
        Ok(Self { allowed: quoted(list), exceptions: exceptions.collect() })
    }

    /// Judge one line of `cargo tree`: the package, a tab, its licence.
    fn allows(&self, line: &str) -> bool {
        // `(*)` marks a package whose dependencies were shown before.
        let Some((package, licence)) = line.trim_end_matches(" (*)").split_once('\t') else { return line.is_empty() };
        let name = package.split_whitespace().next().unwrap_or_default();
        let mut exceptions = self.exceptions.iter().filter(|(excepted, _)| *excepted == name);
        satisfied(licence, &self.allowed) || exceptions.any(|(_, allowed)| satisfied(licence, allowed))
    }
}

/// The quoted words up to the closing bracket.
fn quoted(list: &str) -> BTreeSet<&str> {
    list.split(']').next().unwrap_or_default().split('"').skip(1).step_by(2).collect()
}

/// Evaluate an SPDX expression: `OR` (and the old `/`) offers a choice, `AND` binds more tightly and asks for both.
fn satisfied(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let held = any_of(&mut rest, allowed);
    held && rest.is_empty()
}

fn any_of(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut held = all_of(words, allowed);
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        held |= all_of(words, allowed);
    }
    held
}

fn all_of(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut held = one(words, allowed);
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        held &= one(words, allowed);
    }
    held
}

fn one(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let held = any_of(words, allowed);
            let [")", rest @ ..] = *words else { return false };
            *words = rest;
            held
        }
        // An exception only ever permits more.
        [licence, "WITH", _, rest @ ..] | [licence, rest @ ..] => {
            *words = rest;
            allowed.contains(licence)
        }
        [] => false,
    }
}

fn joined(lines: &BTreeSet<&str>) -> String {
    lines.iter().copied().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_met_as_spdx_says() {
        let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0"]);
        let holds = [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
            "GPL-3.0 AND GPL-2.0 OR MIT",
        ];
        for expression in holds {
            assert!(satisfied(expression, &allowed), "{expression}");
        }
        let refused = ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR GPL-3.0) AND GPL-2.0", "(MIT", "MIT)", "MIT AND"];
        for expression in refused {
            assert!(!satisfied(expression, &allowed), "{expression}");
        }
    }

    const DENY: &str = r#"
[bans]
allow = ["x"]

[licenses]
version = 2
allow = [
  "MIT",
  "Zlib",
]
exceptions = [
  { crate = "odd", allow = ["MPL-2.0"] },
]

[sources]
"#;

    #[test]
    fn the_list_is_read_from_its_own_section() {
        assert_eq!(Policy::read(DENY).unwrap().allowed, BTreeSet::from(["MIT", "Zlib"]));
    }

    #[test]
    fn a_package_without_a_licence_is_refused() {
        let policy = Policy::read(DENY).unwrap();
        assert!(policy.allows("known v1.0.0\tMIT (*)"));
        assert!(!policy.allows("mystery v1.0.0\t"));
    }

    #[test]
    fn an_exception_is_for_its_package_alone() {
        let policy = Policy::read(DENY).unwrap();
        assert!(policy.allows("odd v1.0.0 (proc-macro)\tMPL-2.0"));
        assert!(!policy.allows("other v1.0.0\tMPL-2.0"));
    }
}
