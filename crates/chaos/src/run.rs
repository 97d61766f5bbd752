//! A run: people, channels, clients, faults, quiet, and the verdict.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::client::Client as Tester;
use testkit::wire::exchange;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::check::{Least, Verdict, judge};
use crate::client::{Account, Client, Habits, Phase, Progress, Rules, password_of};
use crate::crowd::Crowd;
use crate::draw::Draw;
use crate::fault::{Fault, Plan, Stage, until};
use crate::history::{Record, Recorder, Row, hex_of, load};
use crate::official::Official;
use crate::postgres::Postgres;
use crate::proxy::Proxy;
use crate::server::{Server, SmallDisk};

/// People with two devices each.
const PEOPLE: usize = 8;
/// Public channels that people talk in, beside the one that everybody is in.
const PUBLIC: usize = 4;
/// Channels that people are added to and removed from.
const PRIVATE: usize = 2;
/// Room on the small disk, in MiB.
const DISK: usize = 384;
/// How long things may take to be normal again before the run is given up. What they take is reported.
const NORMAL_MAX: Duration = Duration::from_secs(30);
/// How long everybody may take to send and to catch up in the end.
const QUIET_MAX: Duration = Duration::from_secs(45);

/// What to run.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The server's binary.
    pub server: PathBuf,
    /// Further `HEARTH_*` variables.
    pub environment: BTreeMap<String, String>,
    /// Where PostgreSQL's programs are, if that is the database.
    pub postgres: Option<PathBuf>,
    /// What decides everything that chance does.
    pub seed: u64,
    /// Not before so many kills,
    pub kills: usize,
    /// and so many acknowledged messages is it over,
    pub acked: usize,
    /// unless it has lasted this long.
    pub most: Duration,
    /// Where the official clients' program lies, if they take part.
    pub official: Option<PathBuf>,
    /// Idle connections that come back together after each kill.
    pub crowd: usize,
    /// A library that sets a process's clock wrong (libfaketime), if there is one.
    pub clock: Option<PathBuf>,
    /// Whether the disk is a small one, where that is possible.
    pub small_disk: bool,
    /// Whether the server has fail points.
    pub fail_points: bool,
    /// Whether clients ask for what they have missed.
    pub fetches_gaps: bool,
    /// Where the history goes.
    pub history: PathBuf,
}

/// A fault that was suffered.
#[derive(Debug)]
pub struct Suffered {
    /// Which.
    pub fault: Fault,
    /// Whether it came about.
    pub came_by: bool,
    /// How long the server took to be ready, where it was started.
    pub start: Option<Duration>,
    /// How long it took until a message was acknowledged again, after the cause had gone.
    pub normal: Duration,
    /// How long the crowd took to be back.
    pub crowd: Option<Duration>,
}

/// What a run showed.
pub struct Outcome {
    /// By the history.
    pub verdict: Verdict,
    /// In their order.
    pub suffered: Vec<Suffered>,
    /// The longest that an answer took, in milliseconds, for a client that nothing lay before.
    pub longest: f64,
    /// Commands of that client that had no answer although its connection stood.
    pub unanswered: usize,
    /// Clients that could not do what was to be done in the end.
    pub stuck: Vec<String>,
    /// How long it all took.
    pub took: Duration,
}

/// Runs it.
pub async fn run(setting: &Setting) -> Result<Outcome> {
    let began = Instant::now();
    let folder = tempfile::Builder::new().prefix("hearth-chaos-").tempdir().context("a temporary folder")?;
    let draw = Draw::from_seed(setting.seed);
    let mut stage = set_up(setting, folder.path()).await?;
    let town = Town::build(&stage, setting).await?;
    let recorder = Recorder::create(&setting.history)?;
    let (phase, phases) = watch::channel(Phase::Talk);
    let mut tasks = JoinSet::new();
    let mut everybody = Vec::new();
    for (proc, account, habits) in town.clients(&stage, setting) {
        let (client, progress) = Client::new(&proc, account, recorder.clone(), &draw, habits, phases.clone());
        everybody.push((proc, progress));
        tasks.spawn(client.live());
    }
    let steady = everybody.iter().find(|(proc, _)| proc.starts_with(STEADY)).context("nobody is steady")?.1.clone();
    let mut officials = Vec::new();
    if let Some(program) = &setting.official {
        for transports in ["polling,websocket", "polling"] {
            let account = town.official(&stage, transports)?;
            officials.push(Official::start(program, &account, transports, &town.general, &recorder).await?);
        }
    }
    let crowd = Crowd::gather(setting.crowd, stage.server.address(), &town.crowd).await?;

    let acked = || everybody.iter().map(|(_, progress)| progress.acked()).sum::<usize>();
    let mut plan = Plan::new(&draw, &stage, setting.fail_points);
    let mut chance = draw.for_name("faults");
    let (mut suffered, mut kills) = (Vec::<Suffered>::new(), 0);
    while began.elapsed() < setting.most
        && (kills < setting.kills || acked() < setting.acked || suffered.len() < plan.round())
    {
        let (quiet, fault) = plan.draw();
        if setting.crowd > 0 && fault != Fault::Kill {
            continue;
        }
        tokio::time::sleep(quiet).await;
        let crowd_was = crowd.arrivals();
        let cost = stage.suffer(fault, &mut chance).await.with_context(|| format!("{fault}"))?;
        let gone = recorder.now();
        let normal = until(NORMAL_MAX, || steady.last_ok() > gone).await;
        let normal = normal.with_context(|| format!("after {fault} no message was acknowledged any more"))?;
        let back = match setting.crowd {
            0 => None,
            all => Some(until(NORMAL_MAX * 4, || crowd.arrivals() >= crowd_was + all).await.context("the crowd")?),
        };
        kills += usize::from(fault.is_kill() && cost.came_by);
        let told = Suffered { fault, came_by: cost.came_by, start: cost.start, normal, crowd: back };
        tell(&told, kills, acked());
        suffered.push(told);
    }

    let mut stuck = quieten(&phase, Phase::Drain, &everybody).await;
    for official in &mut officials {
        official.drain().await?;
    }
    recorder.write(&Record::Quiesce { t: recorder.now() });
    stuck.extend(quieten(&phase, Phase::Settle, &everybody).await);
    town.write_logs(&stage, &recorder).await?;
    for official in officials {
        official.settle(town.heads(&stage).await?).await?;
    }
    phase.send_replace(Phase::End);
    while let Some(ended) = tasks.join_next().await {
        ended.context("a client failed")?;
    }
    recorder.flush()?;
    let least = Least { acked: setting.acked / 20, shown: setting.acked / 10 };
    let verdict = judge(&load(&setting.history)?, least);
    Ok(Outcome {
        verdict,
        suffered,
        longest: steady.longest(),
        unanswered: steady.unanswered(),
        stuck,
        took: began.elapsed(),
    })
}

