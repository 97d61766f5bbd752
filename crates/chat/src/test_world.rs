//! A world to test the product in: a database of either kind, people, and somebody who carries effects out.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection};
use testkit::database::{Location, TempDatabase};
use tokio::sync::{mpsc, oneshot};

use crate::account::{Door, PasswordCost, SignUp};
use crate::command::decode_json;
use crate::{
    Actor, Batch, ChannelId, Chat, Database, Device, Effect, Environment, Kind, Limits, Options, Origin, Request, Time,
    UserId,
};

/// One test, run on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block) => {
        mod $name {
            use super::*;

            async fn promise($world: $crate::test_world::World) $body

            $(#[$meta])*
            #[tokio::test]
            async fn sqlite() {
                promise($crate::test_world::World::sqlite().await).await;
            }

            $(#[$meta])*
            #[tokio::test]
            async fn postgres() {
                promise($crate::test_world::World::postgres().await).await;
            }
        }
    };
}
pub(crate) use on_both;

/// 2026-01-01, a Thursday.
pub(crate) const START: Time = Time::from_millis(1_767_225_600_000);

/// A server without a transport.
pub(crate) struct World {
    pub(crate) chat: Chat,
    pub(crate) env: Environment,
    options: Options,
    pub(crate) told: Arc<Mutex<Vec<Told>>>,
    /// Whose rooms were to be read anew.
    pub(crate) reread: Arc<Mutex<Vec<UserId>>>,
    pub(crate) database: Arc<TempDatabase>,
}

/// An effect that was handed over, and the socket that is left out of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) origin: Option<Origin>,
    pub(crate) effect: Effect,
}

/// Options for a test database: with the cheapest password hashes that there are.
pub(crate) fn options(database: &TempDatabase) -> Options {
    Options {
        database: match database.location() {
            Location::Sqlite(path) => Database::Sqlite(path.to_owned()),
            Location::Postgres(url) => Database::Postgres(url.to_owned()),
        },
        password_cost: PasswordCost { memory_kib: 8, passes: 1, parallel: 1 },
        made_per_hour: None,
        limits: Limits::default(),
        prepare: crate::db::Prepare::Fully,
    }
}

/// Where a test signs in from.
pub(crate) fn device() -> Device {
    Device { address: "203.0.113.7".to_owned(), agent: "test".to_owned() }
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let database = TempDatabase::sqlite();
        let options = options(&database);
        Self::open(Arc::new(database), options, Environment::held(START)).await
    }

    pub(crate) async fn postgres() -> Self {
        let database = TempDatabase::postgres().await;
        let options = options(&database);
        Self::open(Arc::new(database), options, Environment::held(START)).await
    }

    async fn open(database: Arc<TempDatabase>, options: Options, env: Environment) -> Self {
        let (chat, lanes) = Chat::open(options.clone(), env.clone()).await.expect("a fresh database opens");
        let told = Arc::new(Mutex::new(Vec::new()));
        let reread = Arc::new(Mutex::new(Vec::new()));
        for lane in lanes {
            tokio::spawn(carry_out(lane, Arc::clone(&told), Arc::clone(&reread)));
        }
        Self { chat, env, options, told, reread, database }
    }

    /// The same database with other options.
    pub(crate) async fn with_options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self.restarted().await
    }

    /// A database that somebody has filled.
    pub(crate) async fn on(database: Arc<TempDatabase>) -> Self {
        let options = options(&database);
        Self::open(database, options, Environment::held(START)).await
    }

    /// Somebody who has an account signs in, with the password that everybody has.
    pub(crate) async fn log_in(&self, name: &str) -> Person {
        let body = json!({ "username": name, "password": "correct horse" });
        let body = decode_json(&body.to_string()).expect("a body");
        let signed_in = self.chat.log_in(body, device()).await.expect("the right password");
        let origin = Some(Origin::new(format!("socket of {name}")));
        let actor = Actor { user: signed_in.user.id, session: signed_in.session, origin };
        Person { chat: self.chat.clone(), actor, token: signed_in.token.expose().to_owned() }
    }

    /// The same database after a restart of the server.
    pub(crate) async fn restarted(self) -> Self {
        self.chat.close().await;
        Self::open(self.database, self.options, self.env).await
    }

    /// Somebody signs up.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let signed_in = self.chat.sign_up(sign_up(name), device(), &Door::OPEN).await.expect("a free name");
        let origin = Some(Origin::new(format!("socket of {name}")));
        let actor = Actor { user: signed_in.user.id, session: signed_in.session, origin };
        Person { chat: self.chat.clone(), actor, token: signed_in.token.expose().to_owned() }
    }

    /// Do something to the database behind the server's back.
    pub(crate) async fn meddle(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.database.location() {
            Location::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut connection = options.connect().await.expect("a connection");
                sqlx::raw_sql(sql).execute(&mut connection).await.expect("valid SQL");
                connection.close().await.expect("closed");
            }
            Location::Postgres(_) => {
                sqlx::raw_sql(sql).execute(&mut self.other_connection().await).await.expect("valid SQL");
            }
        }
    }

    /// A connection of somebody else to the database of a world on PostgreSQL.
    pub(crate) async fn other_connection(&self) -> sqlx::PgConnection {
        let Location::Postgres(url) = self.database.location() else { panic!("it is on SQLite") };
        sqlx::PgConnection::connect(url).await.expect("a connection")
    }

    /// What was told since somebody last looked.
    pub(crate) fn take_told(&self) -> Vec<Told> {
        std::mem::take(&mut *self.told.lock())
    }

    /// The effects since somebody last looked.
    pub(crate) fn take_effects(&self) -> Vec<Effect> {
        self.take_told().into_iter().map(|told| told.effect).collect()
    }
}

