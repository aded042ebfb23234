package track

import (
	"errors"
	"fmt"
	"strconv"

	"flightdeck/backends/local/store"
)

// memberCheck is what MLflow's handlers (mlflow/server/handlers.py) ask of one member
// as it was sent, by its own name.
type memberCheck struct {
	name   string
	checks []check
}

// check finds what is wrong with a value: errWrong leaves the words to the caller.
// Those of a type are left out when the message could be read whole.
type check struct {
	ofType   bool
	required bool
	find     func(v *node) error
}

var (
	errWrong = errors.New("invalid value")
	errLost  = errors.New("missing value")
)

// crash is where MLflow's handler fails over a request and answers 500 with a page of
// HTML, which its clients try again for minutes; here it is the request's fault.
func crash(v *node) error {
	return &apiError{badRequest, "the request has a value of type '" + v.pythonType() + "' where there can be none"}
}

// checkOf is the check that messages.go has a word for.
func checkOf(word string) check {
	typed := func(ok func(v *node) bool) check {
		return check{ofType: true, find: func(v *node) error {
			if ok(v) {
				return nil
			}
			return errWrong
		}}
	}
	switch word {
	case "required":
		return check{required: true, find: present}
	case "text":
		return typed(func(v *node) bool { return v.kind == isText })
	case "list":
		return typed(func(v *node) bool { return v.kind == isList })
	case "bool":
		return typed(func(v *node) bool { return v.kind == isTrue || v.kind == isFalse })
	case "texts":
		return check{ofType: true, find: allTexts}
	case "int":
		return check{ofType: true, find: intLike}
	case "double":
		return check{ofType: true, find: floatLike}
	}
	limit, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		panic("track: no check is called " + word) // it is one of messages
	}
	return check{find: func(v *node) error { return v.atMost(limit) }}
}

// presentIn asks for members of each element of a list.
func presentIn(list string, names ...string) check {
	return check{find: func(v *node) error {
		for i := range v.items {
			one := &v.items[i]
			if one.kind != isDict {
				return crash(one)
			}
			for _, name := range names {
				if m, _ := one.member(name); present(&m) != nil {
					return refuse("Missing value for required parameter '%s[%d].%s'.%s", list, i, name, seeDocs)
				}
			}
		}
		return nil
	}}
}

func present(v *node) error {
	if v.kind == isNull || v.kind == isText && v.text == "" {
		return errLost
	}
	return nil
}

func allTexts(v *node) error {
	if v.kind != isList {
		return crash(v)
	}
	for i := range v.items {
		if v.items[i].kind != isText {
			return errWrong
		}
	}
	return nil
}

// intLike is what Python's int takes.
func intLike(v *node) error {
	switch v.kind {
	case isNull, isList, isDict:
		return crash(v)
	case isText:
		if _, ok := pythonInt(v.text); !ok {
			return errWrong
		}
	case isFloat:
		if f, err := strconv.ParseFloat(v.text, 64); err != nil || f-f != 0 {
			if v.text == "NaN" {
				return errWrong
			}
			return crash(v)
		}
	}
	return nil
}

// floatLike is what Python's float takes.
func floatLike(v *node) error {
	switch v.kind {
	case isNull, isList, isDict:
		return crash(v)
	case isText:
		if _, ok := pythonFloat(v.text); !ok {
			return errWrong
		}
	}
	return nil
}

func (v *node) atMost(limit int64) error {
	if v.kind == isText {
		n, ok := pythonInt(v.text)
		if !ok {
			return crash(v)
		}
		v = &node{kind: isInt, text: n.String()}
	}
	if err := intLike(v); err != nil {
		return crash(v)
	}
	if f, err := strconv.ParseFloat(v.text, 64); err == nil && f >= float64(limit+1) {
		return errWrong
	}
	return nil
}

// check is the first mistake of a request that was read whole or, if not whole, to its
// first wrong member.
func (m *message) check(v *node, whole bool) error {
	for _, c := range m.checks {
		raw, sent := v.member(c.name)
		if c.name == "run_id" && raw.kind == isNull {
			if old, ok := v.member("run_uuid"); ok {
				raw = old
			}
		}
		for _, one := range c.checks {
			if !sent && !m.requires(c.name) || one.ofType && whole {
				continue
			}
			if v.kind != isDict {
				return crash(v)
			}
			switch err := one.find(&raw); {
			case err == nil:
			case errors.Is(err, errLost):
				return refuse("Missing value for required parameter '%s'.%s", c.name, seeDocs)
			case errors.Is(err, errWrong):
				return wrongValue(c.name, &raw)
			default:
				return err
			}
		}
	}
	return nil
}

func (m *message) requires(name string) bool {
	for _, c := range m.checks {
		if c.name == name {
			for _, one := range c.checks {
				if one.required {
					return true
				}
			}
		}
	}
	return false
}

func wrongValue(name string, v *node) error {
	return &apiError{store.InvalidParameter, fmt.Sprintf("Invalid value %s for parameter '%s' supplied:  Hint: Value was of type '%s'.%s", v.appendPython(nil), name, v.pythonType(), seeDocs)}
}
