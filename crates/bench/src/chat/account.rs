//! People, signed up over HTTP as a browser would.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::place::Running;

/// How long a sign-up may take: a password is hashed.
const PATIENCE: Duration = Duration::from_secs(20);
const PASSWORD: &str = "a passphrase for the load";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// The cookie of the session, as it is sent.
    pub(super) cookie: String,
    /// The user's id.
    pub(super) id: String,
}

/// Makes so many accounts, and signs each of them in once more, as a second visit does.
pub(super) fn sign_up(running: &Running, count: usize) -> Result<Vec<Account>> {
    let person = |at: usize| {
        let body = serde_json::json!({ "username": format!("person-{at:04}"), "password": PASSWORD }).to_string();
        post(running, "signup", &body)?;
        post(running, "login", &body)
    };
    (0..count).map(person).collect()
}

fn post(running: &Running, route: &str, body: &str) -> Result<Account> {
    let address = running.server.address();
    let mut stream = TcpStream::connect(address).context("cannot connect")?;
    stream.set_read_timeout(Some(PATIENCE)).context("cannot set a timeout")?;
    let request = format!(
        "POST {}/{route} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        running.routes(),
        body.len()
    );
    stream.write_all(request.as_bytes()).context("cannot write")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("no answer")?;
    account(&answer).with_context(|| format!("{route} was answered: {answer}"))
}

fn account(answer: &str) -> Result<Account> {
    let (head, body) = answer.split_once("\r\n\r\n").context("this is no answer")?;
    ensure!(head.split(' ').nth(1) == Some("200"), "it was refused");
    let cookie = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next())?
    });
    let user: serde_json::Value = serde_json::from_str(body).context("no JSON")?;
    let id = user["id"].as_str().context("a user without an id")?.to_owned();
    Ok(Account { cookie: cookie.context("no cookie was set")?.to_owned(), id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_the_cookie_and_the_id() {
        let answer =
            "HTTP/1.1 200 OK\r\nSet-Cookie: sid=s%3Aab.c; Path=/; HttpOnly\r\n\r\n{\"id\":\"42\",\"username\":\"x\"}";
        let account = account(answer).unwrap();
        assert_eq!((account.cookie.as_str(), account.id.as_str()), ("sid=s%3Aab.c", "42"));
        assert!(super::account("HTTP/1.1 400 Bad Request\r\n\r\n{}").is_err());
    }
}
