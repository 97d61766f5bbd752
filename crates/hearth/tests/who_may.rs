//! Who may do what: every command and every route, asked by everybody, of the real server.
//!
//! The tables below are the specification. A command or a route that is missing from them fails the tests.

use std::collections::BTreeSet;

use chat::Request;
use serde_json::{Value, json};
use testkit::app::App;
use testkit::client::{Client, Refused};

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

/// Where a command is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In no channel.
    Nowhere,
    Public,
    Private,
    /// A direct conversation, where nobody is an owner.
    Direct,
    General,
}
use Place::{Direct, General, Nowhere, Private, Public};

/// What a command is asked for.
type Payload = fn(&Scene, Role) -> Value;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Signed in, and not in the channel any more: they were a member, and wrote something.
    Outsider,
    Member,
    /// Of the channel.
    Owner,
    /// Of the server, and not in the channel.
    ServerOwner,
}
const ROLES: [Role; 4] = [Role::Outsider, Role::Member, Role::Owner, Role::ServerOwner];

/// There is nobody of this kind there.
const NONE: &str = "–";

/// A command, where, and what it is answered: to an outsider, a member, the channel's owner, the server's owner.
type Row = (&'static str, Place, Payload, [&'static str; 4]);

const CH: Payload = |scene, _| json!({ "channelId": scene.channel });
const TOPIC: Payload = |scene, _| json!({ "channelId": scene.channel, "topic": "changed" });
const NAME: Payload = |scene, _| json!({ "channelId": scene.channel, "name": scene.fresh_name });
const AFTER: Payload = |scene, _| json!({ "after": scene.channel });
const ADD: Payload = |scene, _| json!({ "channelId": scene.channel, "userIds": [scene.newcomer] });
const REMOVE: Payload = |scene, _| json!({ "channelId": scene.channel, "userId": scene.other });
const SEND: Payload = |scene, _| json!({ "channelId": scene.channel, "content": "hello" });
const TYPING: Payload = |scene, _| json!({ "channelId": scene.channel, "isTyping": true });
const SYNC: Payload = |scene, _| json!({ "channels": { scene.channel.as_str().expect("an id"): 0 } });
const ANOTHERS: Payload = |scene, _| json!({ "channelId": scene.channel, "messageId": scene.others_message });
const OWN: Payload = |scene, role| json!({ "channelId": scene.channel, "messageId": scene.own_message(role) });
const EDIT_ANOTHERS: Payload = |scene, role| with_content(ANOTHERS(scene, role));
const EDIT_OWN: Payload = |scene, role| with_content(OWN(scene, role));
const CREATE: Payload = |scene, _| json!({ "name": scene.fresh_name });
const NOTHING: Payload = |_, _| json!({});
const PERSON: Payload = |scene, _| json!({ "userId": scene.other });
const PEOPLE: Payload = |scene, _| json!({ "userIds": [scene.other] });
const DISPLAY: Payload = |_, _| json!({ "displayName": "Another" });

fn with_content(mut payload: Value) -> Value {
    payload["content"] = json!("changed");
    payload
}

