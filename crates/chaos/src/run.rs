//! A run: people, channels, clients, faults, quiet, and the verdict.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::check::{Least, Verdict, judge};
use crate::client::{Client, Phase, Progress};
use crate::crowd::Crowd;
use crate::draw::Draw;
use crate::fault::{Fault, Plan, Stage, until};
use crate::history::{Record, Recorder, load};
use crate::official::Official;
use crate::postgres::Postgres;
use crate::proxy::Proxy;
use crate::server::{Server, SmallDisk};
use crate::setting::Setting;
use crate::town::{STEADY, Town};

/// Room on the small disk, in MiB.
const DISK: usize = 384;
/// How long things may take to be normal again before the run is given up. What they take is reported.
const NORMAL_MAX: Duration = Duration::from_secs(30);
/// The longest start that is promised after a crash.
const START_PROMISED: Duration = Duration::from_secs(2);
/// The longest time until things are normal that is promised, once the cause has gone.
const NORMAL_PROMISED: Duration = Duration::from_secs(5);
/// How long everybody may take to send and to catch up in the end.
const QUIET_MAX: Duration = Duration::from_secs(45);

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

impl Outcome {
    /// How often the server was killed.
    pub fn kills(&self) -> usize {
        self.suffered.iter().filter(|suffered| suffered.fault.is_kill() && suffered.came_by).count()
    }

    /// Where it fell short of what was promised or asked for, beside what the history shows. While a crowd comes back the
    /// cause has not gone, so that nothing is promised of the time until things are normal.
    pub fn falls_short(&self, setting: &Setting) -> Vec<String> {
        let mut short = Vec::new();
        if self.kills() < setting.kills || self.verdict.acked < setting.acked {
            short.push(format!("over before {} kills and {} messages", setting.kills, setting.acked));
        }
        for Suffered { fault, start, normal, .. } in &self.suffered {
            if let Some(start) = start.filter(|start| *start > START_PROMISED) {
                short.push(format!("after {fault} the start took {:.2} s", start.as_secs_f64()));
            }
            if setting.crowd == 0 && *normal > NORMAL_PROMISED {
                short.push(format!("after {fault} it was {:.2} s until normal", normal.as_secs_f64()));
            }
        }
        short
    }
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
            officials.push(Official::start(program, &account, transports, &town.general, &recorder)?);
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
        let patience = if setting.crowd > 0 { NORMAL_MAX * 4 } else { NORMAL_MAX };
        let normal = until(patience, || steady.last_ok() > gone).await;
        let normal = normal.with_context(|| format!("after {fault} no message was acknowledged any more"))?;
        let back = match setting.crowd {
            0 => None,
            all => Some(until(patience, || crowd.arrivals() >= crowd_was + all).await.context("the crowd")?),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(crowd: usize) -> Setting {
        Setting {
            server: "hearth".into(),
            environment: std::collections::BTreeMap::new(),
            postgres: None,
            seed: 0,
            kills: 1,
            acked: 2,
            most: Duration::ZERO,
            official: None,
            crowd,
            clock: None,
            small_disk: false,
            fail_points: true,
            fetches_gaps: true,
            history: "chaos.jsonl".into(),
        }
    }

    fn outcome(fault: Fault, acked: usize, [start, normal]: [u64; 2]) -> Outcome {
        let (start, normal) = (Some(Duration::from_millis(start)), Duration::from_millis(normal));
        let suffered = vec![Suffered { fault, came_by: true, start, normal, crowd: None }];
        let verdict = Verdict { acked, ..Verdict::default() };
        Outcome { verdict, suffered, longest: 0.0, unanswered: 0, stuck: Vec::new(), took: Duration::ZERO }
    }

    #[test]
    fn a_run_that_was_slow_or_over_too_soon_falls_short() {
        let good = outcome(Fault::Kill, 2, [2_000, 5_000]);
        assert_eq!(good.falls_short(&setting(0)), [""; 0]);
        for (what, short) in [
            ("a slow start", outcome(Fault::Kill, 2, [2_001, 0])),
            ("slow to be normal", outcome(Fault::Kill, 2, [0, 5_001])),
            ("no kill", outcome(Fault::Terminate, 2, [0, 0])),
            ("too few messages", outcome(Fault::Kill, 1, [0, 0])),
        ] {
            assert_eq!(short.falls_short(&setting(0)).len(), 1, "{what}");
        }
        let storm = outcome(Fault::Kill, 2, [0, 5_001]);
        assert_eq!(storm.falls_short(&setting(1)), [""; 0], "the storm is not over yet");
    }
}
