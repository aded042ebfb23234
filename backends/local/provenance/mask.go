package provenance

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"flightdeck/backends"
)

// env records the environment, with what looks like a secret masked. Masked is a
// promise to whoever reads the record, so in doubt a value is masked: the run can
// still be made again where the variable is set.
func (c *capture) env(vars []string) {
	kept := map[string]string{}
	for _, v := range vars {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" || fleeting(name) {
			continue
		}
		switch {
		case secretName(name, value) || secretValue(value):
			value = backends.Masked
		case !utf8.ValidString(name + value): // it could not be written down as it is
			value = backends.Masked
		}
		kept[name] = value
	}
	if len(kept) > 0 {
		c.p.Env = kept
	}
}

// fleeting variables change with every shell and say nothing about a run.
func fleeting(name string) bool { return name == "_" || name == "SHLVL" || name == "OLDPWD" }

// command records the command, without arguments that are secrets themselves. Here
// only names that can mean nothing else count: an argument that is masked in doubt
// is a run that cannot be made again.
func (c *capture) command(args []string) {
	out := slices.Clone(args)
	for i, a := range args {
		flag, value, joined := strings.Cut(a, "=")
		switch {
		case joined && secretFlag(flag) && value != "":
			out[i] = flag + "=" + backends.Masked
		case i > 0 && strings.HasPrefix(args[i-1], "-") && !strings.HasPrefix(a, "-") && secretFlag(args[i-1]), secretValue(a):
			out[i] = backends.Masked
		default:
			out[i] = strings.ToValidUTF8(a, "\ufffd")
		}
		if out[i] != a {
			c.lack("argument %d of the command: it is a secret, or not text", i+1)
		}
	}
	c.p.Command = out
}

// secretFlag reports whether a flag of this name takes a secret. --pad-token and
// --max-tokens do not.
func secretFlag(flag string) bool {
	w := words(flag)
	if len(w) == 0 {
		return false
	}
	last, before := w[len(w)-1], ""
	if len(w) > 1 {
		before = w[len(w)-2]
	}
	switch last {
	case "password", "passwd", "passphrase", "secret", "credential", "credentials", "apikey":
		return true
	case "key":
		return before == "api" || before == "access" || before == "secret" || before == "private"
	case "token":
		switch before {
		case "", "api", "access", "auth", "bearer", "refresh", "session", "hf", "hub", "github", "gitlab", "wandb", "mlflow", "tracking":
			return true
		}
	}
	return false
}

// secretName reports whether a variable or a flag of this name holds a secret. The
// words decide, so that KEYBOARD, AUTHOR and TOKENIZERS_PARALLELISM stay readable.
func secretName(name, value string) bool {
	if value == "" || harmless(name) {
		return false
	}
	ws := words(name)
	if slices.ContainsFunc(ws, counts) && number(value) {
		return false // MAX_TOKENS=512
	}
	for i, w := range ws {
		switch w {
		case "token", "tokens", "secret", "secrets", "password", "passwords", "passwd", "passphrase", "passcode", "pass", "pw", "credential", "credentials", "creds",
			"cookie", "cookies", "auth", "authorization", "key", "keys", "session", "jwt", "bearer", "dsn", "pat", "otp":
			return !booleans(value)
		case "pwd":
			return i > 0 // MYSQL_PWD, not PWD
		}
		for _, part := range [...]string{"password", "passwd", "secret", "apikey", "privatekey", "accesskey", "secretkey", "authtoken", "accesstoken", "credential"} {
			if strings.Contains(w, part) {
				return true
			}
		}
	}
	return false
}

// harmless names of desktops and agents carry one of the words, and no secret.
func harmless(name string) bool {
	switch name {
	case "DESKTOP_SESSION", "SESSION_MANAGER", "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "GDMSESSION", "XAUTHORITY":
		return true
	}
	return strings.HasPrefix(name, "XDG_SESSION_")
}

func counts(w string) bool {
	switch w {
	case "max", "min", "num", "n", "count", "len", "length", "size", "limit", "batch", "per":
		return true
	}
	return false
}

func number(v string) bool { _, err := strconv.ParseFloat(v, 64); return err == nil && len(v) <= 8 }

