package main

import (
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// fill makes the wide runs in a peer's own SQLite file by cloning one that its own
// API made: through its API ten thousand of them would take twenty minutes. The
// rows differ in the run's id, its start and the metrics' values alone.
func fill(path, template string) error {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer c.Close()
	c.SetBlockOnBusy()
	script := "CREATE TEMP TABLE clone AS WITH RECURSIVE c(n) AS (VALUES(1) UNION ALL SELECT n+1 FROM c WHERE n < " +
		fmt.Sprint(wideRuns-1) + ") SELECT n, lower(printf('%032x', n)) AS id FROM c;\n"
	for _, table := range [...]string{"runs", "metrics", "latest_metrics", "tags"} {
		columns, err := columnsOf(c, table)
		if err != nil {
			return err
		}
		if len(columns) == 0 {
			return fmt.Errorf("%s has no table %s", path, table)
		}
		values := make([]string, len(columns))
		for i, name := range columns {
			values[i] = "t." + name
			switch {
			case name == "run_uuid":
				values[i] = "clone.id"
			case name == "row_num":
				values[i] = "clone.n" // FastTrackML numbers its runs
			case name == "start_time" || name == "end_time":
				values[i] = "t." + name + "+clone.n*1000"
			case name == "value" && table != "tags":
				values[i] = "((clone.n*7919+CAST(substr(t.key,2) AS INTEGER)*104729)%10007)/10007.0"
			}
		}
		script += fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM clone, %s t WHERE t.run_uuid = '%s';\n",
			table, strings.Join(columns, ","), strings.Join(values, ","), table, template)
	}
	if err := sqlitex.ExecuteScript(c, script, nil); err != nil {
		return fmt.Errorf("clone runs in %s: %w", path, err)
	}
	return nil
}

func columnsOf(c *sqlite.Conn, table string) (names []string, err error) {
	err = sqlitex.ExecuteTransient(c, "SELECT name FROM pragma_table_info(?)", &sqlitex.ExecOptions{
		Args: []any{table}, ResultFunc: func(s *sqlite.Stmt) error { names = append(names, s.ColumnText(0)); return nil },
	})
	return names, err
}
