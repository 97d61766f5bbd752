//! What a refused command says: a code for whoever acts, a chain for whoever debugs.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// Shorthand of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command was refused. `UNAVAILABLE` and `INTERNAL` mean that the outcome is unknown: repeat with the same
/// `clientId`. Every other code means that nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// Nobody is signed in, or the credentials are wrong.
    Unauthenticated,
    /// Known to the caller, and not theirs to do.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The request itself is wrong; `errors` says where.
    Invalid,
    /// The request contradicts what is there: a name is taken, a member is in already.
    Conflict,
    /// Too many of this kind; `retryAfterMs` says when to come back.
    RateLimited,
    /// Not begun for want of room or time; nothing changed.
    Busy,
    /// The database did not answer; the outcome is unknown.
    Unavailable,
    /// A fault of ours; the outcome is unknown.
    Internal,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 9] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Invalid,
        Self::Conflict,
        Self::RateLimited,
        Self::Busy,
        Self::Unavailable,
        Self::Internal,
    ];
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct FieldError {
    /// Where, such as `name` or `userIds[3]`; empty for the request as a whole.
    pub path: String,
    /// What kind of mistake: `invalid`, `required`, `unknown`, `taken`, `wrong` (a password), `disabled` (an account).
    pub code: Cow<'static, str>,
    /// The mistake in words.
    pub message: String,
}

/// A refusal. Serialises as `{code, message, errors?, retryAfterMs?}`; its source goes to the log only.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(rename = "ErrorBody", optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct Error {
    code: Code,
    message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "gen", ts(as = "Option<Vec<FieldError>>"))]
    errors: Vec<FieldError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip)]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), errors: Vec::new(), retry_after_ms: None, source: None }
    }

    /// Nobody is signed in, or the credentials are wrong.
    pub fn unauthenticated(message: &'static str) -> Self {
        Self::new(Code::Unauthenticated, message)
    }

    /// Nobody is signed in, or not any more.
    pub fn signed_out() -> Self {
        Self::unauthenticated("sign in first")
    }

    /// Known to the caller, and not theirs to do.
    pub fn forbidden(message: &'static str) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// There is no such `what`, or the caller may not know of it.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(Code::NotFound, format!("no such {what}"))
    }

    /// The request as a whole makes no sense.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Invalid, message)
    }

    /// One field of the request is wrong.
    pub fn invalid_field(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        let (path, message) = (path.into(), message.into());
        let whole = if path.is_empty() { message.clone() } else { format!("{path}: {message}") };
        let mut error = Self::new(Code::Invalid, whole);
        error.errors.push(FieldError { path, code: Cow::Borrowed(code), message });
        error
    }

    /// The request contradicts what is there.
    pub fn conflict(message: &'static str) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// The name in `path` belongs to another, or looks like another's.
    pub fn name_taken(path: &'static str) -> Self {
        let mut error = Self::new(Code::Conflict, "this name is taken");
        let message = "is taken, or looks like one that is".to_owned();
        error.errors.push(FieldError { path: path.to_owned(), code: Cow::Borrowed("taken"), message });
        error
    }

    /// Whoever runs the server has disabled the account whose name is in `path`.
    pub fn account_disabled(path: &'static str) -> Self {
        let mut error = Self::forbidden("this account is disabled");
        let message = "names an account that is disabled".to_owned();
        error.errors.push(FieldError { path: path.to_owned(), code: Cow::Borrowed("disabled"), message });
        error
    }

    /// Too many of this kind; come back after `wait`.
    pub fn rate_limited(wait: Duration) -> Self {
        Self::new(Code::RateLimited, "too many requests").retry_after(wait)
    }

    /// Not begun; nothing changed.
    pub fn busy() -> Self {
        Self::new(Code::Busy, "the server is busy").retry_after(Duration::from_secs(1))
    }

    /// The outcome is unknown.
    pub fn unavailable() -> Self {
        Self::new(Code::Unavailable, "the database is not available").retry_after(Duration::from_secs(1))
    }

    /// A fault of ours, with what led to it.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(Code::Internal, "internal error");
        error.source = Some(source.into());
        error
    }

    fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Give an internal error the id under which the log knows it.
    pub(crate) fn quote(&mut self, id: &str) {
        self.message = Cow::Owned(format!("internal error {id}"));
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The sentence that goes with the code.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is wrong, field by field.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// When to come back, in milliseconds.
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.retry_after_ms
    }

    /// The database's own error, if that is what this one was made of.
    pub(crate) fn database(&self) -> Option<&sqlx::Error> {
        self.source.as_ref()?.downcast_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(error)
    }
}
