//! A history that somebody else's program wrote: nothing in it but what every program can know.

use super::{Kind, kinds};
use crate::history::Record;

/// Ann and Ben talk; Ben leaves, and Ann goes on.
const GOOD: &str = r#"
{"type":"conn","t":0.5,"proc":"a","user":"ann","up":true}
{"type":"conn","t":0.6,"proc":"b","user":"ben","up":true}
{"type":"member","t":1,"user":"ann","chan":"c","op":"join","head":0}
{"type":"member","t":2,"user":"ben","chan":"c","op":"join","head":0}
{"type":"send","t0":3,"t1":4,"res":"info","proc":"a","user":"ann","chan":"c","cmid":"m1","hash":"h1"}
{"type":"send","t0":5,"t1":6,"res":"ok","proc":"a","user":"ann","chan":"c","cmid":"m1","hash":"h1","seq":1,"id":"1"}
{"type":"recv","t":7,"proc":"a","user":"ann","chan":"c","seq":1,"id":"1","cmid":"m1","hash":"h1"}
{"type":"recv","t":8,"proc":"b","user":"ben","chan":"c","seq":1,"id":"1","cmid":"m1","hash":"h1"}
{"type":"send","t0":9,"t1":10,"res":"ok","proc":"b","user":"ben","chan":"c","cmid":"m2","hash":"h2","seq":2,"id":"2"}
{"type":"recv","t":11,"proc":"b","user":"ben","chan":"c","seq":2,"id":"2","cmid":"m2","hash":"h2"}
{"type":"recv","t":12,"proc":"a","user":"ann","chan":"c","seq":2,"id":"2","cmid":"m2","hash":"h2"}
{"type":"read","t0":13,"t1":14,"user":"ben","chan":"c","upto":2}
{"type":"send","t0":15,"t1":16,"res":"fail","proc":"b","user":"ben","chan":"c","cmid":"m9","hash":"h9"}
{"type":"member","t":17,"user":"ben","chan":"c","op":"leave","head":2}
{"type":"send","t0":18,"t1":19,"res":"ok","proc":"a","user":"ann","chan":"c","cmid":"m3","hash":"h3","seq":3,"id":"3"}
{"type":"recv","t":20,"proc":"a","user":"ann","chan":"c","seq":3,"id":"3","cmid":"m3","hash":"h3"}
{"type":"quiesce","t":21}
{"type":"log","node":"one","chan":"c","rows":[{"seq":1,"id":"1","cmid":"m1","hash":"h1"},{"seq":2,"id":"2","cmid":"m2","hash":"h2"},{"seq":3,"id":"3","cmid":"m3","hash":"h3"}]}
"#;

fn read(text: &str) -> Vec<Record> {
    text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).expect("a record")).collect()
}

/// The history with another text in place of one that it has once.
fn with(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "{old}");
    GOOD.replace(old, new)
}

/// The lines that begin so, which the history has.
fn lines(begin: &str) -> Vec<&'static str> {
    let lines: Vec<_> = GOOD.lines().filter(|line| line.starts_with(begin)).collect();
    assert!(!lines.is_empty(), "{begin}");
    lines
}

#[test]
fn a_good_one_passes() {
    assert_eq!(kinds(&read(GOOD)), []);
}

#[test]
fn every_broken_one_is_refused() {
    let [bens_first, bens_second, anns_second, anns_last] =
        [r#"{"type":"recv","t":8"#, r#"{"type":"recv","t":11"#, r#"{"type":"recv","t":12"#, r#"{"type":"recv","t":20"#]
            .map(|begin| lines(begin)[0]);
    let to_ben = anns_last.replace("\"a\",\"user\":\"ann\"", "\"b\",\"user\":\"ben\"");
    for (what, kind, text) in [
        (
            "an acknowledged message is missing",
            Kind::Lost,
            with(r#",{"seq":3,"id":"3","cmid":"m3","hash":"h3"}]"#, "]"),
        ),
        ("shown twice", Kind::Duplicate, with(bens_first, &format!("{bens_first}\n{bens_first}"))),
        (
            "stored twice",
            Kind::Duplicate,
            with(r#""hash":"h3"}]"#, r#""hash":"h3"},{"seq":4,"id":"4","cmid":"m1","hash":"h1"}]"#),
        ),
        (
            "shown in two orders",
            Kind::Order,
            with(bens_first, "first").replace(bens_second, bens_first).replace("first", bens_second),
        ),
        ("a gap in the middle", Kind::Gap, with(anns_second, "")),
        ("a gap at the end", Kind::Gap, with(anns_last, "")),
        ("a gap in the log", Kind::Gap, with(r#"{"seq":2,"id":"2","cmid":"m2","hash":"h2"},"#, "")),
        ("a delivery after leaving", Kind::Intruder, with(anns_last, &format!("{anns_last}\n{to_ben}"))),
        ("another content", Kind::Log, with(r#""cmid":"m3","hash":"h3"}]"#, r#""cmid":"m3","hash":"h0"}]"#)),
        (
            "a second answer",
            Kind::Answer,
            with(
                r#""res":"info","proc":"a","user":"ann","chan":"c","cmid":"m1","hash":"h1""#,
                r#""res":"ok","proc":"a","user":"ann","chan":"c","cmid":"m1","hash":"h1","seq":2,"id":"2""#,
            ),
        ),
        (
            "what was refused is stored",
            Kind::Refused,
            with(r#""hash":"h3"}]"#, r#""hash":"h3"},{"seq":4,"id":"4","cmid":"m9","hash":"h9"}]"#),
        ),
        ("no end", Kind::Empty, with(lines(r#"{"type":"quiesce""#)[0], "")),
        ("nothing", Kind::Empty, String::new()),
    ] {
        let found = kinds(&read(&text));
        assert!(found.contains(&kind), "{what}: {found:?}");
    }
}
