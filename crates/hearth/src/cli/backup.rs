//! `hearth backup`: a copy of everything.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use chat::BackupSessions;
use clap::Args;

use super::data::existing;
use super::say::say;
use crate::config::DatabaseArgs;

#[derive(Args, Debug)]
pub(super) struct BackupArgs {
    /// Where to write the copy: a SQLite database, or the SQL of a PostgreSQL one. Must not exist
    file: PathBuf,

    /// Leave out who is signed in: on a server that is restored from the copy everybody signs in again, and nobody comes
    /// back who was signed out meanwhile
    #[arg(long)]
    without_sessions: bool,

    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: BackupArgs) -> Result<ExitCode> {
    let database = chat::Database::from(&existing(&args.database)?);
    let sessions = if args.without_sessions { BackupSessions::Forget } else { BackupSessions::Keep };
    database.backup(&args.file, sessions).await?;
    say(args.file.display())?;
    Ok(ExitCode::SUCCESS)
}
