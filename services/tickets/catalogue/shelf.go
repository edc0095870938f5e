package catalogue

import (
	"fmt"
	"hash/crc32"
)

// shelves is over how many owners the list of all tickets is spread: those who list at the same moment seldom meet at the
// same document. It may grow but never shrink, nor may shelf or ShelfOf give an old shelf another name: what is on a
// shelf that nobody reads is lost to the catalogue.
const shelves = 32

// unspread is the one owner of what was listed before there were shelves. Nothing is added to it any more.
const unspread = "all"

// ShelfOf is the owner of the list under which a ticket is listed.
func ShelfOf(ticketID string) string {
	return shelf(int(crc32.ChecksumIEEE([]byte(ticketID)) % shelves))
}

// Shelves are all owners under which a ticket can be listed.
func Shelves() []string {
	all := []string{unspread}
	for n := range shelves {
		all = append(all, shelf(n))
	}
	return all
}

func shelf(n int) string { return fmt.Sprintf("shelf-%d", n) }
