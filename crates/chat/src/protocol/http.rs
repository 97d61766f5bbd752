//! The routes over plain HTTP.

use serde::de::DeserializeOwned;
use ts_rs::TS;

use super::book::{Book, RouteEntry, taken};
use super::example::Example;
use crate::account::{ChangePassword, LogIn, OwnUser, SignUp};
use crate::server::Meta;
use crate::session::SessionList;

impl Book {
    fn route(&mut self, method: &'static str, path: &'static str, status: u16, says: &'static str) -> &mut RouteEntry {
        self.routes.push(RouteEntry { method, path, says, refusals: "", body: None, status, answer: None });
        self.routes.last_mut().expect("it was put there")
    }

    fn body<T: DeserializeOwned + TS + Example + 'static>(&mut self) -> Option<(String, String)> {
        Some((self.name::<T>(), taken::<T>()))
    }

    fn answer<T: TS + Example + 'static>(&mut self) -> Option<(String, String)> {
        Some((self.name::<T>(), T::example()))
    }
}

const SIGNED_OUT: &str = "401 without a living session.";

/// Notes every route.
pub(super) fn describe(book: &mut Book) {
    let (sign_up, log_in, password) = (book.body::<SignUp>(), book.body::<LogIn>(), book.body::<ChangePassword>());
    let (own, sessions, meta) = (book.answer::<OwnUser>(), book.answer::<SessionList>(), book.answer::<Meta>());

    let route = book.route("POST", "/api/signup", 200, "Make an account and sign in: the answer sets the cookie.");
    route.refusals = "400 for what is no name, no password, or a wrong invitation or setup code; 403 where nobody signs up; \
                      409 for a name that is taken or looks like one that is; 429 for too many from one address.";
    (route.body, route.answer) = (sign_up, own.clone());

    let route = book.route("POST", "/api/login", 200, "Sign in: the answer sets the cookie, whose value is the token.");
    route.refusals = "401 with `invalid credentials`, alike for a wrong name and a wrong password; 429 after too many \
                      failures, 503 while too many passwords are being verified.";
    (route.body, route.answer) = (log_in, own.clone());

    book.route("POST", "/api/logout", 204, "Sign out, with or without a session. Its sockets are cut at once.");

    let route = book.route("GET", "/api/self", 200, "Oneself.");
    (route.refusals, route.answer) = (SIGNED_OUT, own);

    let says = "Choose another password. Every other session of the account ends.";
    let route = book.route("POST", "/api/password", 204, says);
    route.refusals = "400 for a wrong or weak password; 401 without a living session; 429 after too many failures.";
    route.body = password;

    let route = book.route("GET", "/api/sessions", 200, "The devices on which one is signed in.");
    (route.refusals, route.answer) = (SIGNED_OUT, sessions);

    let route = book.route("DELETE", "/api/sessions", 204, "Sign every other device out.");
    route.refusals = SIGNED_OUT;

    let route = book.route("DELETE", "/api/sessions/{id}", 204, "Sign one device out; the own one too.");
    route.refusals = "401 without a living session; 404 for a session that is not one's own, or over.";

    let says = "What one may know before signing in. A client that sees another `webBuild` than its own reloads.";
    book.route("GET", "/api/meta", 200, says).answer = meta;

    book.route("GET", "/healthz", 200, "The process lives.");
    let says = "Commands can be carried out: the database is reached and the server is not on its way out.";
    book.route("GET", "/readyz", 200, says).refusals = "503 if not.";
}
