//! The files of `deploy/` do what they say, as far as a test can tell without Docker, systemd and the proxies themselves.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use testkit::app::App;

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What follows an instruction of the last stage of the Dockerfile, for each time that it stands there.
fn instructions(name: &str) -> Vec<String> {
    let whole = file("Dockerfile");
    let last = whole.rsplit("\nFROM ").next().expect("it has a stage").to_owned();
    last.lines().filter_map(|line| line.strip_prefix(&format!("{name} ")).map(ToOwned::to_owned)).collect()
}

#[tokio::test]
async fn the_image_starts_with_its_variables_in_an_empty_volume_and_finds_itself_healthy() {
    let volume = tempfile::tempdir().unwrap();
    let variables = instructions("ENV");
    let mut variables: BTreeMap<_, _> = variables.iter().filter_map(|line| line.split_once('=')).collect();
    assert_eq!(instructions("ENTRYPOINT"), [r#"["hearth"]"#], "and no command: it serves");
    assert_eq!(variables.insert("HEARTH_DATA", volume.path().to_str().unwrap()), Some("/data"));
    let (host, port) = variables.insert("HEARTH_LISTEN", "0.0.0.0:0").unwrap().split_once(':').unwrap();
    assert_eq!((host, &[port.to_owned()][..]), ("0.0.0.0", &instructions("EXPOSE")[..]));
    let variables: Vec<_> = variables.into_iter().collect();
    let app = App::start(BINARY, &variables);
    assert!(volume.path().join("hearth.db").exists(), "everything is in the volume");

    let check = instructions("HEALTHCHECK");
    let (_, command) = check[0].split_once(" CMD ").unwrap();
    let command: Vec<String> = serde_json::from_str(command).unwrap();
    assert_eq!(command[0], "hearth");
    // As Docker runs it: with the image's variables. The port is another here.
    let listen = format!("0.0.0.0:{}", app.address().port());
    let output = Command::new(BINARY).args(&command[1..]).env_clear().env("HEARTH_LISTEN", listen).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_image_has_every_library_that_the_binary_wants() {
    let output = Command::new("ldd").arg(BINARY).output().expect("ldd is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in text.lines() {
        let library = line.trim().rsplit('/').next().unwrap_or_default().split_whitespace().next().unwrap_or_default();
        // What Debian's smallest image has without a package being added.
        let known = ["linux-vdso", "libgcc_s", "libm.", "libc.", "ld-linux", "libdl", "libpthread", "librt"];
        assert!(known.iter().any(|known| library.contains(known)), "{line}");
    }
}

#[test]
fn the_steps_of_the_image_are_those_of_the_project() {
    let whole = file("Dockerfile");
    let channel = include_str!("../../../rust-toolchain.toml");
    let version = whole.split("FROM rust:").nth(1).and_then(|rest| rest.split('-').next()).unwrap();
    assert!(channel.contains(&format!("\"{version}")), "rust:{version} is not the version of rust-toolchain.toml");
    let package = include_str!("../../../web/package.json");
    assert!(whole.contains("npm run build --prefix web") && package.contains("\"build\":"));
    for line in whole.lines().filter_map(|line| line.strip_prefix("COPY web/")) {
        for source in line.split_whitespace().filter(|word| word.ends_with(".json")) {
            assert!(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("../..")
                    .join("web")
                    .join(source.trim_start_matches("web/"))
                    .exists()
            );
        }
    }
}

#[test]
fn every_variable_of_the_files_is_one_that_the_program_knows() {
    let output = Command::new(BINARY).arg("config").env_clear().output().unwrap();
    let known = String::from_utf8(output.stdout).unwrap();
    for name in ["Dockerfile", "compose.yaml", "hearth.service"] {
        let text = file(name);
        let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        let named: Vec<_> = words.filter(|word| word.starts_with("HEARTH_") && *word != "HEARTH_WEB_DIST").collect();
        assert!(!named.is_empty(), "{name}");
        for variable in named {
            assert!(known.contains(&format!("{variable} ")), "{name}: {variable}");
        }
    }
}
