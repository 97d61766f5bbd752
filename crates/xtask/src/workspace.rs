//! Where things are, and the two things that several steps share: the built web client and the server binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::process::{cargo, npm, run};
use crate::tools;

/// The feature set of every test build. Generation rides along, so that the generator shares all artefacts with the
/// tests; `clippy` and `cargo run` build without it.
pub(crate) const TEST_BUILD: [&str; 4] = ["--workspace", "--all-targets", "--features", "chat/gen"];

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("xtask lies in crates/xtask").to_path_buf()
}

/// Where cargo puts what the development profile makes: our own executable lies there too.
fn built() -> Result<PathBuf> {
    let exe = std::env::current_exe().context("cannot tell where xtask itself lies")?;
    Ok(exe.parent().expect("an executable lies in a folder").to_path_buf())
}

/// The built web client: `$HEARTH_WEB_DIST`, or made from web/ now.
pub(crate) fn web_dist() -> Result<PathBuf> {
    if let Some(ready) = std::env::var_os("HEARTH_WEB_DIST") {
        let ready = PathBuf::from(ready);
        ensure!(ready.join("index.html").is_file(), "HEARTH_WEB_DIST={} holds no index.html", ready.display());
        return Ok(ready);
    }
    let web = root().join("web");
    install(&web)?;
    run(npm(&web).args(["run", "build"]))?;
    let dist = web.join("dist");
    ensure!(dist.join("index.html").is_file(), "the web build made no {}", dist.display());
    Ok(dist)
}

/// `npm ci` in the folder, unless what is installed is what the lock file says. The stamp is that of the server's
/// build script, so that neither installs again what the other has installed.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let lock = std::fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let installed = folder.join("node_modules/.installed-lock.json");
    if std::fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(npm(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    std::fs::write(&installed, lock).with_context(|| format!("cannot write {}", installed.display()))
}

/// The Python of a virtual environment under `target/` that holds what the folder's `requirements.txt` names. It is made
/// anew when that has changed. As with npm, nothing that is installed runs code of its own.
pub(crate) fn virtual_environment(folder: &Path) -> Result<PathBuf> {
    let requirements = folder.join("requirements.txt");
    let wanted = std::fs::read(&requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let environment = root().join("target/python");
    let python = environment.join("bin/python");
    let installed = environment.join(".installed-requirements.txt");
    // A Python that was since removed leaves a link to nowhere.
    if python.exists() && std::fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run(Command::new(tools::python()?).args(["-m", "venv", "--clear"]).arg(&environment))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
        .args(["--require-hashes", "--only-binary", ":all:", "--requirement"])
        .arg(&requirements))?;
    std::fs::write(&installed, wanted).with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(python)
}

/// Build everything that the tests run, once; every later build of the same things finds it done.
pub(crate) fn build(web_dist: &Path) -> Result<()> {
    run(cargo().arg("build").args(TEST_BUILD).env("HEARTH_WEB_DIST", web_dist).current_dir(root()))
}

/// The server binary of the test build: `$HEARTH_BIN`, or built now.
pub(crate) fn server(web_dist: &Path) -> Result<PathBuf> {
    if let Some(ready) = std::env::var_os("HEARTH_BIN") {
        let ready = PathBuf::from(ready);
        ensure!(ready.is_file(), "HEARTH_BIN={} is no file", ready.display());
        return std::path::absolute(&ready).context("cannot make HEARTH_BIN absolute");
    }
    build(web_dist)?;
    Ok(built()?.join("hearth"))
}

/// Where cargo puts the examples that the development profile makes.
pub(crate) fn examples() -> Result<PathBuf> {
    Ok(built()?.join("examples"))
}

/// The library's examples, which the test build makes; without one, because the server was given, they are built now.
pub(crate) fn library_examples() -> Result<PathBuf> {
    let folder = examples()?;
    if std::env::var_os("HEARTH_BIN").is_some() {
        run(cargo().args(["build", "--package", "socketio", "--examples"]).current_dir(root()))?;
    }
    Ok(folder)
}

/// The program that writes the generated files, as the test build made it.
pub(crate) fn generator() -> Result<PathBuf> {
    Ok(examples()?.join("protocol"))
}
