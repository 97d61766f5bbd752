//! The people and the channels of a run.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::client::Client as Tester;
use testkit::wire::exchange;

use crate::client::{Account, Habits, Rules, password_of};
use crate::fault::Stage;
use crate::history::{Record, Recorder, Row, hex_of};
use crate::setting::Setting;

/// Channels that people are added to and removed from.
const PRIVATE: usize = 2;
/// Public channels that people talk in, beside the one that everybody is in.
const PUBLIC: usize = 4;
/// People with two devices each.
const PEOPLE: usize = 8;
/// Whose answers say whether things are normal: nothing lies between it and the server.
pub(crate) const STEADY: &str = "steady";
/// Who rules the private channels.
const WARDEN: &str = "warden";

/// A person who has signed up.
struct Person {
    id: String,
    name: String,
    /// Cookies: one for each device.
    devices: Vec<String>,
}

/// The people and the channels of a run.
pub(crate) struct Town {
    /// The one that everybody is in.
    pub(crate) general: String,
    public: Vec<String>,
    private: Vec<String>,
    people: Vec<Person>,
    warden: Person,
    steady: Person,
    officials: Vec<Person>,
    /// Cookies of those who only listen.
    pub(crate) crowd: Vec<String>,
}

impl Town {
    pub(crate) async fn build(stage: &Stage, setting: &Setting) -> Result<Self> {
        let warden = Person::sign_up(stage, WARDEN, 1).await?;
        let steady = Person::sign_up(stage, STEADY, 1).await?;
        let (mut people, mut officials, mut crowd) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..PEOPLE {
            people.push(Person::sign_up(stage, &format!("person{number}"), 2).await?);
        }
        for name in ["upgrading", "polling"] {
            officials.push(Person::sign_up(stage, name, 1).await?);
        }
        for number in 0..setting.crowd.div_ceil(CROWD_OF_ONE) {
            crowd.extend(Person::sign_up(stage, &format!("crowd{number}"), 1).await?.devices);
        }

        let mut ruler = stage.tester(&warden).await;
        let list = command(&mut ruler, "channel:list", json!({ "size": 100 })).await?;
        let general = list[0]["id"].as_str().context("everybody is in a channel")?.to_owned();
        let (mut public, mut private) = (Vec::new(), Vec::new());
        for (kind, count, made) in [("public", PUBLIC, &mut public), ("private", PRIVATE, &mut private)] {
            for number in 0..count {
                let payload = json!({ "name": format!("{kind} {number}"), "type": kind });
                let channel = command(&mut ruler, "channel:create", payload).await?;
                made.push(channel["id"].as_str().context("a channel has an id")?.to_owned());
            }
        }
        command(&mut stage.tester(&steady).await, "channel:join", json!({ "channelId": public[0] })).await?;
        let town = Self { general, public, private, people, warden, steady, officials, crowd };
        for (number, person) in town.people.iter().enumerate() {
            let mut tester = stage.tester(person).await;
            for chan in town.channels_of(number) {
                command(&mut tester, "channel:join", json!({ "channelId": chan })).await?;
            }
        }
        Ok(town)
    }

    /// The public channels that somebody talks in.
    fn channels_of(&self, number: usize) -> [String; 2] {
        [number, number + 1].map(|number| self.public[number % PUBLIC].clone())
    }

    pub(crate) fn clients(&self, stage: &Stage, setting: &Setting) -> Vec<(String, Account, Habits)> {
        let (through, direct) = (stage.proxy.address(), stage.server.address());
        let quiet = Habits {
            depth: 1,
            pause: (40, 60),
            writes_to: vec![self.public[0].clone()],
            roves: Vec::new(),
            rules: None,
            acts: false,
            signs_out: false,
            fetches_gaps: setting.fetches_gaps,
        };
        let account = |person: &Person, device: usize, through| Account {
            user: person.name.clone(),
            cookie: person.devices[device].clone(),
            through,
            direct,
        };
        let people = self.people.iter().map(|person| (person.id.clone(), person.name.clone())).collect();
        let ruling = Habits { rules: Some(Rules { channels: self.private.clone(), people }), ..quiet.clone() };
        let mut clients = vec![
            (format!("{STEADY}/a"), account(&self.steady, 0, direct), quiet.clone()),
            (format!("{WARDEN}/a"), account(&self.warden, 0, through), ruling),
        ];
        for (number, person) in self.people.iter().enumerate() {
            let mut writes_to = self.channels_of(number).to_vec();
            writes_to.extend_from_slice(&self.private);
            if number < 2 && setting.crowd == 0 {
                writes_to.push(self.general.clone());
            }
            let talks = Habits { depth: 4, pause: (5, 40), writes_to, acts: true, ..quiet.clone() };
            let roves = self.channels_of(number).to_vec();
            let roams = Habits { depth: 2, pause: (20, 120), roves, signs_out: true, ..talks.clone() };
            clients.push((format!("{}/a", person.name), account(person, 0, through), talks));
            clients.push((format!("{}/b", person.name), account(person, 1, through), roams));
        }
        clients
    }

