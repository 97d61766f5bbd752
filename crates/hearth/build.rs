//! Builds the web client and says where it is, so that the binary can embed it.
//!
//! `HEARTH_WEB_DIST` takes a ready folder instead; then nothing but Rust is needed.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    println!("cargo::rerun-if-env-changed=HEARTH_WEB_DIST");
    let dist = match env::var_os("HEARTH_WEB_DIST") {
        Some(folder) => ready_folder(Path::new(&folder))?,
        None => build_web()?,
    };
    println!("cargo::rustc-env=HEARTH_WEB_EMBED={}", dist.display());
    Ok(())
}

fn ready_folder(folder: &Path) -> Result<PathBuf> {
    let folder = folder.canonicalize().map_err(|error| format!("HEARTH_WEB_DIST {}: {error}", folder.display()))?;
    if !folder.join("index.html").is_file() {
        return Err(format!("HEARTH_WEB_DIST {} holds no index.html", folder.display()).into());
    }
    println!("cargo::rerun-if-changed={}", folder.display());
    Ok(folder)
}

fn build_web() -> Result<PathBuf> {
    let web = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../web").canonicalize()?;
    // Everything that the build reads; never node_modules, which the build itself writes.
    for source in [
        "src",
        "public",
        "scripts",
        "index.html",
        "package.json",
        "package-lock.json",
        "tools",
        "vite.config.ts",
        "tsconfig.json",
    ] {
        if web.join(source).exists() {
            println!("cargo::rerun-if-changed={}", web.join(source).display());
        }
    }
    require_node()?;
    install_packages(&web)?;
    let dist = Path::new(&env::var("OUT_DIR")?).join("web");
    let out = dist.to_str().ok_or("the target folder is not UTF-8")?;
    run(&web, "node", &["node_modules/vite/bin/vite.js", "build", "--outDir", out, "--emptyOutDir"])?;
    run(&web, "node", &["scripts/compress.mjs", out])?;
    Ok(dist)
}

/// `npm ci`, skipped while the lock file is the one that was installed.
fn install_packages(web: &Path) -> Result<()> {
    let lock = fs::read(web.join("package-lock.json"))?;
    let installed = web.join("node_modules/.installed-lock.json");
    if fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(web, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    fs::write(installed, lock)?;
    Ok(())
}

fn require_node() -> Result<()> {
    const HINT: &str = "The web client is built with Node.js 20.19 or newer and npm: install them, \
        or set HEARTH_WEB_DIST to a folder that holds a built client.";
    let output =
        Command::new("node").arg("--version").output().map_err(|_| format!("Node.js was not found. {HINT}"))?;
    let version = String::from_utf8_lossy(&output.stdout);
    let mut parts = version.trim().trim_start_matches('v').split('.').map_while(|part| part.parse::<u32>().ok());
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < (20, 19) {
        return Err(format!("Node.js {} is too old. {HINT}", version.trim()).into());
    }
    Ok(())
}

fn run(folder: &Path, program: &str, args: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .args(args)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("{program} could not be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "`{program} {}` failed in {}:\n{}{}",
        args.join(" "),
        folder.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
    .into())
}
