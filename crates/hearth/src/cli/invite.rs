//! `hearth invite`: who may sign up where it is by invitation.

use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use chat::invite::InviteState;
use chat::{Code, InviteId};
use clap::{Args, Subcommand};

use super::data::{Data, Fresh};
use super::say::say;
use super::table::{table, time};
use crate::config::{DatabaseArgs, Span, parse_origin_url};

#[derive(Args, Debug)]
pub(super) struct InviteArgs {
    #[command(flatten)]
    database: DatabaseArgs,

    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Make an invitation and print its code, which is shown this once
    Create {
        /// How many people may sign up with it
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000), value_name = "COUNT")]
        uses: u32,
        /// How long it is good for, such as 12h or 7d
        #[arg(long, default_value = "7d", value_name = "SPAN")]
        expires: Span,
        /// Address that people type to reach the server: with it, a link is printed too
        #[arg(long, env = "HEARTH_PUBLIC_URL", value_name = "URL")]
        public_url: Option<String>,
    },
    /// List the invitations, the newest first
    List,
    /// Take an invitation back; whoever has signed up with it stays
    Revoke {
        /// Its id, as `hearth invite list` shows it
        #[arg(value_parser = parse_id)]
        id: InviteId,
    },
}

fn parse_id(text: &str) -> Result<InviteId, &'static str> {
    text.parse().map_err(|_| "that is no id of an invitation (hearth invite list)")
}

pub(super) async fn run(args: InviteArgs) -> Result<ExitCode> {
    let data = Data::open(&args.database, Fresh::Refuse).await?;
    let done = act(&data, args.what).await;
    data.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn act(data: &Data, what: What) -> Result<()> {
    match what {
        What::Create { uses, expires, public_url } => {
            let public_url = public_url.as_deref().map(parse_origin_url).transpose().context("HEARTH_PUBLIC_URL")?;
            let (id, code) = data.chat.create_invite(uses, expires.get()).await?;
            say(format_args!("id:   {id}\ncode: {}", code.expose()))?;
            if let Some(url) = public_url {
                say(format_args!("link: {url}signup?invite={}", code.expose()))?;
            }
        }
        What::List => {
            let now = data.chat.now();
            let rows: Vec<_> = data
                .chat
                .invites()
                .await?
                .iter()
                .map(|invite| {
                    let state = match invite.state(now) {
                        InviteState::Good => "good",
                        InviteState::UsedUp => "used up",
                        InviteState::Expired => "expired",
                        InviteState::Revoked => "revoked",
                    };
                    let uses = format!("{} of {}", invite.uses, invite.max_uses);
                    [invite.id.to_string(), uses, time(invite.created_at), time(invite.expires_at), state.to_owned()]
                })
                .collect();
            say(table(["ID", "USED", "CREATED (UTC)", "EXPIRES", "STATE"], &rows))?;
        }
        What::Revoke { id } => {
            data.chat.revoke_invite(id).await.map_err(|error| match error.code() {
                Code::NotFound => anyhow!("no such invitation, or it was taken back already (hearth invite list)"),
                _ => error.into(),
            })?;
            say("nobody signs up with it any more")?;
        }
    }
    Ok(())
}
