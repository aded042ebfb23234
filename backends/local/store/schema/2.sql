-- What MLflow keeps of experiments and of files beyond schema 1.

-- location is where an experiment's runs keep their files, a URI; '' is here.
ALTER TABLE experiments ADD COLUMN location TEXT NOT NULL DEFAULT '';

-- Files that are no run's: those of logged models, of prompts, or whatever else a
-- client puts through the artifact proxy, under the path that it chose.
CREATE TABLE files (
	path   TEXT PRIMARY KEY,
	digest TEXT NOT NULL,
	size   INTEGER NOT NULL,
	time   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_digest ON files (digest);
