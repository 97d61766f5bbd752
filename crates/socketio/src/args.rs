//! Arguments of events and acks: how Rust values become them and come back out of them.

use std::cell::RefCell;

use bytes::Bytes;
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use smallvec::SmallVec;

/// The arguments of a received event or ack: JSON texts, checked but not parsed, and binary attachments.
///
/// Cheap to pass on as it is: `Args` implements [`EmitArgs`], so what came in can go out again unread.
#[derive(Debug, Clone, Default)]
pub struct Args {
    values: SmallVec<[Box<RawValue>; 1]>,
    attachments: Vec<Bytes>,
}

impl Args {
    pub(crate) fn from_values(values: SmallVec<[Box<RawValue>; 1]>) -> Args {
        Args { values, attachments: Vec::new() }
    }

    pub(crate) fn set_attachments(&mut self, attachments: Vec<Bytes>) {
        self.attachments = attachments;
    }

    /// How many arguments there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The JSON text of one argument, counted from 0.
    pub fn raw(&self, index: usize) -> Option<&RawValue> {
        self.values.get(index).map(|value| &**value)
    }

    /// The binary attachments, in the order of their placeholders' numbers.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// The arguments as a JSON array. Binary values stand in it as the protocol's placeholders.
    pub fn to_json(&self) -> String {
        let mut text = String::from("[");
        for (index, value) in self.values.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(value.get());
        }
        text.push(']');
        text
    }

    /// Reads the arguments as a tuple, `(A,)` for one, or as a `Vec<T>` for any number.
    ///
    /// A missing argument counts as `null`, so an `Option` at the end may be left out.
    ///
    /// # Errors
    /// [`ArgsError`] names the argument that does not fit, or says that there are too many.
    pub fn parse<T: FromArgs>(&self) -> Result<T, ArgsError> {
        attachments::provide(&self.attachments, || T::from_args(self))
    }
}

/// Arguments that are not what the handler expects.
#[derive(Debug, thiserror::Error)]
pub enum ArgsError {
    /// The argument at `index` is missing or of another type.
    #[error("argument {index}: {source}")]
    Mismatch {
        /// Which argument, counted from 0.
        index: usize,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// There are more arguments than the tuple has fields.
    #[error("{found} arguments, at most {expected} expected")]
    TooMany {
        /// How many the tuple has.
        expected: usize,
        /// How many came.
        found: usize,
    },
}

/// What the arguments of an event can be read as: tuples of up to eight fields, or a `Vec`.
pub trait FromArgs: Sized {
    /// Reads the arguments. Called through [`Args::parse`].
    ///
    /// # Errors
    /// [`ArgsError`] if they do not fit.
    fn from_args(args: &Args) -> Result<Self, ArgsError>;
}

/// What can be emitted: tuples of up to eight fields, a `Vec`, or received [`Args`].
pub trait EmitArgs {
    /// Writes each argument in turn.
    ///
    /// # Errors
    /// Whatever the value's own `Serialize` fails with.
    fn write(&self, out: &mut ArgWriter<'_>) -> Result<(), serde_json::Error>;
}

/// Where [`EmitArgs`] writes to: the inside of the packet's JSON array.
#[derive(Debug)]
pub struct ArgWriter<'a> {
    buf: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> ArgWriter<'a> {
    /// `first`: nothing stands in the array yet, so no comma is due.
    pub(crate) fn new(buf: &'a mut Vec<u8>, first: bool) -> ArgWriter<'a> {
        ArgWriter { buf, first }
    }

    /// Appends one argument.
    ///
    /// # Errors
    /// Whatever the value's own `Serialize` fails with.
    pub fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), serde_json::Error> {
        if !std::mem::take(&mut self.first) {
            self.buf.push(b',');
        }
        serde_json::to_writer(&mut *self.buf, value)
    }
}

fn argument<T: DeserializeOwned>(args: &Args, index: usize) -> Result<T, ArgsError> {
    let text = args.raw(index).map_or("null", RawValue::get);
    serde_json::from_str(text).map_err(|source| ArgsError::Mismatch { index, source })
}

fn at_most(args: &Args, expected: usize) -> Result<(), ArgsError> {
    if args.len() > expected { Err(ArgsError::TooMany { expected, found: args.len() }) } else { Ok(()) }
}

macro_rules! tuples {
    ($($count:literal: $($name:ident $index:tt),*;)*) => {$(
        impl<$($name: DeserializeOwned),*> FromArgs for ($($name,)*) {
            fn from_args(args: &Args) -> Result<Self, ArgsError> {
                at_most(args, $count)?;
                Ok(($(argument::<$name>(args, $index)?,)*))
            }
        }

        impl<$($name: Serialize),*> EmitArgs for ($($name,)*) {
            fn write(&self, _out: &mut ArgWriter<'_>) -> Result<(), serde_json::Error> {
                $(_out.push(&self.$index)?;)*
                Ok(())
            }
        }
    )*};
}

tuples! {
    0: ;
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

impl<T: DeserializeOwned> FromArgs for Vec<T> {
    fn from_args(args: &Args) -> Result<Vec<T>, ArgsError> {
        (0..args.len()).map(|index| argument(args, index)).collect()
    }
}

impl<T: Serialize> EmitArgs for Vec<T> {
    fn write(&self, out: &mut ArgWriter<'_>) -> Result<(), serde_json::Error> {
        self.iter().try_for_each(|value| out.push(value))
    }
}

impl EmitArgs for Args {
    fn write(&self, out: &mut ArgWriter<'_>) -> Result<(), serde_json::Error> {
        attachments::adopt(&self.attachments);
        self.values.iter().try_for_each(|value| out.push(value))
    }
}

impl<T: EmitArgs + ?Sized> EmitArgs for &T {
    fn write(&self, out: &mut ArgWriter<'_>) -> Result<(), serde_json::Error> {
        T::write(self, out)
    }
}

/// Bytes as an argument, or anywhere inside one: it travels as a binary attachment, not as JSON.
///
/// Outside of a packet it serialises as plain bytes and refuses to deserialise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Binary(pub Bytes);

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(number) = attachments::put(&self.0) else { return serializer.serialize_bytes(&self.0) };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("_placeholder", &true)?;
        map.serialize_entry("num", &number)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Binary, D::Error> {
        #[derive(Deserialize)]
        struct Placeholder {
            #[serde(rename = "_placeholder")]
            marked: bool,
            num: usize,
        }
        let Placeholder { marked, num } = Placeholder::deserialize(deserializer)?;
        let found = if marked { attachments::get(num) } else { None };
        found.map(Binary).ok_or_else(|| D::Error::custom("expected a binary attachment"))
    }
}

/// The attachments of the packet that is being written or read on this thread.
///
/// serde gives a value no way to see what it is part of, so [`Binary`] finds its packet here. Each scope puts back what
/// was there before, so a `Serialize` that itself emits does no harm.
pub(crate) mod attachments {
    use super::*;

