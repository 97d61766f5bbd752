//! What every answer is made of: the shapes that a command's reply can have beside `status: "OK"`.

use serde::Serialize;

/// How many rows a page holds at most: enough for a screen and its scroll, small enough to build in a few milliseconds.
pub const PAGE_MAX: u32 = 100;
/// How many rows a page holds when nothing is said.
pub const PAGE_DEFAULT: u32 = 10;
/// Most bytes of an answer: it fits a socket's outbound bound (1 MiB) several times.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// A reply without anything to say.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "object"))]
pub struct Empty {}

/// One thing.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Data<T> {
    /// The thing.
    pub data: T,
}

/// A page of things.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The things, in the order that was asked for.
    pub data: Vec<T>,
    /// Whether more follow after the last of them.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// The first `size` of `rows`, of which one more than `size` was asked for to see whether more follow.
    pub(crate) fn cut(mut rows: Vec<T>, size: PageSize) -> Self {
        let has_more = rows.len() > size.rows();
        rows.truncate(size.rows());
        Self { data: rows, has_more }
    }
}

/// How many rows a page shall hold: 1 to [`PAGE_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "number"))]
#[serde(try_from = "u32")]
pub struct PageSize(u32);

impl PageSize {
    /// The number of rows.
    pub const fn rows(self) -> usize {
        self.0 as usize
    }

    /// One row more than the page holds: whether there is one tells whether more follow.
    pub(crate) fn probe(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(PAGE_DEFAULT)
    }
}

impl TryFrom<u32> for PageSize {
    type Error = String;

    fn try_from(size: u32) -> Result<Self, String> {
        if (1..=PAGE_MAX).contains(&size) { Ok(Self(size)) } else { Err(format!("a size is 1 to {PAGE_MAX}")) }
    }
}

/// Derives of a request's payload.
macro_rules! payload {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($body:tt)* }) => {
        #[derive(Debug, Clone, serde::Deserialize)]
        #[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(optional_fields))]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        $(#[$meta])*
        $vis struct $name { $($body)* }
    };
}
pub(crate) use payload;

/// Derives of a thing that answers and events carry.
macro_rules! wire {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($body:tt)* }) => {
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[cfg_attr(feature = "gen", derive(ts_rs::TS))]
        #[serde(rename_all = "camelCase")]
        $(#[$meta])*
        $vis struct $name { $($body)* }
    };
}
pub(crate) use wire;