async fn carry_out(mut lane: mpsc::Receiver<Batch>, told: Arc<Mutex<Vec<Told>>>, reread: Arc<Mutex<Vec<UserId>>>) {
    while let Some(batch) = lane.recv().await {
        reread.lock().extend(batch.reread);
        for done in batch.done {
            let origin = done.origin;
            told.lock().extend(done.effects.into_iter().map(|effect| Told { origin: origin.clone(), effect }));
            (done.finish)();
        }
    }
}

/// The body of a sign-up.
pub(crate) fn sign_up(name: &str) -> SignUp {
    decode_json(&json!({ "username": name, "password": "correct horse" }).to_string()).expect("a valid name")
}

/// Somebody with a socket.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) chat: Chat,
    pub(crate) actor: Actor,
    pub(crate) token: String,
}

impl Person {
    pub(crate) fn id(&self) -> UserId {
        self.actor.user
    }

    /// The same person as before a restart, on the server of `self`.
    pub(crate) fn chat_as(&self, person: &Self) -> Self {
        Self { chat: self.chat.clone(), ..person.clone() }
    }

    /// Queue a command that writes; the answer comes later.
    pub(crate) fn submit(&self, name: &str, payload: &Value) -> oneshot::Receiver<Value> {
        match decode(name, payload) {
            Ok(request) => self.submit_request(request),
            Err(refused) => {
                let (answer, answered) = oneshot::channel();
                let _ = answer.send(refused);
                answered
            }
        }
    }

    fn submit_request(&self, request: Request) -> oneshot::Receiver<Value> {
        let (answer, answered) = oneshot::channel();
        self.chat.submit(self.actor.clone(), request, move |done| {
            let _ = answer.send(parse(done.json()));
        });
        answered
    }

    /// The answer to a command, as it goes over the wire.
    pub(crate) async fn ask(&self, name: &str, payload: Value) -> Value {
        match decode(name, &payload) {
            Ok(request) => self.carry_out(request).await,
            Err(refused) => refused,
        }
    }

    async fn carry_out(&self, request: Request) -> Value {
        match request.kind() {
            Kind::Write => {
                let answered = self.submit_request(request);
                tokio::time::timeout(Duration::from_secs(30), answered).await.expect("in time").expect("one answer")
            }
            Kind::Read => parse(self.chat.answer(&self.actor, request).await.0.json()),
            Kind::Live => {
                let rooms = self.chat.memberships(self.id()).await.expect("memberships");
                parse(self.chat.live(&self.actor, request, |channel| rooms.contains(&channel)).0.json())
            }
        }
    }

    /// As [`ask`](Self::ask), with a payload that may be no value of any language: what is not even JSON gets no answer from
    /// a socket, and `INVALID` here.
    pub(crate) async fn ask_text(&self, name: &str, payload: &str) -> Value {
        let Ok(raw) = serde_json::value::RawValue::from_string(payload.to_owned()) else {
            return json!({ "status": "ERROR", "code": "INVALID" });
        };
        match Request::decode(name, Some(&raw)) {
            Ok(request) => self.carry_out(request).await,
            Err(error) => parse(crate::Answer::from(&error).json()),
        }
    }

    /// The data of an answer that is expected to be OK.
    pub(crate) async fn get(&self, name: &str, payload: Value) -> Value {
        let mut answer = self.ask(name, payload).await;
        assert_eq!(answer["status"], "OK", "{name}: {answer}");
        answer["data"].take()
    }

    /// The code of an answer that is expected to be a refusal.
    pub(crate) async fn refused(&self, name: &str, payload: Value) -> String {
        let answer = self.ask(name, payload).await;
        assert_eq!(answer["status"], "ERROR", "{name}: {answer}");
        answer["code"].as_str().expect("a code").to_owned()
    }

    /// Make a channel.
    pub(crate) async fn channel(&self, name: &str, kind: &str) -> ChannelId {
        let channel = self.get("channel:create", json!({ "name": name, "type": kind })).await;
        id_of(&channel)
    }

    /// Send a text and say which message it became.
    pub(crate) async fn say(&self, channel: ChannelId, content: &str) -> String {
        let sent = self.get("message:send", json!({ "channelId": channel, "content": content })).await;
        sent["id"].as_str().expect("an id").to_owned()
    }

    /// One's own view of a channel.
    pub(crate) async fn view(&self, channel: ChannelId) -> Value {
        let all = self.get("channel:list", json!({ "size": 100 })).await;
        let found = all.as_array().expect("a list").iter().find(|row| row["id"] == json!(channel));
        found.cloned().unwrap_or(Value::Null)
    }

    /// The contents of a channel's messages, oldest first.
    pub(crate) async fn contents(&self, channel: ChannelId) -> Vec<String> {
        let messages = self.get("message:list", json!({ "channelId": channel, "size": 100 })).await;
        let messages = messages.as_array().expect("a list").iter();
        messages.map(|message| message["content"].as_str().expect("a text").to_owned()).collect()
    }
}

/// The id of a thing in an answer.
pub(crate) fn id_of<T: std::str::FromStr<Err: std::fmt::Debug>>(thing: &Value) -> T {
    thing["id"].as_str().expect("an id").parse().expect("a UUID")
}

fn decode(name: &str, payload: &Value) -> Result<Request, Value> {
    let raw = serde_json::value::to_raw_value(payload).expect("JSON");
    Request::decode(name, Some(&raw)).map_err(|error| parse(crate::Answer::from(&error).json()))
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).expect("answers are JSON")
}
