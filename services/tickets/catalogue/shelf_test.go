package catalogue

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestATicketStaysOnItsShelf(t *testing.T) {
	for id, shelf := range map[string]string{"A": "shelf-11", "KZ3TUGQ5EMVWIAJX7YVBQ2N4PL": "shelf-20"} {
		assert.Equal(t, shelf, ShelfOf(id), "who moves it lists its ticket twice when its seller repeats the request")
	}
	shelves := Shelves()
	assert.Subset(t, shelves, []string{"all", "shelf-0", "shelf-31"}, "what was once listed there is still there")
	for range 1000 {
		assert.Contains(t, shelves, ShelfOf(rand.Text()), "what nobody reads is lost to the catalogue")
	}
}
