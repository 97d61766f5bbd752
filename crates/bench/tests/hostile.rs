//! Hostile clients against the real server in a process of its own: what it holds for them is bounded, and all of it comes
//! back, although none of them leaves by itself. The same as `cargo xtask bench hostile` with fewer of them; judged by
//! counts and bytes, never by the clock.

use bench::hostile::{Outcome, Plan, attack};
use bench::server::{Program, Server};

/// What a stalled or half-open connection may cost, in bytes: its share of what everybody was told is a reference, its HTTP
/// buffer at most 16 KiB.
const CONNECTION: u64 = 24 * 1024;
/// What an unfinished frame of a megabyte may cost, in bytes: a buffer that grew by doubling, and the one that it was
/// copied from.
const UNFINISHED: u64 = 2_500_000;
/// What the allocator may keep for itself, and the run-to-run difference of a resident set, in bytes.
const SLACK: u64 = 12 << 20;

fn outcome(plan: &Plan) -> Outcome {
    let program = Program::new("`socketio`", vec![env!("CARGO_BIN_EXE_socketio-server").into()]);
    // Every deadline is short, so that the server is rid of everybody soon.
    let program = program.with("DEADLINE_MS", "3000");
    let server = Server::start(&program, None).expect("the server starts");
    attack(&server, plan).expect("the healthy are served and the server survives")
}

#[test]
fn an_attack_is_bounded_and_leaves_nothing_behind() {
    let plan = Plan {
        healthy: 20,
        pace: 400,
        stalled: 200,
        half_open: 200,
        unfinished: 20,
        flood: 20_000,
        seconds: 0.4,
        attacks: 3,
    };
    let outcome = outcome(&plan);
    assert_eq!(outcome.lost, 0, "every healthy client hears everything");
    let connections = (plan.stalled + plan.half_open) as u64;
    let bound = outcome.before.memory + connections * CONNECTION + plan.unfinished as u64 * UNFINISHED + SLACK;
    for (at, round) in (1..).zip(&outcome.rounds) {
        assert!(round.peak <= bound, "attack {at}: {} bytes at the most, above {bound}", round.peak);
        assert_eq!(
            (round.after.sessions, round.after.sockets, round.after.queued),
            (outcome.before.sessions, outcome.before.sockets, 0),
            "attack {at}"
        );
        assert!(round.after.descriptors <= outcome.before.descriptors, "attack {at}: {:?}", round.after);
    }
    let ended = outcome.rounds.last().expect("there were attacks").after;
    assert!(ended.stalled >= (plan.stalled * plan.attacks) as u64, "those who did not read were ended: {ended:?}");
    for round in &outcome.rounds {
        assert!(round.held < outcome.before.memory + SLACK / 2, "{round:?} after {:?}", outcome.before);
    }
}
