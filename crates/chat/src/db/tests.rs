//! Promises of opening and migrating.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection;
use testkit::database::{Location, TempDatabase};

use super::open::require;
use super::*;
use crate::test_world::{World, on_both, options};
use crate::{Chat, Environment, Options};

type Columns = BTreeSet<(String, String)>;

async fn columns(database: &TempDatabase) -> Columns {
    let rows: Vec<(String, String)> = match database.location() {
        Location::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
            let sql = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'";
            sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
        }
        Location::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns \
                       WHERE table_schema = 'public'";
            sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
        }
    };
    rows.into_iter().collect()
}

#[tokio::test]
async fn both_databases_end_in_the_same_tables_and_columns() {
    let (sqlite, postgres) = (World::sqlite().await, World::postgres().await);
    let found = columns(&sqlite.database).await;
    assert!(found.len() > 40, "{found:?}");
    assert_eq!(found, columns(&postgres.database).await);
}

on_both! {
    async fn a_second_start_finds_what_the_first_one_left(world: World) {
        let ann = world.person("ann").await;
        ann.say(world.chat.general(), "hi").await;
        let (general, tables) = (world.chat.general(), columns(&world.database).await);
        let world = world.restarted().await;
        assert_eq!(world.chat.general(), general);
        assert_eq!(columns(&world.database).await, tables, "nothing is applied twice");
        let ann = world.person("bob").await.chat_as(&ann);
        assert_eq!(ann.contents(general).await, ["hi"]);
    }
}

on_both! {
    async fn a_database_of_a_newer_program_is_refused_with_a_sentence(world: World) {
        world.meddle("INSERT INTO migration (name, applied_at) VALUES ('9999_tomorrow', 1)").await;
        world.chat.close().await;
        let Err(refused) = Chat::open(options(&world.database), Environment::system()).await else {
            panic!("it was opened");
        };
        assert!(matches!(refused, OpenError::Newer { .. }), "{refused}");
        assert!(refused.to_string().contains("newer version"), "{refused}");
    }
}

#[tokio::test]
async fn two_servers_that_start_at_once_found_one_world() {
    let database = Arc::new(TempDatabase::postgres().await);
    let open = || Chat::open(options(&database), Environment::system());
    let (first, second) = tokio::join!(open(), open());
    let ((first, _one), (second, _two)) = (first.unwrap(), second.unwrap());
    assert_eq!(first.general(), second.general());
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_one_clear_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let options = Options::new(Database::Sqlite(file.join("data").join("hearth.db")));
    let Err(refused) = Chat::open(options, Environment::system()).await else { panic!("it was opened") };
    assert!(matches!(refused, OpenError::Folder { .. }), "{refused}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hearth.db");
    std::fs::write(&path, "a letter to a friend ".repeat(100)).unwrap();
    let Err(refused) = Chat::open(Options::new(Database::Sqlite(path)), Environment::system()).await else {
        panic!("it was opened");
    };
    assert!(refused.to_string().contains("not a database"), "{refused}");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_repeating_its_password() {
    let options = Options::new(Database::Postgres("postgres://ann:hunter2@:x/".to_owned()));
    assert!(!format!("{options:?}").contains("hunter2"));
    let Err(refused) = Chat::open(options, Environment::system()).await else { panic!("it was opened") };
    assert!(matches!(refused, OpenError::Address), "{refused}");
    assert!(!refused.to_string().contains("hunter2"));
}

#[tokio::test]
async fn sqlite_syncs_every_commit_and_writes_ahead() {
    let database = TempDatabase::sqlite();
    let Location::Sqlite(path) = database.location() else { unreachable!() };
    let database = Database::Sqlite(path.to_owned());
    let opening = Opening { statement: Duration::from_secs(2), now: crate::test_world::START, prepare: Prepare::Fully };
    let (db, ()) = Db::open(&database, opening, async |_| Ok(())).await.unwrap();
    let mut writer = db.writer().await.unwrap();
    for (pragma, wanted) in [("PRAGMA synchronous", "2"), ("PRAGMA journal_mode", "wal"), ("PRAGMA foreign_keys", "1")]
    {
        let conn = &mut writer.conn();
        let Conn::Sqlite(connection) = conn else { unreachable!() };
        let row = sqlx::query(pragma).fetch_one(&mut **connection).await.unwrap();
        let found = sqlx::Row::try_get_unchecked::<String, _>(&row, 0).unwrap();
        assert_eq!(found, wanted, "{pragma}");
    }
}

#[tokio::test]
async fn what_postgresql_is_told_by_default_does_not_weaken_a_commit() {
    let temporary = TempDatabase::postgres().await;
    let database = options(&temporary).database;
    execute(
        &temporary,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
    )
    .await;
    let opening = Opening { statement: Duration::from_secs(2), now: crate::test_world::START, prepare: Prepare::Fully };
    let (db, ()) = Db::open(&database, opening, async |_| Ok(())).await.unwrap();
    let mut writer = db.writer().await.unwrap();
    let Conn::Postgres(connection) = &mut writer.conn() else { unreachable!() };
    let (commit,): (String,) = sqlx::query_as("SHOW synchronous_commit").fetch_one(&mut **connection).await.unwrap();
    assert_eq!(commit, "on");
}

#[test]
fn a_setting_that_keeps_less_is_refused_with_a_sentence() {
    assert!(require("synchronous_commit", "ON", "on").is_ok());
    let refused = require("synchronous_commit", "off", "on").unwrap_err().to_string();
    let sentence = "the database does not keep what it acknowledges: synchronous_commit is \"off\", must be \"on\"";
    assert_eq!(refused, sentence);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_reads_the_database_whoever_may_enter_its_folder() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let database = Database::Sqlite(folder.path().join("hearth.db"));
    let (chat, _lanes) = Chat::open(Options::new(database), Environment::system()).await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has the mode {mode:o}", file.path().display());
        files += 1;
    }
    assert!(files > 0);
    drop(chat);
}