#[rustfmt::skip]
const COMMANDS: &[Row] = &[
    //                                          outsider     member       owner        owner of the server
    ("channel:create",  Nowhere, CREATE,        ["OK",        "OK",        "OK",        "OK"]),
    ("channel:list",    Nowhere, NOTHING,       ["OK",        "OK",        "OK",        "OK"]),
    ("channel:list",    Public,  AFTER,         ["OK",        "OK",        "OK",        "OK"]),
    ("channel:list",    Private, AFTER,         ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("channel:list",    Direct,  AFTER,         ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("channel:search",  Nowhere, NOTHING,       ["OK",        "OK",        "OK",        "OK"]),
    ("channel:update",  Public,  NAME,          ["FORBIDDEN", "FORBIDDEN", "OK",        "OK"]),
    ("channel:update",  Public,  TOPIC,         ["FORBIDDEN", "FORBIDDEN", "OK",        "OK"]),
    ("channel:update",  Private, NAME,          ["NOT_FOUND", "FORBIDDEN", "OK",        "NOT_FOUND"]),
    ("channel:update",  Private, TOPIC,         ["NOT_FOUND", "FORBIDDEN", "OK",        "NOT_FOUND"]),
    ("channel:update",  Direct,  TOPIC,         ["NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "NOT_FOUND"]),
    ("channel:update",  General, TOPIC,         [NONE,        "FORBIDDEN", "OK",        NONE]),
    ("channel:update",  General, NAME,          [NONE,        "FORBIDDEN", "FORBIDDEN", NONE]),
    ("channel:join",    Public,  CH,            ["OK",        "CONFLICT",  "CONFLICT",  "OK"]),
    ("channel:join",    Private, CH,            ["NOT_FOUND", "CONFLICT",  "CONFLICT",  "NOT_FOUND"]),
    ("channel:join",    Direct,  CH,            ["NOT_FOUND", "CONFLICT",  "CONFLICT",  "NOT_FOUND"]),
    ("channel:join",    General, CH,            [NONE,        "CONFLICT",  "CONFLICT",  NONE]),
    ("channel:leave",   Public,  CH,            ["CONFLICT",  "OK",        "OK",        "CONFLICT"]),
    ("channel:leave",   Private, CH,            ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("channel:leave",   Direct,  CH,            ["NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "NOT_FOUND"]),
    ("channel:leave",   General, CH,            [NONE,        "FORBIDDEN", "FORBIDDEN", NONE]),
    ("channel:members", Public,  CH,            ["FORBIDDEN", "OK",        "OK",        "OK"]),
    ("channel:members", Private, CH,            ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("channel:members", Direct,  CH,            ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("channel:members", General, CH,            [NONE,        "OK",        "OK",        NONE]),
    ("channel:add",     Public,  ADD,           ["FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"]),
    ("channel:add",     Private, ADD,           ["NOT_FOUND", "FORBIDDEN", "OK",        "NOT_FOUND"]),
    ("channel:add",     Direct,  ADD,           ["NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "NOT_FOUND"]),
    ("channel:add",     General, ADD,           [NONE,        "FORBIDDEN", "FORBIDDEN", NONE]),
    ("channel:remove",  Public,  REMOVE,        ["FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"]),
    ("channel:remove",  Private, REMOVE,        ["NOT_FOUND", "FORBIDDEN", "OK",        "NOT_FOUND"]),
    ("channel:remove",  Direct,  REMOVE,        ["NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "NOT_FOUND"]),
    ("channel:remove",  General, REMOVE,        [NONE,        "FORBIDDEN", "FORBIDDEN", NONE]),
    ("user:get",        Nowhere, PERSON,        ["OK",        "OK",        "OK",        "OK"]),
    ("user:search",     Nowhere, NOTHING,       ["OK",        "OK",        "OK",        "OK"]),
    ("user:reach",      Nowhere, PEOPLE,        ["OK",        "OK",        "OK",        "OK"]),
    ("user:update",     Nowhere, DISPLAY,       ["OK",        "OK",        "OK",        "OK"]),
    ("message:send",    Public,  SEND,          ["FORBIDDEN", "OK",        "OK",        "FORBIDDEN"]),
    ("message:send",    Private, SEND,          ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("message:send",    Direct,  SEND,          ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("message:send",    General, SEND,          [NONE,        "OK",        "OK",        NONE]),
    ("message:list",    Public,  CH,            ["FORBIDDEN", "OK",        "OK",        "FORBIDDEN"]),
    ("message:list",    Private, CH,            ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("message:list",    Direct,  CH,            ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("message:edit",    Public,  EDIT_OWN,      ["FORBIDDEN", "OK",        "OK",        NONE]),
    ("message:edit",    Private, EDIT_OWN,      ["NOT_FOUND", "OK",        "OK",        NONE]),
    ("message:edit",    Direct,  EDIT_OWN,      [NONE,        "OK",        "OK",        NONE]),
    ("message:edit",    Public,  EDIT_ANOTHERS, ["FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"]),
    ("message:edit",    Private, EDIT_ANOTHERS, ["NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "NOT_FOUND"]),
    ("message:edit",    Direct,  EDIT_ANOTHERS, ["NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "NOT_FOUND"]),
    ("message:edit",    General, EDIT_ANOTHERS, [NONE,        "FORBIDDEN", "FORBIDDEN", NONE]),
    ("message:delete",  Public,  OWN,           ["FORBIDDEN", "OK",        "OK",        NONE]),
    ("message:delete",  Private, OWN,           ["NOT_FOUND", "OK",        "OK",        NONE]),
    ("message:delete",  Direct,  OWN,           [NONE,        "OK",        "OK",        NONE]),
    ("message:delete",  Public,  ANOTHERS,      ["FORBIDDEN", "FORBIDDEN", "OK",        "OK"]),
    ("message:delete",  Private, ANOTHERS,      ["NOT_FOUND", "FORBIDDEN", "OK",        "NOT_FOUND"]),
    ("message:delete",  Direct,  ANOTHERS,      ["NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "NOT_FOUND"]),
    ("message:delete",  General, ANOTHERS,      [NONE,        "FORBIDDEN", "OK",        NONE]),
    ("message:ack",     Public,  ANOTHERS,      ["FORBIDDEN", "OK",        "OK",        "FORBIDDEN"]),
    ("message:ack",     Private, ANOTHERS,      ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("message:ack",     Direct,  ANOTHERS,      ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("message:typing",  Public,  TYPING,        ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("message:typing",  Private, TYPING,        ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    ("message:typing",  Direct,  TYPING,        ["NOT_FOUND", "OK",        "OK",        "NOT_FOUND"]),
    // Always answered: what one is not in is among `left`, as what there is not would be.
    ("message:sync",    Public,  SYNC,          ["OK",        "OK",        "OK",        "OK"]),
    ("message:sync",    Private, SYNC,          ["OK",        "OK",        "OK",        "OK"]),
];

/// A route with a body, and its status: for nobody, somebody, the owner of the server.
#[rustfmt::skip]
const ROUTES: &[(&str, &str, &str, [u16; 3])] = &[
    //                                                                                    nobody somebody owner
    ("POST",   "/api/signup",        r#"{"username":"root","password":"correct horse"}"#, [409, 409, 409]),
    ("POST",   "/api/signup",        r#"{"username":"eve","password":"correct horse","role":"owner"}"#, [400, 400, 400]),
    ("POST",   "/api/login",         r#"{"username":"root","password":"wrong horse"}"#,   [401, 401, 401]),
    ("GET",    "/api/self",          "",                                                  [401, 200, 200]),
    ("POST",   "/api/password",      r#"{"current":"wrong horse","new":"correct horse"}"#, [401, 400, 400]),
    ("GET",    "/api/sessions",      "",                                                  [401, 200, 200]),
    ("DELETE", "/api/sessions",      "",                                                  [401, 204, 204]),
    ("DELETE", "/api/sessions/{id}", "",                                                  [401, 404, 404]),
    ("GET",    "/api/meta",          "",                                                  [200, 200, 200]),
    ("GET",    "/healthz",           "",                                                  [200, 200, 200]),
    ("GET",    "/readyz",            "",                                                  [200, 200, 200]),
    // The last, because it ends the session.
    ("POST",   "/api/logout",        "",                                                  [204, 204, 204]),
];

/// Somebody with a socket.
struct Person {
    id: Value,
    client: Client,
}

impl Person {
    async fn arrive(app: &App, name: &str) -> Self {
        let cookie = app.sign_up(name).await;
        let own = app.get("/api/self", &[("cookie", &cookie)]).await;
        let own: Value = serde_json::from_str(own.text()).expect("oneself");
        Self { id: own["id"].clone(), client: app.client(&cookie).connect().await.expect("a living session") }
    }

    async fn ask(&mut self, command: &str, payload: Value) -> Value {
        self.client.emit_with_ack(command, (payload,)).await.remove(0)
    }

    async fn must(&mut self, command: &str, payload: Value) -> Value {
        let mut answer = self.ask(command, payload).await;
        assert_eq!(answer["status"], "OK", "{command}: {answer}");
        answer["data"].take()
    }

    async fn say(&mut self, channel: &Value) -> Value {
        self.must("message:send", json!({ "channelId": channel, "content": "said" })).await["id"].take()
    }
}

/// The people, each always in the same part.
struct Cast {
    root: Person,
    olga: Person,
    mia: Person,
    max: Person,
    otto: Person,
    nina: Person,
    /// How many scenes there were.
    scenes: u32,
}

/// A channel with Olga as its owner, Mia and Max in it, Otto no more, and something that each of them wrote.
struct Scene {
    channel: Value,
    newcomer: Value,
    other: Value,
    others_message: Value,
    by_outsider: Value,
    by_member: Value,
    by_owner: Value,
    /// A name that no channel has.
    fresh_name: String,
}

impl Scene {
    fn own_message(&self, role: Role) -> &Value {
        match role {
            Role::Outsider => &self.by_outsider,
            Role::Member => &self.by_member,
            Role::Owner | Role::ServerOwner => &self.by_owner,
        }
    }
}

impl Cast {
    async fn gather(app: &App) -> Self {
        // The first one owns the server.
        let root = Person::arrive(app, "root").await;
        let (olga, mia) = (Person::arrive(app, "olga").await, Person::arrive(app, "mia").await);
        let (max, otto) = (Person::arrive(app, "max").await, Person::arrive(app, "otto").await);
        Self { root, olga, mia, max, otto, nina: Person::arrive(app, "nina").await, scenes: 0 }
    }

    async fn scene(&mut self, place: Place) -> Scene {
        self.scenes += 1;
        let (name, number) = (format!("scene {}", self.scenes), self.scenes);
        let ids = json!([self.mia.id, self.max.id, self.otto.id]);
        let channel = match place {
            Nowhere => Value::Null,
            General => {
                let own = self.olga.must("channel:list", json!({ "size": 100 })).await;
                let found = own.as_array().into_iter().flatten().find(|channel| channel["name"] == "General");
                found.expect("everybody is in General")["id"].clone()
            }
            Direct => {
                let people = json!({ "userIds": [self.mia.id, self.max.id] });
                self.olga.must("user:reach", people).await["id"].take()
            }
            Public => self.olga.must("channel:create", json!({ "name": name })).await["id"].take(),
            Private => {
                let made = self.olga.must("channel:create", json!({ "name": name, "type": "private" })).await;
                self.olga.must("channel:add", json!({ "channelId": made["id"], "userIds": ids })).await;
                made["id"].clone()
            }
        };
        let mut scene = Scene {
            channel: channel.clone(),
            newcomer: self.nina.id.clone(),
            other: self.max.id.clone(),
            others_message: Value::Null,
            by_outsider: Value::Null,
            by_member: Value::Null,
            by_owner: Value::Null,
            fresh_name: format!("fresh {number}"),
        };
        if place == Nowhere {
            return scene;
        }
        if place == Public {
            for person in [&mut self.mia, &mut self.max, &mut self.otto] {
                person.must("channel:join", json!({ "channelId": channel })).await;
            }
        }
        scene.others_message = self.max.say(&channel).await;
        scene.by_member = self.mia.say(&channel).await;
        scene.by_owner = self.olga.say(&channel).await;
        if place == Public || place == Private {
            scene.by_outsider = self.otto.say(&channel).await;
        }
        match place {
            Public => _ = self.otto.must("channel:leave", json!({ "channelId": channel })).await,
            Private => {
                let otto = json!({ "channelId": channel, "userId": self.otto.id });
                self.olga.must("channel:remove", otto).await;
            }
            _ => {}
        }
        scene
    }

    fn actor(&mut self, place: Place, role: Role) -> &mut Person {
        match role {
            // Who owns the server owns its General.
            Role::Owner if place == General => &mut self.root,
            Role::Outsider => &mut self.otto,
            Role::Member => &mut self.mia,
            Role::Owner => &mut self.olga,
            Role::ServerOwner => &mut self.root,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_is_answered_to_everybody_as_the_table_says() {
    let app = App::start(BINARY, &[("HEARTH_RATE_LIMITS", "off")]);
    let mut cast = Cast::gather(&app).await;
    let mut wrong = Vec::new();
    for (command, place, payload, answers) in COMMANDS {
        let mut scene = None;
        for (role, expected) in ROLES.into_iter().zip(answers) {
            if *expected == NONE {
                continue;
            }
            let setting = match scene.take() {
                Some(setting) => setting,
                None => cast.scene(*place).await,
            };
            let payload = payload(&setting, role);
            let answer = cast.actor(*place, role).ask(command, payload.clone()).await;
            let got = answer["code"].as_str().unwrap_or("OK");
            if got != *expected {
                wrong.push(format!("{command} {place:?} {role:?}: {expected} was expected: {payload} → {answer}"));
            }
            // What was refused has changed nothing: the next one finds the same.
            scene = (got != "OK").then_some(setting);
        }
    }
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_command_is_missing_from_the_table() {
    let named: BTreeSet<_> = COMMANDS.iter().map(|(command, ..)| *command).collect();
    assert_eq!(named, Request::NAMES.iter().copied().collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_does_anything_without_a_session() {
    let app = App::start(BINARY, &[]);
    let cookie = app.sign_up("ada").await;
    let refused = app.client("").connect().await.map(drop);
    let Err(Refused::Namespace(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error["data"]["code"], "UNAUTHENTICATED");
    assert!(matches!(app.client("sid=nonsense").connect().await, Err(Refused::Http(401, _))));

    for name in Request::NAMES {
        let mut early = app.client("").open().await.expect("a bot may come first and say who it is then");
        early.send_raw(&json!([name, {}]).to_string().replacen('[', "21[", 1)).await;
        // Whoever has not connected has no socket that a command could come from.
        early.end().await;
        assert!(early.pending().is_empty(), "{name}");
    }
    let mut ada = app.client(&cookie).connect().await.expect("a living session");
    let list = ada.emit_with_ack("channel:list", (json!({}),)).await;
    assert_eq!(list[0]["data"].as_array().map(Vec::len), Some(1), "General, and nothing that nobody made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_everybody_as_the_table_says() {
    let app = App::start(BINARY, &[("HEARTH_RATE_LIMITS", "off")]);
    let (root, mia) = (app.sign_up("root").await, app.sign_up("mia").await);
    let mut wrong = Vec::new();
    for (method, path, body, statuses) in ROUTES {
        let asked = path.replace("{id}", "00000000-0000-7000-8000-000000000000");
        for (cookie, expected) in [None, Some(&mia), Some(&root)].into_iter().zip(statuses) {
            let mut headers = cookie.map(|cookie| ("cookie", cookie.as_str())).into_iter().collect::<Vec<_>>();
            if !body.is_empty() {
                headers.push(("content-type", "application/json"));
            }
            let answer = app.request(method, &asked, &headers, body).await;
            if answer.status != *expected {
                let text = answer.text();
                wrong.push(format!("{method} {path} {cookie:?}: {} instead of {expected}: {text}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{} statuses are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every route of the router, read off its source: `METHOD path`.
fn routes() -> BTreeSet<String> {
    let source = include_str!("../src/http/mod.rs");
    let (interface, rest) = source.split_once("Router::new()\n        .nest(").expect("the interface is nested");
    let mut routes = BTreeSet::new();
    for (prefix, part) in [("/api", interface), ("", rest)] {
        for line in part.lines().filter_map(|line| line.trim().strip_prefix(".route(\"")) {
            let (path, handlers) = line.split_once('"').expect("a path");
            for method in ["get", "post", "put", "patch", "delete"] {
                if handlers.contains(&format!(" {method}(")) || handlers.contains(&format!(".{method}(")) {
                    routes.insert(format!("{} {prefix}{path}", method.to_uppercase()));
                }
            }
        }
    }
    routes
}

#[test]
fn no_route_is_missing_from_the_table_or_from_the_document() {
    let routes = routes();
    assert!(routes.contains("POST /api/signup") && routes.contains("GET /readyz"), "{routes:?}");
    let named: BTreeSet<_> = ROUTES.iter().map(|(method, path, ..)| format!("{method} {path}")).collect();
    assert_eq!(named, routes);
    let document = include_str!("../../../docs/protocol.md");
    for route in routes {
        assert!(document.contains(&format!("\n#### `{route}`\n")), "{route}");
    }
}
