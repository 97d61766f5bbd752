-- Until when what somebody made, channels and memberships of others, is paid off by waiting.
ALTER TABLE account ADD COLUMN made_until BIGINT NOT NULL DEFAULT 0;
