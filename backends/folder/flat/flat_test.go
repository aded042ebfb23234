package flat

import (
	"errors"
	"strings"
	"testing"

	"flightdeck/backends"
)

func text(p []backends.Param) string {
	var b strings.Builder
	for _, v := range p {
		b.WriteString(v.Key + "=" + v.Value + "\n")
	}
	return b.String()
}

func TestYAML(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"only a comment", "# nothing\n", ""},
		{"a scalar is no configuration", "hello", ""},
		{"nested", "a: 1\nb:\n  c: x\n  d: {e: 2.50, f: []}\n", "a=1\nb.c=x\nb.d.e=2.50\nb.d.f=[]\n"},
		{"as written", "a: 1e-3\nb: 'on'\nc: True\nd: 0x10\ne:\nf: ~\ng: ''\nh: \"null\"", "a=1e-3\nb=on\nc=True\nd=0x10\ne=null\nf=null\ng=\nh=null\n"},
		{"lists", "a: [1, two, [3, 4]]\nb:\n- x: 1\n- y\n", "a=[1, two, [3, 4]]\nb.0.x=1\nb.1=y\n"},
		{"interpolations stay", "a: ${b}/${oc.env:HOME}\nb: '???'", "a=${b}/${oc.env:HOME}\nb=???\n"},
		{"the last of a key", "{a: 1, a.b: 3, a: {b: 2}}", "a=1\na.b=2\n"},
		{"an empty mapping", "a: {}", "a={}\n"},
		{"merge", "base: &b {x: 1, y: 2}\nc:\n  y: 3\n  <<: *b\n", "base.x=1\nbase.y=2\nc.x=1\nc.y=3\n"},
		{"json", `{"a": {"b": [1, null]}, "c": "d"}`, "a.b=[1, null]\nc=d\n"},
		{"keys that are no words", "1: a\n[2, 3]: b\n? {x: y}\n: c\n", "1=a\n[2, 3]=b\n?=c\n"},
		{
			"python tags are names", "act: !!python/name:torch.nn.modules.activation.ReLU ''\nt: !!python/tuple [1, 2]\n" +
				"o: !!python/object:m.C {x: 1}\ne: !!python/object/apply:os.system ['touch /tmp/x']\n",
			"act=torch.nn.modules.activation.ReLU\nt=[1, 2]\no.x=1\ne=[touch /tmp/x]\n",
		},
		{"a second document does not count", "a: 1\n---\nb: 2\n", "a=1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := YAML([]byte(c.in))
			if err != nil || text(got) != c.want {
				t.Errorf("got\n%serror %v, want\n%s", text(got), err, c.want)
			}
		})
	}
}

func TestYAMLHostile(t *testing.T) {
	bomb := "a: &a [x, {b: y}]\n"
	for i := range 20 {
		bomb += string(rune('b'+i)) + ": &" + string(rune('b'+i)) + " [" + strings.Repeat("*"+string(rune('a'+i))+", ", 9) + "]\n"
	}
	if _, err := YAML([]byte(bomb)); !errors.Is(err, ErrTooMuch) {
		t.Errorf("a bomb of aliases: %v", err)
	}
	got, err := YAML([]byte("a: &a {x: 1, self: *a}"))
	if err != nil || got[0].Value != "1" || len(got) > 2*maxDepth {
		t.Errorf("an anchor that holds itself: %d params, %v", len(got), err)
	}
	if _, err := YAML([]byte("a: [1, 2")); err == nil {
		t.Error("a list that is not closed is no error")
	}
}

func TestList(t *testing.T) {
	got, err := List([]byte("- lr=0.1\n- 'a=b c'\n- {x: y}\n"))
	if err != nil || strings.Join(got, "|") != "lr=0.1|a=b c" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := List([]byte("a: {b: [x, y]}"), "a", "b"); strings.Join(got, "|") != "x|y" || err != nil {
		t.Errorf("by path: %q, %v", got, err)
	}
	if got, err := List([]byte("a: b")); got != nil || err != nil {
		t.Errorf("a mapping: %q, %v", got, err)
	}
}

func FuzzYAML(f *testing.F) {
	for _, s := range []string{
		"a: 1\nb: {c: [1, 2], d: ~}\n", "a: &a {x: *a}", "- !!python/object/apply:os.system ['x']", "{\"a\":{\"b\":null}}",
		"? [a]\n: b\n<<: {c: d}\n", "a: !!python/name:x.y ''\n", "%YAML 1.1\n---\n...\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := YAML(data)
		if len(got) > MaxParams+1 {
			t.Errorf("%d params", len(got))
		}
		seen := map[string]bool{}
		for _, p := range got {
			if p.Key == "" || seen[p.Key] {
				t.Errorf("key %q is empty or stands twice (error %v)", p.Key, err)
			}
			seen[p.Key] = true
		}
		if _, err := List(data); err != nil && len(data) == 0 {
			t.Error(err)
		}
	})
}
