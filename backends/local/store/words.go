package store

import (
	"math/rand/v2"
	"strings"
)

const adjectives = `
agile amber ample apt arctic blithe bold brave breezy bright brisk bronze calm candid cheery civil clever coral
cosmic crisp daring deft dusky eager early earnest fair fleet fond frosty gentle glad golden grand hale hardy hasty
hazel honest humble ideal ivory jolly keen kind lively loyal lucid lunar mellow merry mild misty modest neat nimble
noble olive placid plucky polite prime proud quick quiet rapid ready regal rosy russet serene sharp shy silver sleek
smooth snug solar spry stark steady stout sunny supple swift tidy tranquil trim upbeat valiant velvet vivid warm wary
wild wise witty young zesty`

const animals = `
adder alpaca antelope auk avocet badger bat beaver bison bittern boar bobcat bream buzzard camel caribou carp cicada
civet cod condor coot crane cricket crow curlew dace deer dingo dolphin donkey dove dragonfly duck eagle egret eider
elk ermine falcon ferret finch fox gannet gecko gibbon goose grebe grouse gull hare hawk hedgehog heron hornet ibex
ibis jackal jackdaw jay kestrel kite kiwi koala lark lemur leopard linnet lion lizard llama lynx magpie mallard
marmot marten merlin mole moose moth newt ocelot okapi osprey otter owl panda panther pelican perch pigeon pike
pipit plover puffin quail rabbit raven robin salmon seal shrew siskin snipe sparrow squid stoat stork swan swift
tapir teal tern thrush tiger toad trout turtle viper vole walrus warbler weasel whale wolf wombat wren yak zebra`

// RandomName is a name for a run such as brisk-otter.
func RandomName() string {
	a, n := strings.Fields(adjectives), strings.Fields(animals)
	return a[rand.IntN(len(a))] + "-" + n[rand.IntN(len(n))]
}

// NameFrom is such a name from a digest: the same for the same.
func NameFrom(sum [32]byte) string {
	a, n := strings.Fields(adjectives), strings.Fields(animals)
	pick := func(of []string, at int) string { return of[(int(sum[at])<<8|int(sum[at+1]))%len(of)] }
	return pick(a, 16) + "-" + pick(n, 18)
}