async fn both_kinds() -> [TempDatabase; 2] {
    [TempDatabase::sqlite(), TempDatabase::postgres().await]
}

#[tokio::test]
async fn one_server_at_a_time_holds_a_database() {
    for database in both_kinds().await {
        let database = options(&database).database;
        let first = database.lock().await.unwrap().expect("nobody has it");
        assert!(database.try_lock().await.unwrap().is_none(), "{database:?}: it is taken");
        drop(first);
        assert!(database.lock().await.unwrap().is_some(), "{database:?}: it was given back");
    }
}

#[tokio::test]
async fn a_lock_whose_session_is_lost_is_taken_again_and_only_another_server_ends_it() {
    let temporary = TempDatabase::postgres().await;
    let database = options(&temporary).database;
    let Location::Postgres(url) = temporary.location() else { unreachable!() };
    let mut operator = PgConnection::connect(url).await.unwrap();
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE application_name = 'hearth lock' AND datname = current_database()";
    let mut lock = database.lock().await.unwrap().expect("nobody has it");

    sqlx::query(kill).execute(&mut operator).await.unwrap();
    // It looks every five seconds; a look finds the session gone.
    let lost = tokio::time::timeout(Duration::from_secs(8), lock.lost()).await;
    assert!(lost.is_err(), "nobody else was there");
    assert!(database.try_lock().await.unwrap().is_none(), "it is held again");

    sqlx::query(kill).execute(&mut operator).await.unwrap();
    let other = database.lock().await.unwrap().expect("the other one is faster");
    tokio::time::timeout(Duration::from_secs(30), lock.lost()).await.expect("the other one has it");
    drop(other);
}

/// An id in a statement: SQLite keeps its bytes, PostgreSQL has a type for it.
fn id(database: &TempDatabase, number: u32) -> String {
    let hex = format!("{number:032x}");
    match database.location() {
        Location::Sqlite(_) => format!("X'{hex}'"),
        Location::Postgres(_) => format!("'{hex}'"),
    }
}

fn bytes(database: &TempDatabase, hex: &str) -> String {
    match database.location() {
        Location::Sqlite(_) => format!("X'{hex}'"),
        Location::Postgres(_) => format!("'\\x{hex}'"),
    }
}

/// What somebody had in the first version: two people, `General` and a conversation, messages, a tombstone, read marks.
fn data_of_the_first_version(database: &TempDatabase, password_hash: &str) -> String {
    let [general, direct, ann, bob, session, epoch] = [1, 2, 3, 4, 5, 6].map(|number| id(database, number));
    let token = bytes(database, &"ab".repeat(32));
    let is_direct = match database.location() {
        Location::Sqlite(_) => ["0", "1"],
        Location::Postgres(_) => ["FALSE", "TRUE"],
    };
    let [no, yes] = is_direct;
    format!(
        "INSERT INTO account (id, username, name_key, name_look, display_name, display_key, password_hash, created_at)
         VALUES ({ann}, 'Ann', 'ann', 'ann', 'Ann', 'ann', '{password_hash}', 10),
                ({bob}, 'bob', 'bob', 'bob', 'Bob B', 'bob b', '{password_hash}', 20);
         INSERT INTO channel (id, kind, direct, name, name_key, name_look, people_key, seq, rev, user_count, created_at)
         VALUES ({general}, 'public', {no}, 'General', 'general', 'general', NULL, 3, 4, 2, 1),
                ({direct}, 'private', {yes}, NULL, NULL, NULL, 'ann and bob', 1, 1, 2, 30);
         INSERT INTO server (id, epoch, general_id, owner_id, created_at) VALUES (1, {epoch}, {general}, {ann}, 1);
         INSERT INTO member (channel_id, user_id, role, read_seq, joined_at)
         VALUES ({general}, {ann}, 'owner', 3, 10), ({general}, {bob}, 'member', 1, 20),
                ({direct}, {ann}, 'member', 1, 30), ({direct}, {bob}, 'member', 0, 30);
         INSERT INTO message (channel_id, seq, rev, author_id, content, created_at, client_id, sent_rev, deleted_at)
         VALUES ({general}, 1, 1, {ann}, 'one', 40, 'c1', 1, NULL), ({general}, 2, 4, {bob}, '', 41, NULL, 2, 50),
                ({general}, 3, 3, {ann}, 'three', 42, NULL, 3, NULL), ({direct}, 1, 1, {ann}, 'hush', 43, NULL, 1, NULL);
         INSERT INTO session (id, user_id, token_hash, created_at, last_used_at, address, agent)
         VALUES ({session}, {ann}, {token}, 10, 10, '192.0.2.1', 'old');"
    )
}

