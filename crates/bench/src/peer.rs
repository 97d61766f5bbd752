//! The servers that are compared.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::server::Program;

/// A server, or one way to set it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Node's socket.io.
    Node,
    /// The crate socketioxide.
    Socketioxide,
    /// The yardstick, [`crate::raw`].
    Raw,
    /// The crate `socketio`.
    Socketio,
    /// The crate `socketio` with the recovery of connection state.
    Recovery,
}

/// Where the servers are that are not built with this crate.
#[derive(Clone, Debug)]
pub struct Places {
    /// The folder `peers/node`, with its packages installed.
    pub node: PathBuf,
    /// The program made from `peers/socketioxide`.
    pub socketioxide: PathBuf,
}

impl Peer {
    /// All of them, in the order in which they take turns.
    pub const ALL: [Self; 5] = [Self::Node, Self::Socketioxide, Self::Raw, Self::Socketio, Self::Recovery];

    /// How it is named on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Socketioxide => "socketioxide",
            Self::Raw => "raw",
            Self::Socketio => "socketio",
            Self::Recovery => "recovery",
        }
    }

    /// How it is named in a table.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Node => "Node socket.io",
            Self::Socketioxide => "socketioxide",
            Self::Raw => "raw server",
            Self::Socketio => "`socketio`",
            Self::Recovery => "`socketio`, recovery on",
        }
    }

    /// How it is started.
    pub(crate) fn program(self, places: &Places) -> Result<Program> {
        let words = match self {
            Self::Node => vec!["node".into(), existing(&places.node.join("server.js"))?],
            Self::Socketioxide => vec![existing(&places.socketioxide)?],
            Self::Raw => vec![beside("raw-server")?],
            Self::Socketio | Self::Recovery => vec![beside("socketio-server")?],
        };
        let program = Program::new(self.title(), words);
        Ok(if self == Self::Recovery { program.with("RECOVERY", "1") } else { program })
    }
}

/// A program that is built together with this one.
pub(crate) fn beside(name: &str) -> Result<OsString> {
    let exe = std::env::current_exe().context("cannot tell where this program lies")?;
    existing(&exe.with_file_name(name))
}

fn existing(path: &Path) -> Result<OsString> {
    ensure!(path.is_file(), "{} is not there; `cargo xtask bench` makes it", path.display());
    Ok(path.into())
}
