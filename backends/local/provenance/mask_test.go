package provenance

import (
	"fmt"
	"strings"
	"testing"

	"flightdeck/backends"
)

// glue keeps made-up secrets from looking like real ones to whoever scans sources.
func glue(parts ...string) string { return strings.Join(parts, "") }

func TestEnvironment(t *testing.T) {
	hex := strings.Repeat("0a1B", 10)
	for _, c := range []struct {
		name, value string
		masked      bool
	}{
		{"HOME", "/home/ada", false},
		{"PATH", "/usr/bin:/bin", false},
		{"PWD", "/home/ada/lab", false},
		{"LANG", "en_US.UTF-8", false},
		{"KEYBOARD", "de", false},
		{"MONKEY", "see", false},
		{"GIT_AUTHOR_NAME", "Ada", false},
		{"TOKENIZERS_PARALLELISM", "false", false},
		{"MAX_TOKENS", "512", false},
		{"USE_AUTH", "true", false},
		{"XDG_SESSION_ID", "3", false},
		{"SSH_AUTH_SOCK", "/tmp/agent.1", false},
		{"EMPTY_TOKEN", "", false},
		{"CUDA_VISIBLE_DEVICES", "0,1", false},
		{"PYTHONHASHSEED", "0", false},
		{"REPO", "ssh://git@example.org/lab.git", false},
		{"MLFLOW_TRACKING_URI", "http://127.0.0.1:4040", false},
		{"LS_COLORS", "di=01;34:ln=01;36:*.tar=01;31", false},
		{"TASK", "task-force-one-two-three-four", false},

		{"MLFLOW_TRACKING_TOKEN", "x", true},
		{"AWS_SECRET_ACCESS_KEY", "x", true},
		{"AWS_ACCESS_KEY_ID", "x", true},
		{"WANDB_API_KEY", hex, true},
		{"apiKey", hex, true},
		{"myApiKey", hex, true},
		{"DBPASSWORD", "x", true},
		{"MYSQL_PWD", "x", true},
		{"PGPASSWORD", "x", true},
		{"GOOGLE_APPLICATION_CREDENTIALS", "/home/ada/key.json", true},
		{"COOKIE", "a=b", true},
		{"SESSION", "abc", true},
		{"SECRET2", "x", true},
		{"TOKEN_COUNT_SERVICE", "abc", true},
		{"SENTRY_DSN", "https://abc@sentry.example.org/1", true},
		{"A", glue("AK", "IA", "IOSFODNN7EXAMPLE"), true},
		{"A", glue("gh", "p_", hex), true},
		{"A", glue("github", "_pat_", "11ABC_x"), true},
		{"A", glue("glp", "at-", "abcdefghijkl12"), true},
		{"A", glue("s", "k-", "proj-", hex), true},
		{"A", glue("s", "k_live_", hex), true},
		{"A", glue("xo", "xb-", "123456789-abc"), true},
		{"A", glue("h", "f_", hex), true},
		{"A", glue("ey", "JhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxIn0.", "abc"), true},
		{"A", glue("-----BEGIN OPENSSH ", "PRIVATE KEY-----\nabc"), true},
		{"A", "postgres://ada:hunter2@db/lab", true},
		{"A", "https://hunter2@example.org/x", true},
		{"A", "see https://ada:pa@ss@example.org", true},
		{"A", "Server=db;Password=hunter2;", true},
		{"A", "https://example.org/x?token=hunter2", true},
		{"A", "Authorization: Bearer abcdefghijklmnopqrstuvw", true},
		{"A", "not text \xff", true},
	} {
		var k capture
		k.env([]string{c.name + "=" + c.value})
		if got := k.p.Env[c.name]; (got == backends.Masked) != c.masked || !c.masked && got != c.value {
			t.Errorf("%s=%s is recorded as %q", c.name, c.value, got)
		}
	}
}

func TestEnvironmentLeavesOutWhatIsNoVariable(t *testing.T) {
	var c capture
	c.env([]string{"A=1", "A=2", "=C:=x", "nothing", "_=/bin/env", "SHLVL=3", "B=x=y"})
	if fmt.Sprint(c.p.Env) != "map[A:2 B:x=y]" {
		t.Errorf("%v", c.p.Env)
	}
}

