-- Accounts that may not sign in any more, and a count of the changes to who may that were made beside a running server:
-- it looks at the count, and cuts off whom they concern.
ALTER TABLE account ADD COLUMN disabled_at BIGINT;
ALTER TABLE server ADD COLUMN access_rev BIGINT NOT NULL DEFAULT 0;

-- Invitations to sign up. Only the SHA-256 of a code is kept.
CREATE TABLE invite (
    id         UUID PRIMARY KEY,
    code_hash  BYTEA NOT NULL UNIQUE,
    uses       BIGINT NOT NULL DEFAULT 0,
    max_uses   BIGINT NOT NULL CHECK (max_uses > 0),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
