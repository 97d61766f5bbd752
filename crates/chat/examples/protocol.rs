//! Writes the protocol, as TypeScript for the web client and as a document for people:
//! `cargo run -p chat --features gen --example protocol`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (path, text) in [
        ("web/src/protocol/generated.ts", chat::protocol::typescript()),
        ("docs/protocol.md", chat::protocol::markdown()),
    ] {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}
