//! The HTTP service that is mounted: the engine, and next to it the browser's client.

use std::convert::Infallible;
use std::fmt;
use std::fs;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use engineio::{Body, Cors, Engine};
use hashbrown::HashMap;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};

/// A server as a tower service, made by [`crate::Server::service`]; mount it at any path.
#[derive(Clone)]
pub struct Service {
    engine: Engine,
    bundle: Option<Arc<Bundle>>,
}

impl Service {
    pub(crate) fn new(engine: Engine, bundle: Option<Arc<Bundle>>) -> Service {
        Service { engine, bundle }
    }
}

impl<B> tower_service::Service<Request<B>> for Service
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        <Engine as tower_service::Service<Request<B>>>::poll_ready(&mut self.engine, context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(bundle) = &self.bundle else { return tower_service::Service::call(&mut self.engine, request) };
        let Some(file) = bundle.find(request.method(), request.uri().path()) else {
            return tower_service::Service::call(&mut self.engine, request);
        };
        let (parts, _) = request.into_parts();
        let response = file.answer(&parts, &bundle.cors);
        Box::pin(async move { Ok(response) })
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// The files of the official client, `dist/` of npm's socket.io-client, in memory.
pub(crate) struct Bundle {
    files: HashMap<String, File>,
    cors: Cors,
}

struct File {
    content: Bytes,
    kind: &'static str,
    tag: HeaderValue,
}

impl Bundle {
    /// Reads the scripts and source maps of a folder, not of folders in it.
    pub(crate) fn read(folder: &Path, cors: Cors) -> io::Result<Bundle> {
        let mut files = HashMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = match Path::new(&name).extension().and_then(|ending| ending.to_str()) {
                Some("js") => "application/javascript; charset=utf-8",
                Some("map") => "application/json; charset=utf-8",
                _ => continue,
            };
            let content = fs::read(entry.path())?;
            files.insert(name, File { tag: tag(&content), content: content.into(), kind });
        }
        if files.is_empty() {
            let message = format!("{} holds no script", folder.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        Ok(Bundle { files, cors })
    }

    /// The file that a request is for; a request of the protocol is for none.
    fn find(&self, method: &Method, path: &str) -> Option<&File> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        self.files.get(path.rsplit('/').next()?)
    }
}

impl File {
    fn answer(&self, request: &Parts, cors: &Cors) -> Response<Body> {
        let known = request.headers.get_all(IF_NONE_MATCH).iter().any(|tags| names(tags, &self.tag));
        let mut response = Response::new(Body::from(Bytes::new()));
        let mut headers: HeaderMap = cors.headers(request);
        headers.insert(ETAG, self.tag.clone());
        // As Node: the browser asks each time, and mostly hears that nothing has changed.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else if request.method == Method::HEAD {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(self.content.len()));
        } else {
            *response.body_mut() = Body::from(self.content.clone());
        }
        *response.headers_mut() = headers;
        response
    }
}

/// An entity tag that changes with the content (RFC 9110, section 8.8.3).
fn tag(content: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    HeaderValue::try_from(format!("\"{:x}-{:x}\"", content.len(), hasher.finish())).expect("hexadecimal is a value")
}

/// Whether an If-None-Match names the tag. The comparison is the weak one (RFC 9110, section 13.1.2).
fn names(tags: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(tags), Ok(tag)) = (tags.to_str(), tag.to_str()) else { return false };
    tags.split(',').map(str::trim).any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == tag)
}
