-- Times are milliseconds since 1970. A column called data, params, tags, inputs or
-- latest is packed, with a checksum at its end: see pack.go, points.go, latest.go.

-- One row. rev counts the transactions; the others are the rev at which that topic
-- last changed.
CREATE TABLE state (
	id      INTEGER PRIMARY KEY CHECK (id = 1),
	rev     INTEGER NOT NULL,
	runs    INTEGER NOT NULL,
	metrics INTEGER NOT NULL,
	models  INTEGER NOT NULL,
	created INTEGER NOT NULL
) STRICT;
INSERT INTO state VALUES (1, 1, 1, 1, 1, :now);

-- AUTOINCREMENT: an id is never given twice.
CREATE TABLE experiments (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	name    TEXT NOT NULL UNIQUE,
	deleted INTEGER NOT NULL DEFAULT 0,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	tags    BLOB NOT NULL
) STRICT;
INSERT INTO experiments (id, name, created, updated, tags) VALUES (0, 'Default', :now, :now, x'');

-- The names of metrics, so that packed values can say a number instead.
CREATE TABLE names (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

-- n numbers runs in the order of their making and is never given twice. exit,
-- diverged and parent are tags; job is one too, repeated here for its index.
CREATE TABLE runs (
	n          INTEGER PRIMARY KEY AUTOINCREMENT,
	id         TEXT NOT NULL UNIQUE,
	rev        INTEGER NOT NULL,
	experiment INTEGER NOT NULL REFERENCES experiments (id),
	deleted    INTEGER NOT NULL DEFAULT 0,
	status     TEXT NOT NULL,
	started    INTEGER NOT NULL,
	ended      INTEGER NOT NULL DEFAULT 0,
	name       TEXT NOT NULL,
	user       TEXT NOT NULL,
	job        TEXT NOT NULL,
	batches    INTEGER NOT NULL DEFAULT 0, -- rows in tail
	latest     BLOB NOT NULL,
	params     BLOB NOT NULL,
	tags       BLOB NOT NULL,
	inputs     BLOB NOT NULL
) STRICT;
CREATE INDEX runs_by_rev ON runs (rev);
CREATE INDEX runs_by_experiment ON runs (experiment, deleted);
CREATE INDEX runs_by_name ON runs (name);
CREATE INDEX runs_by_job ON runs (job) WHERE job <> '';

-- Runs that were removed for good, so that listings drop them.
CREATE TABLE purged (
	n   INTEGER PRIMARY KEY,
	rev INTEGER NOT NULL
) STRICT;
CREATE INDEX purged_by_rev ON purged (rev);

-- Batches that are not sealed yet, of all keys of a run; id is n << 24 | number.
CREATE TABLE tail (
	id       INTEGER PRIMARY KEY,
	points   INTEGER NOT NULL,
	min_step INTEGER NOT NULL,
	max_step INTEGER NOT NULL,
	min_time INTEGER NOT NULL,
	max_time INTEGER NOT NULL,
	data     BLOB NOT NULL
) STRICT;

-- Sealed points of one key. first is how many points of the key came before.
CREATE TABLE chunks (
	id       INTEGER PRIMARY KEY,
	run      INTEGER NOT NULL REFERENCES runs (n),
	key      INTEGER NOT NULL REFERENCES names (id),
	first    INTEGER NOT NULL,
	points   INTEGER NOT NULL,
	min_step INTEGER NOT NULL,
	max_step INTEGER NOT NULL,
	min_time INTEGER NOT NULL,
	max_time INTEGER NOT NULL,
	data     BLOB NOT NULL,
	UNIQUE (run, key, first)
) STRICT;

-- Files of runs; digest is the name of the blob under artifacts/.
CREATE TABLE artifacts (
	run    INTEGER NOT NULL REFERENCES runs (n),
	path   TEXT NOT NULL,
	digest TEXT NOT NULL,
	size   INTEGER NOT NULL,
	time   INTEGER NOT NULL,
	PRIMARY KEY (run, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifacts_by_digest ON artifacts (digest);

-- next is the number of the next version: one is never given twice.
CREATE TABLE models (
	name        TEXT PRIMARY KEY,
	description TEXT NOT NULL,
	created     INTEGER NOT NULL,
	updated     INTEGER NOT NULL,
	next        INTEGER NOT NULL,
	tags        BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
	model       TEXT NOT NULL REFERENCES models (name),
	version     INTEGER NOT NULL,
	run         TEXT NOT NULL,
	source      TEXT NOT NULL,
	description TEXT NOT NULL,
	created     INTEGER NOT NULL,
	tags        BLOB NOT NULL,
	PRIMARY KEY (model, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE aliases (
	model   TEXT NOT NULL,
	alias   TEXT NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (model, alias),
	FOREIGN KEY (model, version) REFERENCES versions (model, version)
) STRICT, WITHOUT ROWID;
