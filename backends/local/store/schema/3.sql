-- Logged models, and what MLflow keeps of registered models beyond schema 1.

-- description is NULL after an update without one. place is where the files of a
-- version lie when source does not say it; logged is the id of a logged model, or
-- empty. A version that is deleted has no row: models.next remembers its number.
CREATE TABLE versions3 (
	model       TEXT NOT NULL REFERENCES models (name),
	version     INTEGER NOT NULL,
	run         TEXT NOT NULL,
	source      TEXT NOT NULL,
	description TEXT,
	created     INTEGER NOT NULL,
	updated     INTEGER NOT NULL,
	stage       TEXT NOT NULL,
	link        TEXT NOT NULL,
	place       TEXT NOT NULL,
	logged      TEXT NOT NULL,
	tags        BLOB NOT NULL,
	PRIMARY KEY (model, version)
) STRICT, WITHOUT ROWID;
INSERT INTO versions3 SELECT model, version, run, source, description, created, created, 'None', '', '', '', tags FROM versions;
DROP TABLE versions;
ALTER TABLE versions3 RENAME TO versions;

-- status is MLflow's number: 1 pending, 2 ready, 3 failed, 0 none of them.
CREATE TABLE logged_models (
	n          INTEGER PRIMARY KEY AUTOINCREMENT,
	id         TEXT NOT NULL UNIQUE,
	experiment INTEGER NOT NULL REFERENCES experiments (id),
	run        TEXT NOT NULL,
	name       TEXT NOT NULL,
	type       TEXT NOT NULL,
	status     INTEGER NOT NULL,
	message    TEXT NOT NULL,
	deleted    INTEGER NOT NULL DEFAULT 0,
	created    INTEGER NOT NULL,
	updated    INTEGER NOT NULL,
	params     BLOB NOT NULL,
	tags       BLOB NOT NULL
) STRICT;
CREATE INDEX logged_models_by_experiment ON logged_models (experiment, deleted);

-- What runs measured of logged models. A value that is NULL is NaN.
CREATE TABLE logged_metrics (
	model   INTEGER NOT NULL REFERENCES logged_models (n),
	key     INTEGER NOT NULL REFERENCES names (id),
	time    INTEGER NOT NULL,
	step    INTEGER NOT NULL,
	run     INTEGER NOT NULL REFERENCES runs (n),
	value   REAL,
	dataset TEXT NOT NULL,
	digest  TEXT NOT NULL,
	PRIMARY KEY (model, key, time, step, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX logged_metrics_by_run ON logged_metrics (run);

-- Which logged models a run read (output 0) or made (1). The model need not be here.
CREATE TABLE run_models (
	run    INTEGER NOT NULL REFERENCES runs (n),
	output INTEGER NOT NULL,
	model  TEXT NOT NULL,
	step   INTEGER NOT NULL,
	place  INTEGER NOT NULL, -- in the order in which they came
	PRIMARY KEY (run, output, model)
) STRICT, WITHOUT ROWID;
