//! Sizes, spans and rates as an operator writes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const KIB: u64 = 1024;
const SIZES: [(&str, u64); 4] = [("GiB", KIB * KIB * KIB), ("MiB", KIB * KIB), ("KiB", KIB), ("B", 1)];
const SPANS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

/// An amount of bytes: `64KiB`, `1MiB`, `2GiB`, `500B`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(u64);

/// A span of time: `500ms`, `10s`, `5min`, `2h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

/// How often something may happen, and how often at once: `5/s:20`, `100/h:100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    amount: u32,
    unit: &'static str,
    burst: u32,
}

/// A parser for an argument that lies between `least` and `most`, both included.
pub(super) fn within<T>(least: &'static str, most: &'static str) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr<Err = String> + PartialOrd,
{
    move |text| {
        let (value, least_value, most_value) = (text.parse::<T>()?, least.parse::<T>()?, most.parse::<T>()?);
        if value < least_value || value > most_value {
            return Err(format!("it must be from {least} to {most}"));
        }
        Ok(value)
    }
}

impl Bytes {
    /// So many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Span {
    /// The span.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl Rate {
    /// The time in which one of them is allowed.
    pub fn per(self) -> Duration {
        Duration::from_millis(unit_millis(self.unit)) / self.amount
    }

    /// How many may come at once.
    pub fn burst(self) -> u32 {
        self.burst
    }
}

fn unit_millis(unit: &str) -> u64 {
    SPANS.iter().find(|(name, _)| *name == unit).map_or(1, |(_, millis)| *millis)
}

/// Longest span, in milliseconds: a year.
const SPAN_MAX: u64 = 365 * 24 * 60 * 60 * 1_000;
/// Highest rate and burst: beyond it nothing is limited, and the arithmetic of the limiter ends.
const RATE_MAX: u32 = 1_000_000;

/// A whole number, above zero, and what follows it.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().ok().filter(|number| *number > 0)?;
    Some((number, text[end..].trim_start()))
}

fn measured(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, unit) = number(text.trim())?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*factor)
}

/// In the largest unit that needs no fraction.
fn shown(amount: u64, units: impl IntoIterator<Item = (&'static str, u64)>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let unit = units.into_iter().find(|(_, factor)| amount.is_multiple_of(*factor));
    match unit {
        Some((unit, factor)) => write!(f, "{}{unit}", amount / factor),
        None => write!(f, "{amount}"),
    }
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = measured(text, &SIZES).filter(|bytes| usize::try_from(*bytes).is_ok());
        bytes.map(Self).ok_or_else(|| "write a size such as 64KiB, 1MiB or 2GiB".to_owned())
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let millis = measured(text, &SPANS).filter(|millis| *millis <= SPAN_MAX);
        let millis =
            millis.ok_or_else(|| "write a span such as 500ms, 10s, 5min, 2h or 7d, 365d at most".to_owned())?;
        Ok(Self(Duration::from_millis(millis)))
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mistake =
            || "write a rate and how many may come at once, such as 5/s:20 or 100/h:100, a million at most".to_owned();
        let (rate, burst) = text.trim().split_once(':').ok_or_else(mistake)?;
        let (amount, unit) = rate.split_once('/').ok_or_else(mistake)?;
        let unit = SPANS.iter().map(|(name, _)| *name).find(|name| *name == unit.trim() && *name != "ms");
        let whole = |text: &str| text.trim().parse::<u32>().ok().filter(|number| *number > 0);
        match (whole(amount), unit, whole(burst)) {
            (Some(amount), Some(unit), Some(burst)) if amount <= RATE_MAX && burst <= RATE_MAX => {
                Ok(Self { amount, unit, burst })
            }
            _ => Err(mistake()),
        }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self.0, SIZES, f)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX), SPANS, f)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.amount, self.unit, self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_may_be_written() {
        for text in ["500B", "64KiB", "1MiB", "3GiB"] {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), text);
        }
        for text in ["500ms", "10s", "5min", "2h", "7d"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["5/s:20", "100/h:100", "3/min:1"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("2048KiB".parse::<Bytes>().unwrap().to_string(), "2MiB");
        assert_eq!("5/s:20".parse::<Rate>().unwrap().per(), Duration::from_millis(200));
    }

    #[test]
    fn a_range_holds_its_ends_and_nothing_beyond() {
        let size = within::<Bytes>("4KiB", "1MiB");
        for text in ["4KiB", "4096B", "1MiB"] {
            assert!(size(text).is_ok(), "{text}");
        }
        for text in ["4095B", "2MiB"] {
            assert_eq!(size(text).unwrap_err(), "it must be from 4KiB to 1MiB", "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in ["", "0KiB", "64", "64kb", "-1MiB", "99999999999GiB", "x"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
        for text in ["", "0s", "10", "1 year", "s", "366d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        for text in ["", "5/s", "5:20", "0/s:1", "5/s:0", "5/ms:1", "5/fortnight:1", "2000000/s:1", "1/d:4294967295"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
