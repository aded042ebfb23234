package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// near is the verbs that a word was probably meant to be: what it begins, or what
// one slip of the hand in four letters makes of it.
func near(root *cobra.Command, word string) (verbs []string) {
	most := max(1, len(word)/4)
	for _, v := range root.Commands() {
		name := v.Name()
		if !v.IsAvailableCommand() || len(word) < 2 || len(word) > len(name)+most {
			continue
		}
		if strings.HasPrefix(name, word) || slips(word, name) <= most {
			verbs = append(verbs, name)
		}
	}
	return verbs
}

// slips is how many letters must be changed, added, left out or swapped with the
// next to make b of a: the restricted Damerau–Levenshtein distance.
func slips(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			switch {
			case i == 0 || j == 0:
				rows[i][j] = i + j
				continue
			case a[i-1] == b[j-1]:
				rows[i][j] = rows[i-1][j-1]
			default:
				rows[i][j] = 1 + min(rows[i-1][j-1], rows[i-1][j], rows[i][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], 1+rows[i-2][j-2])
			}
		}
	}
	return rows[len(a)][len(b)]
}
