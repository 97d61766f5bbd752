//! What an application attaches to a socket.

use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

type Value = dyn Any + Send + Sync;
type ToJson = fn(&Value) -> Option<Box<RawValue>>;

/// A value of any type, and for those that are shared how they become JSON.
#[derive(Clone)]
pub(crate) struct Data {
    value: Arc<Value>,
    to_json: Option<ToJson>,
}

impl Data {
    /// For this server alone.
    pub(crate) fn own<T: Any + Send + Sync>(value: T) -> Data {
        Data { value: Arc::new(value), to_json: None }
    }

    /// Also for whoever fetches the socket.
    pub(crate) fn shared<T: Any + Send + Sync + Serialize>(value: T) -> Data {
        Data { value: Arc::new(value), to_json: Some(|value| to_raw_value(value.downcast_ref::<T>()?).ok()) }
    }

    pub(crate) fn get<T: Any + Send + Sync>(self) -> Option<Arc<T>> {
        self.value.downcast().ok()
    }

    /// As it is now; none if it is not shared, or does not serialise.
    pub(crate) fn to_json(&self) -> Option<Box<RawValue>> {
        self.to_json?(&*self.value)
    }
}