func TestCommand(t *testing.T) {
	key := glue("s", "k-", strings.Repeat("0a1B", 10))
	for _, c := range []struct {
		in, want string
	}{
		{"python train.py --lr 0.1", "python train.py --lr 0.1"},
		{"train --pad-token [PAD] --max-tokens=512 --tokenizer bpe", "train --pad-token [PAD] --max-tokens=512 --tokenizer bpe"},
		{"train data.key=image sort_key=len --keys a", "train data.key=image sort_key=len --keys a"},
		{"train --token hush", "train --token ***"},
		{"train --hf_token=hush", "train --hf_token=***"},
		{"train db.password=hush", "train db.password=***"},
		{"train --password --verbose", "train --password --verbose"},
		{"train --api-key hush x", "train --api-key *** x"},
		{"train " + key, "train ***"},
		{"train --store s3://ada:hush@bucket", "train --store ***"},
	} {
		var k capture
		k.command(strings.Fields(c.in))
		if got := strings.Join(k.p.Command, " "); got != c.want {
			t.Errorf("%q is recorded as %q, want %q", c.in, got, c.want)
		}
		if (c.in != c.want) != (len(k.p.Lacks) == 1) {
			t.Errorf("%q: lacks %q", c.in, k.p.Lacks)
		}
	}
}

func TestSecretFiles(t *testing.T) {
	for name, want := range map[string]bool{
		".env": true, "deep/.env.local": true, ".env.example": false, "server.pem": true, "id_ed25519": true, "key.py": false, "environment.yml": false,
		"keys.md": false, ".netrc": true, "credentials.json": true, "credentials_test.py": false, "x.key": true,
	} {
		if got := secretFile(name); got != want {
			t.Errorf("secretFile(%q) = %v", name, got)
		}
	}
}

func TestEnviron(t *testing.T) {
	p := backends.Provenance{Env: map[string]string{"A": "1", "TOKEN": backends.Masked, "KEY": backends.Masked}}
	env, lacks := Environ(p, []string{"A=other", "TOKEN=hush", "B=2"})
	if fmt.Sprint(env) != "[A=1 TOKEN=hush]" || len(lacks) != 1 || !strings.Contains(lacks[0], "KEY") {
		t.Errorf("%q, lacking %q", env, lacks)
	}
}

func TestSeed(t *testing.T) {
	for in, want := range map[string]string{
		"train --seed 7":                       "7",
		"train --seed=8 --lr 1":                "8",
		"train -seed 9":                        "9",
		"train seed=10":                        "10",
		"train ++trainer.seed=11":              "11",
		"train --random-state -12":             "-12",
		`sh -c|python train.py --seed "13"; x`: `13`,
		"train --seed-file x":                  "",
		"train seed 7":                         "",
		"train --seed --lr 1":                  "",
		"train --seed":                         "",
		"":                                     "",
	} {
		args := strings.Split(in, "|")
		if len(args) == 1 {
			args = strings.Fields(in)
		}
		if got := seedOf(args); got != want {
			t.Errorf("%q has the seed %q, want %q", in, got, want)
		}
	}
}

// FuzzMask hides a token in an arbitrary value and looks for it in the record.
func FuzzMask(f *testing.F) {
	f.Add("A", "", "")
	f.Add("URL", "https://host/", "?x=1")
	f.Add("LIST", "a,b,", ";c")
	f.Add("LONG", strings.Repeat("x ", 100), "\n\x00\xff")
	f.Fuzz(func(t *testing.T, name, before, after string) {
		for _, secret := range []string{
			glue("AK", "IA", "IOSFODNN7EXAMPLE"), glue("gh", "p_", strings.Repeat("aB3", 12)), glue("s", "k-", strings.Repeat("aB3", 12)),
			glue("ey", "JhbGciOiJI.", "eyJzdWIi.", "abc"), "https://ada:hunter2hunter2@host/",
		} {
			// A secret stands alone, or beside what cannot be a part of it.
			value := before + " " + secret + " " + after
			var c capture
			c.env([]string{name + "=" + value})
			for n, v := range c.p.Env {
				if strings.Contains(v, secret) && !strings.Contains(n, secret) {
					t.Errorf("%q is in the record of %q as %q", secret, n, v)
				}
			}
			c.command([]string{"run", value})
			if strings.Contains(strings.Join(c.p.Command, " "), secret) {
				t.Errorf("%q is in the command %q", secret, c.p.Command)
			}
		}
	})
}

// FuzzSecretName holds the rule that a value is never written down under a name
// that says what it is.
func FuzzSecretName(f *testing.F) {
	f.Add("MY", "2")
	f.Add("", "")
	f.Add("aws-", "_X")
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, word := range []string{"PASSWORD", "SECRET", "API_KEY", "TOKEN", "CREDENTIALS"} {
			name := before + "_" + word + "_" + after
			if harmless(name) || strings.ContainsRune(name, '=') {
				continue
			}
			var c capture
			c.env([]string{name + "=hunter2hunter2"})
			if v, ok := c.p.Env[name]; !ok || v != backends.Masked {
				t.Errorf("%q is recorded as %q", name, v)
			}
		}
	})
}