async fn execute(database: &TempDatabase, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match database.location() {
        Location::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
            let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Location::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
    }
}

/// A database as the version with so many migrations left it, with somebody's data of the first one in it.
async fn of_version(database: &TempDatabase, steps: usize) {
    execute(database, "CREATE TABLE migration (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)").await;
    for (place, step) in migrate::MIGRATIONS.iter().take(steps).enumerate() {
        let sql = match database.location() {
            Location::Sqlite(_) => step.sqlite,
            Location::Postgres(_) => step.postgres,
        };
        execute(database, sql).await;
        execute(database, &format!("INSERT INTO migration (name, applied_at) VALUES ('{}', 1)", step.name)).await;
        if place == 0 {
            let cost = options(database).password_cost;
            let passwords = crate::account::Passwords::new(cost, 1).unwrap();
            let hash = passwords.hash("correct horse".to_owned(), [7; 16]).await.unwrap();
            execute(database, &data_of_the_first_version(database, &hash)).await;
        }
    }
}

#[tokio::test]
async fn a_database_with_data_of_every_earlier_version_comes_up_to_date_with_all_of_it() {
    for steps in 1..=migrate::MIGRATIONS.len() {
        for database in both_kinds().await {
            of_version(&database, steps).await;
            let world = World::on(Arc::new(database)).await;
            let fresh = match world.database.location() {
                Location::Sqlite(_) => World::sqlite().await,
                Location::Postgres(_) => World::postgres().await,
            };
            let what = format!("from {}", migrate::MIGRATIONS[steps - 1].name);
            assert_eq!(columns(&world.database).await, columns(&fresh.database).await, "{what}");

            let bob = world.log_in("bob").await;
            let general = bob.view(world.chat.general()).await;
            assert_eq!(
                (&general["seq"], &general["rev"], &general["unreadCount"]),
                (&3.into(), &4.into(), &2.into()),
                "{what}"
            );
            assert_eq!(bob.contents(world.chat.general()).await, ["one", "", "three"], "{what}");
            let ann = world.log_in("ann").await;
            ann.say(world.chat.general(), "four").await;
            let own = world.chat.own_user(ann.id()).await.unwrap().unwrap();
            assert_eq!(own.role, crate::account::ServerRole::Owner, "{what}");
            assert_eq!(world.chat.account("ANN").await.unwrap().unwrap().disabled_at, None, "{what}");
        }
    }
}

#[tokio::test]
async fn a_step_that_fails_leaves_the_database_as_it_was() {
    for database in both_kinds().await {
        of_version(&database, 1).await;
        // In the way of a table that a later step makes.
        execute(&database, "CREATE TABLE invite (id INTEGER)").await;
        let before = columns(&database).await;
        let Err(refused) = Chat::open(options(&database), Environment::system()).await else { panic!("it was opened") };
        assert!(refused.to_string().contains("invite"), "{refused}");
        assert_eq!(columns(&database).await, before, "nothing of the steps before it either");
    }
}

#[tokio::test]
async fn only_the_server_changes_a_database_of_an_older_version() {
    let open = async |database: &TempDatabase, prepare: Prepare| {
        let options = Options { prepare, ..options(database) };
        Chat::open(options, Environment::system()).await.err()
    };
    for database in both_kinds().await {
        let empty = open(&database, Prepare::Not).await.unwrap();
        assert!(matches!(empty, OpenError::Empty), "{empty}");
        of_version(&database, 1).await;
        let before = columns(&database).await;
        for prepare in [Prepare::Not, Prepare::IfEmpty] {
            let refused = open(&database, prepare).await.unwrap();
            assert!(matches!(refused, OpenError::Older), "{refused}");
        }
        assert_eq!(columns(&database).await, before);
        assert!(open(&database, Prepare::Fully).await.is_none());
        assert!(open(&database, Prepare::Not).await.is_none());
    }
    for database in both_kinds().await {
        assert!(open(&database, Prepare::IfEmpty).await.is_none());
    }
}

#[tokio::test]
async fn a_connection_that_must_be_encrypted_is() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).await.unwrap();
        // "SSLRequest" of PostgreSQL's protocol; `S`: go on.
        assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47]);
        stream.write_all(b"S").await.unwrap();
        stream.read_u8().await.unwrap()
    });
    let url = format!("postgres://ann:s3cret@{address}/db?sslmode=require");
    let Err(refused) = Chat::open(Options::new(Database::Postgres(url)), Environment::system()).await else {
        panic!("that was no server")
    };
    assert_eq!(server.await.unwrap(), 22, "a TLS handshake begins");
    assert!(!refused.to_string().contains("s3cret"), "{refused}");
}
