//! `hearth seed --demo`: a server that looks lived in, to try things out and to take pictures of. Everybody in it is made
//! up.

mod talk;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use chat::account::NewAccount;
use chat::text::{DisplayName, Password, Username};
use chat::{Actor, Answer, ChannelId, Chat, Environment, Request, SessionId, UserId};
use clap::Args;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::data::{Data, Fresh};
use super::say::say;
use super::user::made_up;
use crate::config::DatabaseArgs;
use talk::{CHANNELS, Line, PEOPLE, Talk};

/// Messages in all.
const MESSAGES: usize = 2_000;
/// How long ago the first of them was written.
const SPAN: Duration = Duration::from_secs(21 * 24 * 60 * 60);

#[derive(Args, Debug)]
pub(super) struct SeedArgs {
    /// Twelve made-up people, six channels and 2,000 messages; prints the passwords. Only into a database without accounts
    #[arg(long, required = true)]
    demo: bool,

    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: SeedArgs) -> Result<ExitCode> {
    debug_assert!(args.demo, "it is required");
    let env = Environment::moved(Environment::system().now().before(SPAN));
    let data = Data::open_with(&args.database, Fresh::Make, env.clone()).await?;
    let done = demo(&data, &env).await;
    data.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn demo(data: &Data, env: &Environment) -> Result<()> {
    if !data.alone() {
        bail!("a server runs on this database: stop it, or choose another");
    }
    let chat = &data.chat;
    if !chat.is_empty().await? {
        bail!("this database has accounts: the demo is for an empty one");
    }
    let mut people = Vec::new();
    for (place, (name, display_name)) in PEOPLE.into_iter().enumerate() {
        let password = made_up()?;
        let account = NewAccount {
            username: Username::try_from(name.to_owned()).map_err(|error| anyhow!("{name} {error}"))?,
            display_name: Some(
                DisplayName::try_from(display_name.to_owned()).map_err(|error| anyhow!("{display_name} {error}"))?,
            ),
            password: Password::try_from(password.clone()).map_err(|error| anyhow!("{error}"))?,
        };
        let user = chat.add_account(account, place == 0).await?;
        say(format_args!("{name:<10} {password}{}", if place == 0 { "  (owns the server)" } else { "" }))?;
        people.push(Person { chat: chat.clone(), user: user.id });
    }
    let channels = make_channels(chat, &people).await?;
    let heads = converse(&people, &channels, env).await?;
    for (place, person) in people.iter().enumerate() {
        // Some are a little behind, so that there is something unread.
        for (channel, head) in channels.iter().zip(&heads) {
            let read = head.saturating_sub(place as u64 % 5);
            person.ask("message:ack", json!({ "channelId": channel, "messageId": read.to_string() })).await?;
        }
    }
    say(format_args!("{} people, {} channels, {MESSAGES} messages", people.len(), channels.len()))?;
    Ok(())
}

/// `General` and the others; everybody is in each.
async fn make_channels(chat: &Chat, people: &[Person]) -> Result<Vec<ChannelId>> {
    let mut channels = vec![chat.general()];
    for ((name, topic), maker) in CHANNELS.into_iter().zip(people) {
        let made = maker.ask("channel:create", json!({ "name": name, "topic": topic })).await?;
        let id: ChannelId = made["data"]["id"].as_str().unwrap_or_default().parse()?;
        for person in people.iter().filter(|person| person.user != maker.user) {
            person.ask("channel:join", json!({ "channelId": id })).await?;
        }
        channels.push(id);
    }
    Ok(channels)
}

/// Writes what everybody says, from the past up to now: a line in every channel at a time, so that each commit keeps
/// several. How many messages each channel has then.
async fn converse(people: &[Person], channels: &[ChannelId], env: &Environment) -> Result<Vec<u64>> {
    let mut talks: Vec<_> = (0..channels.len()).map(Talk::of).collect();
    let mut moments: Vec<Vec<Line>> = Vec::new();
    let mut left = MESSAGES;
    while left > 0 {
        let moment: Vec<_> = talks.iter_mut().take(left).filter_map(Iterator::next).collect();
        left -= moment.len();
        moments.push(moment);
    }
    let pauses: u32 = moments.iter().map(|moment| pause(moment)).sum();
    let mut heads = vec![0; channels.len()];
    for moment in moments {
        env.advance(SPAN * pause(&moment) / pauses);
        let mut asked = Vec::new();
        for Line { channel, author, content, .. } in moment {
            let payload = json!({ "channelId": channels[channel], "content": content });
            asked.push(people[author].submit("message:send", &payload)?);
            heads[channel] += 1;
        }
        for answered in asked {
            done("message:send", &answered.await?)?;
        }
    }
    Ok(heads)
}

fn pause(moment: &[Line]) -> u32 {
    moment.first().map_or(1, |line| line.pause)
}

/// Somebody made up, who acts as clients do.
struct Person {
    chat: Chat,
    user: UserId,
}

impl Person {
    /// Begins a command that writes.
    fn submit(&self, name: &str, payload: &Value) -> Result<oneshot::Receiver<Answer>> {
        let payload = serde_json::value::to_raw_value(payload)?;
        let request = Request::decode(name, Some(&payload)).map_err(|error| anyhow!("{name}: {error}"))?;
        let actor = Actor { user: self.user, session: SessionId::from_uuid(Default::default()), origin: None };
        let (answer, answered) = oneshot::channel();
        self.chat.submit(actor, request, move |outcome: Answer| {
            // Whoever asks waits.
            let _ = answer.send(outcome);
        });
        Ok(answered)
    }

    /// The answer to a command that writes.
    async fn ask(&self, name: &str, payload: Value) -> Result<Value> {
        done(name, &self.submit(name, &payload)?.await?)
    }
}

/// What an answer holds, if it is no refusal.
fn done(name: &str, outcome: &Answer) -> Result<Value> {
    if let Some(code) = outcome.code() {
        bail!("{name} was refused: {code:?} {}", outcome.json());
    }
    Ok(serde_json::from_str(outcome.json())?)
}
