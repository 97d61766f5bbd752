-- The server itself: one row.
CREATE TABLE server (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    epoch      BLOB NOT NULL,
    general_id BLOB NOT NULL,
    owner_id   BLOB,
    created_at INTEGER NOT NULL
) STRICT;

-- People. name_key: how a name compares (NFKC, folded); name_look: what it looks like (skeleton of name_key).
CREATE TABLE account (
    id            BLOB PRIMARY KEY,
    username      TEXT NOT NULL,
    name_key      TEXT NOT NULL UNIQUE,
    name_look     TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    display_key   TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX account_display_key ON account (display_key);

-- Signed-in devices. Only the SHA-256 of a token is kept.
CREATE TABLE session (
    id           BLOB PRIMARY KEY,
    user_id      BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    token_hash   BLOB NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    address      TEXT NOT NULL,
    agent        TEXT NOT NULL
) STRICT;
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_last_used ON session (last_used_at);

-- Channels and direct conversations. people_key: the sorted ids of a direct conversation's people.
-- seq counts messages, rev counts changes of messages; both without gaps.
CREATE TABLE channel (
    id              BLOB PRIMARY KEY,
    kind            TEXT NOT NULL CHECK (kind IN ('public', 'private')),
    direct          INTEGER NOT NULL,
    name            TEXT,
    name_key        TEXT,
    name_look       TEXT,
    topic           TEXT,
    people_key      TEXT UNIQUE,
    seq             INTEGER NOT NULL DEFAULT 0,
    rev             INTEGER NOT NULL DEFAULT 0,
    user_count      INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    last_message_at INTEGER,
    CHECK (direct = (name IS NULL)),
    CHECK (direct = (people_key IS NOT NULL))
) STRICT;
-- A private channel's name says nothing to whoever is not in it: only public names are unique.
CREATE UNIQUE INDEX channel_public_look ON channel (name_look) WHERE kind = 'public';
CREATE INDEX channel_public_key ON channel (name_key) WHERE kind = 'public';

CREATE TABLE member (
    channel_id BLOB NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    user_id    BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    read_seq   INTEGER NOT NULL,
    joined_at  INTEGER NOT NULL,
    PRIMARY KEY (channel_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_user ON member (user_id, channel_id);

-- sent_rev and sent_hash: what the sender was answered, and what was first sent; they outlive edits.
CREATE TABLE message (
    channel_id BLOB NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    rev        INTEGER NOT NULL,
    author_id  BLOB NOT NULL REFERENCES account (id),
    content    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    client_id  TEXT,
    sent_rev   INTEGER NOT NULL,
    sent_hash  BLOB,
    reply_to   INTEGER,
    edited_at  INTEGER,
    deleted_at INTEGER,
    PRIMARY KEY (channel_id, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX message_rev ON message (channel_id, rev);
CREATE UNIQUE INDEX message_client ON message (channel_id, author_id, client_id) WHERE client_id IS NOT NULL;