    pub(crate) fn official(&self, stage: &Stage, transports: &str) -> Result<Account> {
        let number = usize::from(!transports.contains("websocket"));
        let person = self.officials.get(number).context("somebody for each official client")?;
        let (user, cookie) = (person.name.clone(), person.devices[0].clone());
        Ok(Account { user, cookie, through: stage.proxy.address(), direct: stage.server.address() })
    }

    /// Writes down every channel as the server tells it.
    pub(crate) async fn write_logs(&self, stage: &Stage, recorder: &Recorder) -> Result<()> {
        let mut reader = stage.tester(&self.warden).await;
        for chan in [&self.general].into_iter().chain(&self.public).chain(&self.private) {
            let mut rows: Vec<Row> = Vec::new();
            loop {
                let mut payload = json!({ "channelId": chan, "size": 100 });
                if let Some(last) = rows.last() {
                    payload["after"] = json!(last.id);
                }
                let answer = reader.emit_with_ack("message:list", (payload,)).await.remove(0);
                ensure!(answer["status"] == "OK", "message:list: {answer}");
                rows.extend(answer["data"].as_array().into_iter().flatten().map(row_of));
                if answer["hasMore"] != true {
                    break;
                }
            }
            recorder.write(&Record::Log { node: "hearth".to_owned(), chan: chan.clone(), rows });
        }
        Ok(())
    }

    /// The head of the channel that the official clients follow.
    pub(crate) async fn heads(&self, stage: &Stage) -> Result<i64> {
        let mut reader = stage.tester(&self.warden).await;
        let list = command(&mut reader, "channel:list", json!({ "size": 100 })).await?;
        let channels = list.as_array().context("a list")?;
        let general = channels.iter().find(|channel| channel["id"] == *self.general).context("everybody is in it")?;
        general["seq"].as_i64().context("a head")
    }
}

/// How often somebody tries to sign in.
const SIGN_IN_TRIES: usize = 10;
/// Connections of the crowd that one person has.
const CROWD_OF_ONE: usize = 250;

impl Person {
    async fn sign_up(stage: &Stage, name: &str, devices: usize) -> Result<Self> {
        let body = json!({ "username": name, "password": password_of(name) }).to_string();
        let (mut id, mut cookies) = (String::new(), Vec::new());
        for device in 0..devices {
            let path = if device == 0 { "/api/signup" } else { "/api/login" };
            let headers = [("content-type", "application/json")];
            let mut answer = exchange(stage.server.address(), "POST", path, &headers, body.as_bytes()).await?;
            // A server with a fault may not know at once what it has said.
            for _ in 0..SIGN_IN_TRIES {
                if answer.status == 200 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                answer = exchange(stage.server.address(), "POST", path, &headers, body.as_bytes()).await?;
            }
            ensure!(answer.status == 200, "{path} of {name}: {} {}", answer.status, answer.text());
            let user: Value = serde_json::from_slice(&answer.body)?;
            id = user["id"].as_str().context("a person has an id")?.to_owned();
            let cookie = answer.header("set-cookie").and_then(|set| set.split(';').next());
            cookies.push(cookie.context("signing in sets a cookie")?.to_owned());
        }
        Ok(Self { id, name: name.to_owned(), devices: cookies })
    }
}

impl Stage {
    /// A client for what is not part of the test.
    async fn tester(&self, person: &Person) -> Tester {
        let url = format!("ws://{}/socket.io/", self.server.address());
        let connected = Tester::to(&url).header("cookie", &person.devices[0]).connect().await;
        connected.unwrap_or_else(|refused| panic!("{} is refused: {refused:?}", person.name))
    }
}

async fn command(tester: &mut Tester, name: &str, payload: Value) -> Result<Value> {
    let mut answer = tester.emit_with_ack(name, (payload,)).await.remove(0);
    ensure!(answer["status"] == "OK", "{name}: {answer}");
    Ok(answer["data"].take())
}

/// A message of the log. Written anew, so that a mistake of the clients' reading is not the judge's too.
fn row_of(message: &Value) -> Row {
    let id = message["id"].as_str().unwrap_or_default();
    Row {
        seq: id.parse().unwrap_or(0),
        id: id.to_owned(),
        cmid: message["clientId"].as_str().map(ToOwned::to_owned),
        hash: hex_of(message["content"].as_str().unwrap_or_default()),
        rev: message["rev"].as_i64().unwrap_or(0),
        changed: message["editedAt"].is_i64() || message["deletedAt"].is_i64(),
    }
}
