//! The corpus of the fuzz targets, and what proptest makes of it: fuzzing with nothing but the stable toolchain.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

/// The inputs that are kept for a target, in `fuzz/corpus/<target>`, in the order of their names.
///
/// # Panics
/// If there is none: then nothing would be tested.
pub fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<(PathBuf, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("the folder is read").path();
            let bytes = std::fs::read(&path).expect("the input is read");
            (path, bytes)
        })
        .collect();
    assert!(!inputs.is_empty(), "{} is empty", folder.display());
    inputs.sort();
    inputs
}

/// Calls the target with every input that is kept for it, then with changed ones and with any bytes; as many as
/// `PROPTEST_CASES` says, 256 by default.
///
/// # Panics
/// If the target panics; the input is named.
pub fn check(target: &str, act: impl Fn(&[u8])) {
    let inputs = inputs(target);
    for (path, input) in &inputs {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| act(input))) {
            eprintln!("the input is {}", path.display());
            resume_unwind(panic);
        }
    }
    let kept: Vec<Vec<u8>> = inputs.into_iter().map(|(_, input)| input).collect();
    // Failures become files of the corpus, by hand, so that the fuzzer knows them too.
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let ran = runner.run(&varied(kept), |input| {
        act(&input);
        Ok(())
    });
    ran.unwrap_or_else(|failure| panic!("{target}: {failure}"));
}

/// A change of an input, at a place that is taken modulo its length.
#[derive(Clone, Debug)]
enum Edit {
    Set(u8),
    Insert(u8),
    Remove(usize),
    Repeat(usize),
}

fn varied(kept: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edit = prop_oneof![
        any::<u8>().prop_map(Edit::Set),
        any::<u8>().prop_map(Edit::Insert),
        (1..9_usize).prop_map(Edit::Remove),
        (1..9_usize).prop_map(Edit::Repeat),
    ];
    let changed = (select(kept.clone()), prop::collection::vec((any::<usize>(), edit), 1..6))
        .prop_map(|(input, edits)| edits.into_iter().fold(input, apply));
    let joined = (select(kept.clone()), select(kept), any::<usize>()).prop_map(|(mut input, other, at)| {
        input.truncate(at % (input.len() + 1));
        input.extend(other);
        input
    });
    prop_oneof![4 => changed, 1 => joined, 1 => prop::collection::vec(any::<u8>(), 0..300)]
}

fn apply(mut input: Vec<u8>, (at, edit): (usize, Edit)) -> Vec<u8> {
    let at = at % (input.len() + 1);
    let within = |len: usize| at..(at + len).min(input.len());
    match edit {
        Edit::Set(byte) if at < input.len() => input[at] = byte,
        Edit::Set(byte) | Edit::Insert(byte) => input.insert(at, byte),
        Edit::Remove(len) => drop(input.drain(within(len))),
        Edit::Repeat(len) => {
            let part = input[within(len)].to_vec();
            input.splice(at..at, part);
        }
    }
    input
}
