// Package graphql reads the queries that MLflow's web UI sends and picks what they
// ask for out of values that a resolver gives. It is the part of GraphQL (spec of
// October 2021) that those queries need: one operation with variables, arguments,
// aliases, fragments and @skip and @include; no mutations, and no introspection but
// __typename.
//
// A schema is data: types by name, and what each field of a type is. What a query
// can cost is bounded when it is read: its length, its depth and its fields.
package graphql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Kind is what a field of a type holds.
type Kind uint8

// The kinds. A Long is an int64 that is written as text.
const (
	String Kind = iota
	Long
	Float
	Object
	Objects // a list
	Strings // a list
)

// Field is one field of a type. Of is the type of an Object or of Objects.
type Field struct {
	Kind Kind
	Of   string
	// Resolve gives the field's value; nil takes the parent's member of the field's
	// name in snake_case.
	Resolve func(ctx context.Context, parent map[string]any, args map[string]any) (any, error)
}

// Schema is types by name. The one called Query is where operations begin.
type Schema map[string]map[string]Field

// Result is an answer: data in the order asked for is not kept, as JSON has none.
type Result struct {
	Data   map[string]any `json:"data"`
	Errors []string       `json:"errors"`
}

// Execute answers a query. What is wrong with it is in the result. Values of objects
// are map[string]any, as encoding/json reads them, with json.Number for numbers.
func (s Schema) Execute(ctx context.Context, source, operation string, variables map[string]any) Result {
	doc, err := parse(source)
	if err != nil {
		return Result{Errors: []string{err.Error()}}
	}
	op, err := doc.operation(operation)
	if err != nil {
		return Result{Errors: []string{err.Error()}}
	}
	e := &execution{schema: s, doc: doc, vars: map[string]any{}}
	for name, v := range op.defaults {
		e.vars[name] = v
	}
	for name, v := range variables {
		e.vars[name] = v
	}
	if err := e.check("Query", op.fields, 0); err != nil {
		return Result{Errors: []string{err.Error()}}
	}
	out := e.object(ctx, "Query", map[string]any{}, op.fields)
	return Result{Data: out, Errors: e.errs}
}

// refusal is what is wrong with a query, in the words that its sender knows.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

const (
	maxDepth  = 20
	maxFields = 2000 // after fragments are put in their places
)

type execution struct {
	schema Schema
	doc    *document
	vars   map[string]any
	fields int
	errs   []string
}

// check walks a query before anything is resolved, so that a wrong one costs nothing.
func (e *execution) check(typeName string, fields []selection, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("the query is deeper than %d levels", maxDepth)
	}
	for _, f := range fields {
		if e.fields++; e.fields > maxFields {
			return fmt.Errorf("the query asks for more than %d fields", maxFields)
		}
		if f.name == "" {
			inside, err := e.inside(f)
			if err == nil {
				err = e.check(typeName, inside, depth+1)
			}
			if err != nil {
				return err
			}
			continue
		}
		if f.name == "__typename" {
			continue
		}
		known, ok := e.schema[typeName][f.name]
		switch {
		case !ok:
			return refuse("Cannot query field '%s' on type '%s'.", f.name, typeName)
		case known.Of == "" && len(f.fields) > 0:
			return refuse("Field '%s' must not have a selection since it has no subfields.", f.name)
		case known.Of != "" && len(f.fields) == 0:
			return refuse("Field '%s' of type '%s' must have a selection of subfields. Did you mean '%s { ... }'?", f.name, known.Of, f.name)
		}
		if known.Of != "" {
			if err := e.check(known.Of, f.fields, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// inside are the fields of a fragment.
func (e *execution) inside(f selection) ([]selection, error) {
	if f.fragment == "" {
		return f.fields, nil
	}
	fields, ok := e.doc.fragments[f.fragment]
	if !ok {
		return nil, refuse("Unknown fragment '%s'.", f.fragment)
	}
	return fields, nil
}

func (e *execution) object(ctx context.Context, typeName string, value map[string]any, fields []selection) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		if !e.included(f) {
			continue
		}
		if f.name == "" {
			inside, _ := e.inside(f) // it was checked
			for k, v := range e.object(ctx, typeName, value, inside) {
				out[k] = v
			}
			continue
		}
		if f.name == "__typename" {
			out[f.alias] = typeName
			continue
		}
		out[f.alias] = e.field(ctx, e.schema[typeName][f.name], value, f)
	}
	return out
}

// included asks the directives.
func (e *execution) included(f selection) bool {
	for _, d := range f.directives {
		yes, _ := e.value(d.args["if"]).(bool)
		if d.name == "skip" && yes || d.name == "include" && !yes {
			return false
		}
	}
	return true
}

func (e *execution) field(ctx context.Context, f Field, parent map[string]any, s selection) any {
	v := parent[snake(s.name)]
	if f.Resolve != nil {
		args := map[string]any{}
		for k, a := range s.args {
			args[k] = e.value(a)
		}
		var err error
		if v, err = f.Resolve(ctx, parent, args); err != nil {
			e.errs = append(e.errs, err.Error())
			return nil
		}
	}
	return e.shape(ctx, f, v, s)
}

// shape makes of a value what the field is. What is missing is empty, as the members
// of a protobuf message are.
func (e *execution) shape(ctx context.Context, f Field, v any, s selection) any {
	switch f.Kind {
	case Object:
		if m, ok := v.(map[string]any); ok {
			return e.object(ctx, f.Of, m, s.fields)
		}
		return nil
	case Objects:
		list, _ := v.([]any)
		out := make([]any, 0, len(list))
		for _, x := range list {
			m, _ := x.(map[string]any)
			out = append(out, e.object(ctx, f.Of, m, s.fields))
		}
		return out
	case Strings:
		list, _ := v.([]any)
		return append([]any{}, list...)
	case Float:
		if n, ok := v.(json.Number); ok {
			return n
		}
		return nil // GraphQL has no NaN
	case Long:
		if v == nil {
			return "0"
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// value puts variables into an argument.
func (e *execution) value(v any) any {
	switch v := v.(type) {
	case variable:
		return e.vars[string(v)]
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = e.value(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			out[k] = e.value(v[k])
		}
		return out
	}
	return v
}

// snake writes runUuid as run_uuid.
func snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Snake writes the names of an input's members as MLflow's other API has them.
func Snake(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			out[snake(k)] = Snake(v[k])
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = Snake(v[i])
		}
		return out
	}
	return v
}
