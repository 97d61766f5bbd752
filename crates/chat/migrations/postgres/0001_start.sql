-- The server itself: one row.
CREATE TABLE server (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    epoch      UUID NOT NULL,
    general_id UUID NOT NULL,
    owner_id   UUID,
    created_at BIGINT NOT NULL
);

-- People. name_key: how a name compares (NFKC, folded); name_look: what it looks like (skeleton of name_key).
CREATE TABLE account (
    id            UUID PRIMARY KEY,
    username      TEXT NOT NULL,
    name_key      TEXT COLLATE "C" NOT NULL UNIQUE,
    name_look     TEXT COLLATE "C" NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    display_key   TEXT COLLATE "C" NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX account_display_key ON account (display_key);

-- Signed-in devices. Only the SHA-256 of a token is kept.
CREATE TABLE session (
    id           UUID PRIMARY KEY,
    user_id      UUID NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    token_hash   BYTEA NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    address      TEXT NOT NULL,
    agent        TEXT NOT NULL
);
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_last_used ON session (last_used_at);

-- Channels and direct conversations. people_key: the sorted ids of a direct conversation's people.
-- seq counts messages, rev counts changes of messages; both without gaps.
CREATE TABLE channel (
    id              UUID PRIMARY KEY,
    kind            TEXT NOT NULL CHECK (kind IN ('public', 'private')),
    direct          BOOLEAN NOT NULL,
    name            TEXT,
    name_key        TEXT COLLATE "C",
    name_look       TEXT COLLATE "C",
    topic           TEXT,
    people_key      TEXT COLLATE "C" UNIQUE,
    seq             BIGINT NOT NULL DEFAULT 0,
    rev             BIGINT NOT NULL DEFAULT 0,
    user_count      BIGINT NOT NULL DEFAULT 0,
    created_at      BIGINT NOT NULL,
    last_message_at BIGINT,
    CHECK (direct = (name IS NULL)),
    CHECK (direct = (people_key IS NOT NULL))
);
-- A private channel's name says nothing to whoever is not in it: only public names are unique.
CREATE UNIQUE INDEX channel_public_look ON channel (name_look) WHERE kind = 'public';
CREATE INDEX channel_public_key ON channel (name_key) WHERE kind = 'public';

CREATE TABLE member (
    channel_id UUID NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    user_id    UUID NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    read_seq   BIGINT NOT NULL,
    joined_at  BIGINT NOT NULL,
    PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX member_user ON member (user_id, channel_id);

-- sent_rev and sent_hash: what the sender was answered, and what was first sent; they outlive edits.
CREATE TABLE message (
    channel_id UUID NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    seq        BIGINT NOT NULL,
    rev        BIGINT NOT NULL,
    author_id  UUID NOT NULL REFERENCES account (id),
    content    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    client_id  TEXT COLLATE "C",
    sent_rev   BIGINT NOT NULL,
    sent_hash  BYTEA,
    reply_to   BIGINT,
    edited_at  BIGINT,
    deleted_at BIGINT,
    PRIMARY KEY (channel_id, seq)
);
CREATE UNIQUE INDEX message_rev ON message (channel_id, rev);
CREATE UNIQUE INDEX message_client ON message (channel_id, author_id, client_id) WHERE client_id IS NOT NULL;
