package store

import (
	"sync"

	"zombiezen.com/go/sqlite"
)

// nameList is metric names by number; a number is never given to another name, so
// a list once taken stays right.
type nameList []string

func (l nameList) at(id int64) string {
	if id <= 0 || id >= int64(len(l)) {
		return ""
	}
	return l[id]
}

// names is what this process knows of the table of that name.
type names struct {
	mu     sync.Mutex
	list   nameList
	byName map[string]int64
}

// load reads the names that were added since the last time. c must not have added
// any in a transaction that may still be undone.
func (n *names) load(c *conn) (nameList, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := c.each("SELECT id, name FROM names WHERE id >= ? ORDER BY id", func(s *sqlite.Stmt) error {
		id, name := s.ColumnInt64(0), s.ColumnText(1)
		for int64(len(n.list)) <= id {
			n.list = append(n.list, "")
		}
		n.list[id] = name
		n.byName[name] = id
		return nil
	}, int64(len(n.list)))
	return n.list[:len(n.list):len(n.list)], err
}

// id is the name's number, given to it in t when it is new.
func (n *names) id(t *tx, name string) (int64, error) {
	n.mu.Lock()
	id, ok := n.byName[name]
	n.mu.Unlock()
	if ok {
		return id, nil
	}
	if id, err := t.int("SELECT id FROM names WHERE name = ?", name); err != nil || id > 0 {
		return id, err
	}
	err := t.exec("INSERT INTO names (name) VALUES (?)", name)
	return t.LastInsertRowID(), err
}
