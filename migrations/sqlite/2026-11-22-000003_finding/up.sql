-- What names begin with, each text after a space, and the tokens by which staff are found. Empty until the server that knows them fills
-- them in: the job loop renews rows of an older search version.
ALTER TABLE customer ADD COLUMN beginnings TEXT NOT NULL DEFAULT '';
ALTER TABLE user_account ADD COLUMN tokens TEXT NOT NULL DEFAULT '';
ALTER TABLE user_account ADD COLUMN search_version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX user_account_search_version ON user_account (search_version);
