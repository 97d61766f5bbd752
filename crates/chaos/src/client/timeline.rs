//! What a client holds of one channel, and how it decides what to show.
//!
//! Everything moves by `rev`: a change at or below the cursor is known, the next one advances it, a later one waits
//! until the gap has been asked for. A message is shown when everything before it has been.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::history::{Row, digest, hex_of};

/// Changes that wait for those before them; beyond it asking is cheaper than keeping.
const HELD_MAX: usize = 1_000;

/// One channel.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Whether the client is in it, as far as it knows.
    pub(super) is_member: bool,
    /// When it last heard of its membership, otherwise than by asking.
    pub(super) moved: f64,
    /// The rev up to which everything is known.
    pub(super) cursor: i64,
    /// The place up to which everything was shown.
    pub(super) shown: i64,
    /// Too much was missed: what lies beyond `shown` has to be listed.
    pub(super) must_list: bool,
    /// While listing: the rev from before the first page.
    pub(super) list_rev: Option<i64>,
    held: BTreeMap<i64, Row>,
    fresh: BTreeMap<i64, Row>,
    view: BTreeMap<i64, Row>,
}

impl Timeline {
    /// Follows a channel from where it is now.
    pub(super) fn from_now(channel: &Value) -> Self {
        let (cursor, shown) = (number(channel, "rev"), number(channel, "seq"));
        Self { is_member: true, cursor, shown, ..Self::default() }
    }

    /// A change has come. False if there is a gap before it.
    pub(super) fn take(&mut self, row: Row) -> bool {
        if row.rev <= self.cursor {
            return true;
        }
        if self.held.len() < HELD_MAX {
            self.held.insert(row.rev, row);
        }
        self.advance()
    }

    /// Everything up to `head` is among these rows and what is known; if `whole`, up to the channel's head. What is
    /// missing all the same is believed not to exist.
    pub(super) fn catch_up(&mut self, rows: Vec<Row>, head: i64, whole: bool) -> (Vec<Row>, bool) {
        rows.into_iter().for_each(|row| self.put(row));
        self.cursor = self.cursor.max(head);
        let mut shown = self.show();
        while whole && let Some(&next) = self.fresh.keys().next() {
            self.shown = next - 1;
            shown.extend(self.show());
        }
        let complete = self.advance();
        shown.extend(self.show());
        (shown, complete)
    }

    /// Rows of the listing; `rev`: the cursor that the last page brings.
    pub(super) fn listed(&mut self, rows: Vec<Row>, rev: Option<i64>) {
        rows.into_iter().for_each(|row| self.put(row));
        if let Some(rev) = rev {
            self.must_list = false;
            self.cursor = self.cursor.max(rev);
        }
    }

    /// What was held so far may be stale.
    pub(super) fn begin_listing(&mut self) {
        self.view.clear();
        self.fresh.clear();
        self.must_list = true;
    }

    /// Goes on as if nothing were missing: what a careless client does.
    pub(super) fn skip_to(&mut self, rev: i64, seq: i64) {
        (self.cursor, self.shown) = (self.cursor.max(rev), self.shown.max(seq));
        self.held.retain(|rev, _| *rev > self.cursor);
        self.fresh.retain(|seq, _| *seq > self.shown);
    }

    /// The messages that can be shown now, in order.
    pub(super) fn show(&mut self) -> Vec<Row> {
        let mut now = Vec::new();
        while let Some(row) = self.fresh.remove(&(self.shown + 1)) {
            self.shown += 1;
            self.view.insert(row.seq, row.clone());
            now.push(row);
        }
        now
    }

    /// What is held at the end: from where, and its digest.
    pub(super) fn held(&self) -> (i64, String) {
        let from = self.view.keys().next().copied().unwrap_or(self.shown + 1);
        (from, digest(self.view.values().map(|row| (row.seq, &*row.hash))))
    }

    /// Whether something is still missing.
    pub(super) fn is_behind(&self) -> bool {
        self.is_member && (self.must_list || !self.held.is_empty() || !self.fresh.is_empty())
    }

    fn advance(&mut self) -> bool {
        while let Some(entry) = self.held.first_entry() {
            match *entry.key() - self.cursor {
                ..=0 => _ = entry.remove(),
                1 => {
                    let row = entry.remove();
                    self.cursor = row.rev;
                    self.put(row);
                }
                _ => return false,
            }
        }
        true
    }

    fn put(&mut self, row: Row) {
        let place = if row.seq > self.shown { &mut self.fresh } else { &mut self.view };
        match place.get_mut(&row.seq) {
            Some(old) if old.rev < row.rev => *old = row,
            // Of what is older than the view nothing is held.
            None if row.seq > self.shown => _ = place.insert(row.seq, row),
            _ => {}
        }
    }
}

/// A message as the server tells it.
pub(super) fn row_of(message: &Value) -> Row {
    let id = message["id"].as_str().unwrap_or_default().to_owned();
    Row {
        seq: id.parse().unwrap_or(0),
        cmid: message["clientId"].as_str().map(ToOwned::to_owned),
        hash: hex_of(message["content"].as_str().unwrap_or_default()),
        rev: number(message, "rev"),
        changed: message.get("editedAt").is_some() || message.get("deletedAt").is_some(),
        id,
    }
}

/// A number in an object; 0 where there is none.
pub(super) fn number(object: &Value, name: &str) -> i64 {
    object[name].as_i64().unwrap_or(0)
}
