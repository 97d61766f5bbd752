//! The one answer that a command gets.

use serde::Serialize;
use serde::ser::Serializer;
use serde_json::value::{RawValue, to_raw_value};

use crate::error::{Code, Error};

/// An answer, ready for the wire: `{status:"OK", data?, hasMore?, …}` or `{status:"ERROR", code, message, …}`.
#[derive(Debug, Clone)]
pub struct Answer {
    code: Option<Code>,
    json: Box<RawValue>,
}

#[derive(Serialize)]
struct Shape<'a, T> {
    status: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

impl Answer {
    /// A reply, one of the shapes of [`wire`](crate::wire).
    pub fn ok(reply: &impl Serialize) -> Self {
        Self::new(None, &Shape { status: "OK", body: reply })
    }

    fn new(code: Option<Code>, shape: &impl Serialize) -> Self {
        let json = to_raw_value(shape).expect("answers are maps with string keys");
        Self { code, json }
    }

    /// The code of a refusal.
    pub fn code(&self) -> Option<Code> {
        self.code
    }

    /// The answer as JSON text.
    pub fn json(&self) -> &str {
        self.json.get()
    }
}

impl From<&Error> for Answer {
    fn from(error: &Error) -> Self {
        Self::new(Some(error.code()), &Shape { status: "ERROR", body: error })
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}
