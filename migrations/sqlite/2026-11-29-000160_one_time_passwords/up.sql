-- Until when a password that somebody else chose opens the account; those that were given before have no end.
ALTER TABLE user_account ADD COLUMN password_expires_at INTEGER;
