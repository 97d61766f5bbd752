//! In which order a batch is carried out: sends and read marks in runs, and what cannot wait for a run before it.

use std::collections::HashSet;

use super::entry::Work;
use crate::id::{ChannelId, SessionId};

/// One step of a batch, in places of its entries.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Sends and read marks, as one set of statements.
    Run(Vec<usize>),
    /// Anything else, by itself.
    Act(usize),
}

/// What the plan has to know of an entry.
struct Facts {
    joins_run: bool,
    session: SessionId,
    channel: Option<ChannelId>,
}

/// The steps of a batch. An act of the same session, so of the same socket too, or on the same channel as something in the
/// run waits for the run; any other goes ahead of it, so that the run can be as long as it may.
pub(super) fn plan(works: &[Work]) -> Vec<Step> {
    plan_facts(works.iter().map(|work| Facts {
        joins_run: !matches!(work, Work::Act(_)),
        session: work.actor().session,
        channel: work.channel(),
    }))
}

fn plan_facts(works: impl Iterator<Item = Facts>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut run = Vec::new();
    let mut sessions = HashSet::new();
    let mut channels = HashSet::new();
    for (place, work) in works.enumerate() {
        if work.joins_run {
            run.push(place);
            sessions.insert(work.session);
            channels.extend(work.channel);
            continue;
        }
        let same_session = sessions.contains(&work.session);
        let same_channel = work.channel.is_some_and(|channel| channels.contains(&channel));
        if same_session || same_channel {
            steps.push(Step::Run(std::mem::take(&mut run)));
            sessions.clear();
            channels.clear();
        }
        steps.push(Step::Act(place));
    }
    if !run.is_empty() {
        steps.push(Step::Run(run));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(n: u128) -> Option<ChannelId> {
        Some(ChannelId::from_uuid(uuid::Uuid::from_u128(n)))
    }

    fn session(n: u128) -> SessionId {
        SessionId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn an_act_elsewhere_does_not_break_a_run() {
        let (ann, bob) = (session(1), session(2));
        let steps = plan_facts(
            [
                Facts { joins_run: true, session: ann, channel: channel(1) },
                Facts { joins_run: false, session: bob, channel: channel(2) },
                Facts { joins_run: true, session: ann, channel: channel(1) },
            ]
            .into_iter(),
        );
        assert_eq!(steps, [Step::Act(1), Step::Run(vec![0, 2])]);
    }

    #[test]
    fn an_act_of_the_same_session_or_channel_comes_after_what_stood_before_it() {
        let (ann, bob) = (session(1), session(2));
        for (session, place) in [(ann, channel(2)), (bob, channel(1))] {
            let steps = plan_facts(
                [
                    Facts { joins_run: true, session: ann, channel: channel(1) },
                    Facts { joins_run: false, session, channel: place },
                    Facts { joins_run: true, session: ann, channel: channel(1) },
                ]
                .into_iter(),
            );
            assert_eq!(steps, [Step::Run(vec![0]), Step::Act(1), Step::Run(vec![2])]);
        }
    }
}
