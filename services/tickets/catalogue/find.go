package catalogue

import (
	"cmp"
	"slices"
)

// find looks words up, the rarest first. One that is in no title is not known.
func (c *Catalogue) find(texts []string) (words []*word, known bool) {
	for _, text := range texts {
		w := c.words[text]
		if w == nil {
			return nil, false
		}
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b *word) int { return cmp.Compare(len(a.places), len(b.places)) })
	return words, true
}

// few is how many matches it pays to sort. With more, walking through all tickets in their order finds a page sooner.
const few = 2000

// candidates returns entries in the order sort, among them every match.
func (c *Catalogue) candidates(sort Sort, words []*word) []*entry {
	places, areFew := meet(words)
	if !areFew {
		return c.sorted[sort]
	}
	matches := make([]*entry, len(places))
	for i, place := range places {
		matches[i] = c.all[place]
	}
	slices.SortFunc(matches, sort.compare)
	return matches
}

// meet finds the places of all of words, if they are few.
func meet(words []*word) (places []uint32, areFew bool) {
	switch len(words) {
	case 0:
		return nil, false
	case 1:
		return words[0].places, len(words[0].places) <= few
	}
	others := make([][]uint32, len(words)-1)
	for i := range others {
		others[i] = words[i+1].places
	}
next:
	for _, place := range words[0].places {
		for i := range others {
			others[i] = from(others[i], place)
			if len(others[i]) == 0 {
				return places, true
			}
			if others[i][0] != place {
				continue next
			}
		}
		if len(places) == few {
			return nil, false
		}
		places = append(places, place)
	}
	return places, true
}

// from is the part of places that does not lie before place.
func from(places []uint32, place uint32) []uint32 {
	step := 1
	for step < len(places) && places[step] < place {
		step *= 2
	}
	at, _ := slices.BinarySearch(places[:min(step+1, len(places))], place)
	return places[at:]
}

func (e *entry) has(words []*word) bool {
	for _, w := range words {
		if !slices.Contains(e.words, w) {
			return false
		}
	}
	return true
}
