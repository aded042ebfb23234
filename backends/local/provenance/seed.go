package provenance

import "strings"

// seedOf finds the random seed in a command: --seed 7, --seed=7, seed=7 (Hydra),
// model.seed=7, and inside the one argument of sh -c.
func seedOf(command []string) string {
	var args []string
	for _, a := range command {
		args = append(args, strings.Fields(a)...)
	}
	for i, a := range args {
		name, value, joined := strings.Cut(a, "=")
		flag := strings.HasPrefix(name, "-")
		if !seedName(strings.TrimLeft(name, "-+")) {
			continue
		}
		if joined {
			return strings.Trim(value, quotes)
		}
		if flag && i+1 < len(args) && digits(strings.Trim(args[i+1], quotes)) {
			return strings.Trim(args[i+1], quotes)
		}
	}
	return ""
}

// quotes is what a shell's line may have around a number.
const quotes = `"';`

func seedName(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	name = name[strings.LastIndexByte(name, '.')+1:]
	return name == "seed" || name == "random_seed" || name == "rng_seed" || name == "random_state" || name == "manual_seed"
}

func digits(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && strings.Trim(s, "0123456789") == ""
}
