package table

// Columns is all columns in their order, with those that are off at the end.
func (t *Table[T]) Columns() []ColumnInfo {
	var out []ColumnInfo
	for _, on := range []bool{true, false} {
		for _, c := range t.cols.cols {
			if c.hidden != on {
				out = append(out, ColumnInfo{ID: c.ID, Title: c.Title, Shown: on, Width: c.chosen})
			}
		}
	}
	return out
}

// SetColumns shows these columns in this order and no others.
func (t *Table[T]) SetColumns(ids []string) {
	t.cols.choose(ids)
	t.draw.stale()
}

// widestChoice bounds what may be chosen for a column.
const widestChoice = 200

// SetWidth chooses how many cells a column has; 0 lets it decide again.
func (t *Table[T]) SetWidth(id string, w int) {
	if c := t.cols.find(id); c != nil {
		c.chosen = min(max(w, 0), widestChoice)
		t.cols.changed()
		t.draw.forget()
	}
}

// Width is how many cells a column had in the last frame; 0 when it was not in it.
func (t *Table[T]) Width(id string) int {
	for _, p := range t.cols.places {
		if t.cols.cols[p.col].ID == id {
			return p.w
		}
	}
	return 0
}

// MoveColumn moves a column by so many places; false when it cannot.
func (t *Table[T]) MoveColumn(id string, by int) bool {
	t.draw.stale()
	return t.cols.move(id, by)
}

// Define replaces the column definitions, for rows whose columns depend on them.
// Columns that were there keep their place, width and whether they are on.
func (t *Table[T]) Define(cols []Column[T]) {
	t.cols.define(cols)
	t.draw.forget()
	if t.sortID != "" {
		t.Sort(t.sortID, t.desc)
	}
}

// Hidden is how many columns are on but had no room in the last frame.
func (t *Table[T]) Hidden() int { return t.cols.missed }
