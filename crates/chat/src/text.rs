//! Text that people type, valid if it exists: each type is checked once, at the door.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::GeneralSecurityProfile;

/// Bounds of user names, in Unicode scalar values: two tell people apart, thirty-two fit a line.
pub const USERNAME_LENGTH: (usize, usize) = (2, 32);
/// Bounds of channel names, in Unicode scalar values.
pub const CHANNEL_NAME_LENGTH: (usize, usize) = (2, 32);
/// Bounds of display names, in Unicode scalar values.
pub const DISPLAY_NAME_LENGTH: (usize, usize) = (1, 64);
/// Longest topic, in Unicode scalar values: one line on a wide screen.
pub const TOPIC_MAX: usize = 250;
/// Bounds of passwords, in Unicode scalar values: the upper one bounds the work of a hash.
pub const PASSWORD_LENGTH: (usize, usize) = (8, 128);
/// Bounds of a message's content, in Unicode scalar values: a page of text, far below a packet's limit.
pub const CONTENT_LENGTH: (usize, usize) = (1, 5_000);
/// Longest search text, in Unicode scalar values: no name is longer than twice this.
pub const SEARCH_MAX: usize = 64;
/// Longest `clientId`, in bytes: a UUID with room to spare.
pub const CLIENT_ID_MAX: usize = 64;

/// Why a text was refused, as one clause for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextError(String);

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TextError {}

fn refuse<T>(reason: impl Into<String>) -> Result<T, TextError> {
    Err(TextError(reason.into()))
}

fn check_length(text: &str, (least, most): (usize, usize)) -> Result<(), TextError> {
    let length = text.chars().count();
    if (least..=most).contains(&length) {
        return Ok(());
    }
    refuse(format!("must have {least} to {most} characters, has {length}"))
}

/// How a name compares without regard to compatibility forms and case: for equality, order and prefix search.
/// Upper case first, because `ß`, `ς` and `ı` have one capital with `ss`, `σ` and `i`.
pub fn fold(name: &str) -> String {
    name.nfkc().collect::<String>().to_uppercase().to_lowercase().nfkc().collect()
}

/// What a name looks like (UTS 39, "skeleton"): two names that can be mistaken for each other have the same look.
/// Folded again, because the skeleton of `0` is a capital `O`.
pub fn look(name: &str) -> String {
    fold(&unicode_security::skeleton(&fold(name)).collect::<String>())
}

fn checked_name(text: &str, bounds: (usize, usize), spaces: bool) -> Result<String, TextError> {
    let name: String = text.nfkc().collect();
    check_length(&name, bounds)?;
    let mut before = None;
    for c in name.chars() {
        let fits = match c {
            ' ' => spaces && before.is_some_and(|b| b != ' '),
            '.' | '_' | '-' => true,
            _ if is_combining_mark(c) => c.identifier_allowed() && before.is_some_and(char::is_alphanumeric),
            // `identifier_allowed` keeps out letters that nobody sees, such as the Hangul fillers.
            _ => c.is_alphanumeric() && c.identifier_allowed(),
        };
        if !fits {
            return refuse(if spaces {
                "may hold letters, digits, single inner spaces and . _ -"
            } else {
                "may hold letters, digits and . _ -"
            });
        }
        // Several marks may follow one letter.
        before = if is_combining_mark(c) { before } else { Some(c) };
    }
    if before == Some(' ') {
        return refuse("may not end with a space");
    }
    Ok(name)
}

/// Characters that change how the text around them is shown, or that nobody sees.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{2800}' | '\u{1D159}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "string"))]
        #[serde(try_from = "String")]
        #[sqlx(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                let check: fn(String) -> Result<String, TextError> = $check;
                check(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type! {
    /// A user's name, in NFKC: letters, digits, `.`, `_`, `-`.
    Username, |text| checked_name(&text, USERNAME_LENGTH, false)
}
text_type! {
    /// A channel's name, in NFKC: letters, digits, `.`, `_`, `-` and single inner spaces.
    ChannelName, |text| checked_name(&text, CHANNEL_NAME_LENGTH, true)
}
text_type! {
    /// How a user wants to be called; need not be unique.
    DisplayName, |text| {
        let name: String = text.nfkc().collect();
        check_length(&name, DISPLAY_NAME_LENGTH)?;
        if name.trim() != name {
            return refuse("may not begin or end with a space");
        }
        // It would sit on whatever stands before the name, and alone nobody sees it.
        if name.chars().next().is_some_and(is_combining_mark) {
            return refuse("may not begin with a mark that belongs to a letter before it");
        }
        if name.chars().any(is_deceptive) {
            return refuse("may not hold control or invisible characters");
        }
        Ok(name)
    }
}
text_type! {
    /// What a channel is about, in one line. May be empty.
    Topic, |text| {
        check_length(&text, (0, TOPIC_MAX))?;
        if text.chars().any(is_deceptive) {
            return refuse("may not hold control or invisible characters");
        }
        Ok(text)
    }
}
text_type! {
    /// What a message says. Stored and shown as the text that it is.
    Content, |text| {
        check_length(&text, CONTENT_LENGTH)?;
        if text.trim().is_empty() {
            return refuse("may not be nothing but spaces");
        }
        // PostgreSQL's TEXT cannot hold it.
        if text.contains('\0') {
            return refuse("may not hold the character NUL");
        }
        Ok(text)
    }
}
text_type! {
    /// The beginning of a name that somebody looks for. May be empty: everything.
    SearchText, |text| {
        check_length(&text, (0, SEARCH_MAX))?;
        if text.contains('\0') {
            return refuse("may not hold the character NUL");
        }
        Ok(text)
    }
}
text_type! {
    /// The sender's own name for a message, by which a repeated send is known. Opaque to the server.
    ClientId, |text| {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if plain && (1..=CLIENT_ID_MAX).contains(&text.len()) {
            return Ok(text);
        }
        refuse(format!("must be 1 to {CLIENT_ID_MAX} of A-Z a-z 0-9 _ -"))
    }
}

impl Default for SearchText {
    /// Everything begins with this.
    fn default() -> Self {
        Self(String::new())
    }
}

impl SearchText {
    /// The half-open range of folded names that begin with this text. Without LIKE, whose escapes and case rules
    /// differ between databases.
    pub fn prefix_range(&self) -> (String, String) {
        let first = fold(&self.0);
        // At its end a sigma is folded to the one that ends a word, and where it ends this text it need not end the name.
        // The two have neighbouring numbers, so that the range holds both.
        let (first, last) = match first.strip_suffix(['ς', 'σ']) {
            Some(before) => (format!("{before}ς"), format!("{before}σ")),
            None => (first.clone(), first),
        };
        let end = format!("{last}{}", char::MAX);
        (first, end)
    }
}

/// A password as it was typed. Serialises nowhere and shows itself to no log.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "string"))]
#[serde(try_from = "String")]
pub struct Password(String);

impl Password {
    /// The secret itself, for hashing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Password {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        check_length(&text, PASSWORD_LENGTH)?;
        Ok(Self(text))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
