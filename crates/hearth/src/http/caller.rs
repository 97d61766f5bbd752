//! Who calls a route that only somebody may call.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use chat::{Error, Identity, LimitClass};
use http::{Method, request};

use super::error::HttpError;
use crate::app::App;

/// The person and device behind a request; without a living session the request is refused.
pub(crate) struct Caller {
    pub(crate) identity: Identity,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut request::Parts, app: &Arc<App>) -> Result<Self, HttpError> {
        let token = app.cookie.token(&parts.headers).ok_or_else(Error::signed_out)?;
        let identity = app.chat.authenticate(token).await?.ok_or_else(Error::signed_out)?;
        let class = if parts.method == Method::GET { LimitClass::Read } else { LimitClass::Other };
        app.limits.command(class, identity.user)?;
        Ok(Self { identity })
    }
}
