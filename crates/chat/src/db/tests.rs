//! Promises of opening and migrating.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection;
use testkit::database::{Location, TempDatabase};

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
    let opening = Opening { statement: Duration::from_secs(2), now: crate::test_world::START, may_migrate: true };
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