func booleans(v string) bool {
	switch strings.ToLower(v) {
	case "true", "false", "yes", "no", "on", "off", "0", "1":
		return true
	}
	return false
}

// words splits a name at everything but letters, and where aB turns to aB.
func words(name string) []string {
	var out []string
	var cur strings.Builder
	flush := func() {
		if cur.Len() > 0 {
			out = append(out, strings.ToLower(cur.String()))
			cur.Reset()
		}
	}
	lower := false
	for _, r := range name {
		if !unicode.IsLetter(r) {
			flush()
			lower = false
			continue
		}
		if lower && unicode.IsUpper(r) {
			flush()
		}
		lower = unicode.IsLower(r)
		cur.WriteRune(r)
	}
	flush()
	return out
}

// secretShapes are values that are secrets whatever their names: the keys and
// tokens of well-known services by their published prefixes, private keys, JSON
// web tokens, addresses with a password in them, and settings within a setting.
var secretShapes = regexp.MustCompile(`(?:^|[^A-Za-z0-9])(?:` + strings.Join([]string{
	`(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}`,                   // AWS
	`gh[pousr]_[A-Za-z0-9]{16,}`, `github_pat_[A-Za-z0-9_]+`, // GitHub
	`gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{10,}`,             // GitLab
	`sk-[A-Za-z0-9_-]{16,}`, `[srp]k_(?:live|test)_[A-Za-z0-9]{10,}`, // OpenAI, Anthropic; Stripe
	`xox[a-z]-[A-Za-z0-9-]{8,}`,                      // Slack
	`hf_[A-Za-z0-9]{10,}`,                            // Hugging Face
	`AIza[A-Za-z0-9_-]{20,}`, `ya29\.[A-Za-z0-9_-]+`, // Google
	`npm_[A-Za-z0-9]{20,}`, `pypi-[A-Za-z0-9_-]{20,}`, `dckr_pat_[A-Za-z0-9_-]+`, `dop_v1_[a-f0-9]{20,}`,
	`SG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`,                   // SendGrid
	`eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?`, // JWT
}, "|") + `)` +
	`|-----BEGIN [A-Z0-9 ]*PRIVATE KEY` +
	`|(?i:\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{16,})` +
	`|(?i:(?:^|[?&;,\s"'])(?:password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|sig|signature)\s*=\s*[^\s&;,]+)`)

// userinfo is who an address logs in as.
var userinfo = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://([^/?#\s@]*(?:@[^/?#\s@]*)*)@`)

func secretValue(v string) bool {
	if secretShapes.MatchString(v) {
		return true
	}
	for _, m := range userinfo.FindAllStringSubmatch(v, -1) {
		if m[1] != "git" && m[1] != "" { // ssh://git@host is everybody's
			return true
		}
	}
	return false
}

// secretFile reports whether a file of this name is there to hold secrets.
func secretFile(name string) bool {
	b := strings.ToLower(path.Base(name))
	switch b {
	case ".env", ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc", ".htpasswd", ".git-credentials", ".dockercfg", "credentials", "credentials.json", "kubeconfig", "kaggle.json", "secrets.json", "secrets.yaml", "secrets.yml", "secrets.toml", "service-account.json":
		return true
	}
	for _, ext := range [...]string{".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk"} {
		if strings.HasSuffix(b, ext) {
			return true
		}
	}
	sample := strings.HasSuffix(b, ".example") || strings.HasSuffix(b, ".sample") || strings.HasSuffix(b, ".template")
	return strings.HasPrefix(b, ".env.") && !sample || strings.HasPrefix(b, "id_rsa") || strings.HasPrefix(b, "id_ed25519") || strings.HasPrefix(b, "id_ecdsa") || strings.HasPrefix(b, "id_dsa")
}

// Mask is an environment as it may be shown: what looks like a secret is
// backends.Masked. The map that is given stays as it is.
func Mask(env map[string]string) map[string]string {
	if env == nil {
		return nil
	}
	out := make(map[string]string, len(env))
	for name, value := range env {
		if secretName(name, value) || secretValue(value) {
			value = backends.Masked
		}
		out[name] = value
	}
	return out
}
