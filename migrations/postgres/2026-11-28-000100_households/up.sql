-- How the name sounds, by which households are listed; the job loop works it out where it is empty.
ALTER TABLE household ADD COLUMN name_sort text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX household_by_name ON household (archived, name_sort, id);