fn tell(suffered: &Suffered, kills: usize, acked: usize) {
    let Suffered { fault, came_by, start, normal, crowd } = suffered;
    let missed = if *came_by { "" } else { " (did not come by)" };
    let start = start.map(|start| format!(", started in {:.2} s", start.as_secs_f64())).unwrap_or_default();
    let crowd = crowd.map(|crowd| format!(", crowd back after {:.2} s", crowd.as_secs_f64())).unwrap_or_default();
    let normal = normal.as_secs_f64();
    println!("{acked:>7} acked, {kills:>2} kills: {fault}{missed}{start}, normal after {normal:.2} s{crowd}");
}

/// Has everybody do what the phase asks for; returns who could not.
async fn quieten(phase: &watch::Sender<Phase>, to: Phase, everybody: &[(String, Arc<Progress>)]) -> Vec<String> {
    phase.send_replace(to);
    until(QUIET_MAX, || everybody.iter().all(|(_, progress)| progress.has_done(to))).await;
    let late = everybody.iter().filter(|(_, progress)| !progress.has_done(to));
    late.map(|(proc, _)| format!("{proc} in the phase {to:?}")).collect()
}

async fn set_up(setting: &Setting, folder: &std::path::Path) -> Result<Stage> {
    let mut environment = setting.environment.clone();
    let postgres = setting.postgres.as_deref().map(Postgres::start).transpose()?;
    if let Some(postgres) = &postgres {
        environment.insert("HEARTH_DATABASE_URL".to_owned(), postgres.url());
    }
    let small = setting.small_disk && postgres.is_none();
    let disk = if small { SmallDisk::mount(folder, DISK) } else { None };
    let clock = setting.clock.as_ref().map(|_| folder.join("clock"));
    if let (Some(library), Some(file)) = (&setting.clock, &clock) {
        std::fs::write(file, "+0\n").context("the clock's file")?;
        let variables = [
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
            ("FAKETIME_CACHE_DURATION", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("FAKETIME_DISABLE_SHM", "1".to_owned()),
        ];
        environment.extend(variables.map(|(name, value)| (name.to_owned(), value)));
    }
    let server = Server::start(&setting.server, folder, environment).await?;
    let proxy = Proxy::to(server.address()).await?;
    Ok(Stage { server, proxy, postgres, disk, clock })
}

/// Whose answers say whether things are normal: nothing lies between it and the server.
const STEADY: &str = "steady";
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
struct Town {
    general: String,
    public: Vec<String>,
    private: Vec<String>,
    people: Vec<Person>,
    warden: Person,
    steady: Person,
    officials: Vec<Person>,
    crowd: Vec<String>,
}

impl Town {
    async fn build(stage: &Stage, setting: &Setting) -> Result<Self> {
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

    fn clients(&self, stage: &Stage, setting: &Setting) -> Vec<(String, Account, Habits)> {
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

    fn official(&self, stage: &Stage, transports: &str) -> Result<Account> {
        let number = usize::from(!transports.contains("websocket"));
        let person = self.officials.get(number).context("somebody for each official client")?;
        let (user, cookie) = (person.name.clone(), person.devices[0].clone());
        Ok(Account { user, cookie, through: stage.proxy.address(), direct: stage.server.address() })
    }

    /// Writes down every channel as the server tells it.
    async fn write_logs(&self, stage: &Stage, recorder: &Recorder) -> Result<()> {
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
    async fn heads(&self, stage: &Stage) -> Result<i64> {
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