    thread_local! {
        static OUTGOING: RefCell<Option<Vec<Bytes>>> = const { RefCell::new(None) };
        static INCOMING: RefCell<Vec<Bytes>> = const { RefCell::new(Vec::new()) };
    }

    /// Puts the previous scope back, also when a `Serialize` panics.
    struct Restore<T: 'static>(&'static std::thread::LocalKey<RefCell<T>>, Option<T>);

    impl<T> Drop for Restore<T> {
        fn drop(&mut self) {
            if let Some(previous) = self.1.take() {
                self.0.replace(previous);
            }
        }
    }

    /// Runs `write` and returns the attachments that it met.
    pub(crate) fn collect<E>(write: impl FnOnce() -> Result<(), E>) -> Result<Vec<Bytes>, E> {
        let restore = Restore(&OUTGOING, Some(OUTGOING.replace(Some(Vec::new()))));
        write()?;
        let found = OUTGOING.with_borrow_mut(Option::take).unwrap_or_default();
        drop(restore);
        Ok(found)
    }

    /// Adds an attachment to the packet that is being written and returns its number; `None` if there is no packet.
    pub(super) fn put(bytes: &Bytes) -> Option<usize> {
        OUTGOING.with_borrow_mut(|outgoing| {
            let outgoing = outgoing.as_mut()?;
            outgoing.push(bytes.clone());
            Some(outgoing.len() - 1)
        })
    }

    /// Takes over attachments whose placeholders are already numbered from 0.
    pub(super) fn adopt(attachments: &[Bytes]) {
        OUTGOING.with_borrow_mut(|outgoing| {
            if let Some(outgoing) = outgoing {
                outgoing.extend_from_slice(attachments);
            }
        });
    }

    /// Runs `read` with these attachments at hand.
    pub(super) fn provide<T>(attachments: &[Bytes], read: impl FnOnce() -> T) -> T {
        if attachments.is_empty() {
            return read();
        }
        let _restore = Restore(&INCOMING, Some(INCOMING.replace(attachments.to_vec())));
        read()
    }

    /// An attachment of the packet that is being read.
    pub(super) fn get(number: usize) -> Option<Bytes> {
        INCOMING.with_borrow(|incoming| incoming.get(number).cloned())
    }
}
