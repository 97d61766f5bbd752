-- Accounts that may not sign in any more, and a count of the changes to who may that were made beside a running server:
-- it looks at the count, and cuts off whom they concern.
ALTER TABLE account ADD COLUMN disabled_at INTEGER;
ALTER TABLE server ADD COLUMN access_rev INTEGER NOT NULL DEFAULT 0;

-- Invitations to sign up. Only the SHA-256 of a code is kept.
CREATE TABLE invite (
    id         BLOB PRIMARY KEY,
    code_hash  BLOB NOT NULL UNIQUE,
    uses       INTEGER NOT NULL DEFAULT 0,
    max_uses   INTEGER NOT NULL CHECK (max_uses > 0),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
