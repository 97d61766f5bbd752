-- Until when what somebody made, channels and memberships of others, is paid off by waiting.
ALTER TABLE account ADD COLUMN made_until INTEGER NOT NULL DEFAULT 0;
